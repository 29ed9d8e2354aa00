"""A chat endpoint that replies with two tokens, and tells of others that were as likely."""

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import log
from typing import Any

USAGE = {
    "prompt_tokens": 20,
    "completion_tokens": 2,
    "total_tokens": 22,
    "prompt_tokens_details": {"cached_tokens": 16},
}

Refusal = Callable[[dict[str, Any]], tuple[int, Any] | None]


class TokenEndpoint:
    """A chat endpoint on loopback, which replies " A" and "!", streamed if that is asked for."""

    def __init__(self) -> None:
        self.logprobs = True
        """Whether it tells them to those who ask; else it ignores the wish."""
        self.top = {" A": 0.5, "A": 0.2, "b": 0.1, "B": 0.1, "AB": 0.05, "A.": 0.05}
        """What it tells of the likeliest tokens, in place of each."""
        self.empty = False
        self.finish_reason = "stop"
        self.refuse: Refusal = lambda asked: None
        self.asked: list[dict[str, Any]] = []
        self.connections = 0
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"  # so that connections could be kept

            def setup(self) -> None:
                endpoint.connections += 1
                super().setup()

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                endpoint.asked.append(asked)
                refused = endpoint.refuse(asked)
                if refused:
                    status, reply = refused
                    body = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
                    kind = "text/html" if isinstance(reply, bytes) else "application/json"
                elif asked.get("stream"):
                    status, body, kind = 200, endpoint.stream(asked), "text/event-stream"
                else:
                    status, body, kind = 200, endpoint.whole(asked), "application/json"
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def logprobs_of(self, asked: dict[str, Any], token: str, p: float) -> dict[str, Any] | None:
        if not self.logprobs or not asked.get("logprobs"):
            return None
        top = [{"token": t, "logprob": log(q)} for t, q in self.top.items()]
        return {"content": [{"token": token, "logprob": log(p), "top_logprobs": top}]}

    def tokens(self, asked: dict[str, Any]) -> list[tuple[str, float]]:
        return [] if self.empty else [(" A", 0.5), ("!", 0.125)][: asked["max_tokens"]]

    def whole(self, asked: dict[str, Any]) -> bytes:
        tokens = self.tokens(asked)
        logprobs = [self.logprobs_of(asked, *token) for token in tokens]
        content = [shown["content"][0] for shown in logprobs if shown]
        choice = {
            "index": 0,
            "finish_reason": self.finish_reason,
            "message": {"role": "assistant", "content": "".join(token for token, _ in tokens)},
            "logprobs": {"content": content} if content else None,
        }
        return json.dumps({"id": "1", "model": "m", "choices": [choice], "usage": USAGE}).encode()

    def stream(self, asked: dict[str, Any]) -> bytes:
        chunks: list[dict[str, Any]] = [
            {
                "index": 0,
                "delta": {"role": "assistant", "content": token},
                "logprobs": self.logprobs_of(asked, token, p),
            }
            for token, p in self.tokens(asked)
        ]
        chunks.append({"index": 0, "delta": {}, "finish_reason": self.finish_reason})
        events = [{"id": "1", "model": "m", "choices": [chunk]} for chunk in chunks]
        events.append({"id": "1", "model": "m", "choices": [], "usage": USAGE})  # type: ignore[dict-item]
        sent = [f"data: {json.dumps(event)}\n\n".encode() for event in events]
        return b"".join(sent) + b"data: [DONE]\n"

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()
