"""An OpenAI-compatible endpoint that keeps the bytes of what it is sent, and streams if asked."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


@dataclass
class Sent:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def last(self) -> str:
        """The user's last words as the model sees them."""
        said = [message for message in self.json["messages"] if message["role"] == "user"][-1][
            "content"
        ]
        return said if isinstance(said, str) else "".join(part.get("text", "") for part in said)


@dataclass
class Upstream:
    url: str = ""
    says: str = "Gladly: a walk by the sea."
    pause: float = 0.0
    """Seconds between the pieces of a stream."""
    pieces: int = 0
    """So many pieces a stream has at least."""
    reply: tuple[int, bytes, dict[str, str]] | None = None
    """Sent in place of an answer."""
    breaks: bool = False
    """Whether a stream ends without its end."""
    sent: list[Sent] = field(default_factory=list)
    gone: Event = field(default_factory=Event)
    """Set when whom it was streaming to had hung up."""


def _chunk(delta: dict[str, Any], end: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": end}
    event = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return f"data: {json.dumps(event | {'choices': [choice]})}\n\n".encode()


def streamed(upstream: Upstream) -> list[bytes]:
    words = [f"{word} " for word in upstream.says.split()]
    words += ["and so on "] * (upstream.pieces - len(words))
    pieces = [_chunk({"role": "assistant", "content": ""})]
    pieces += [_chunk({"content": word}) for word in words]
    return [*pieces, _chunk({}, "stop"), b"data: [DONE]\n\n"]


def streamed_response(upstream: Upstream) -> list[bytes]:
    """Return the events of a response, as OpenAI's own API sends them."""
    made = json.loads(answered(upstream, "/v1/responses"))
    (item,) = made["output"]
    (part,) = item["content"]
    place = {"item_id": item["id"], "output_index": 0, "content_index": 0}
    begun, empty = {**item, "status": "in_progress", "content": []}, {**part, "text": ""}
    events: list[tuple[str, dict[str, Any]]] = [
        ("created", {"response": {**made, "status": "in_progress", "output": []}}),
        ("output_item.added", {"output_index": 0, "item": begun}),
        ("content_part.added", {**place, "part": empty}),
        *(
            ("output_text.delta", {**place, "delta": word, "logprobs": []})
            for word in upstream.says.replace(" ", " |").split("|")
        ),
        ("output_text.done", {**place, "text": upstream.says, "logprobs": []}),
        ("content_part.done", {**place, "part": part}),
        ("output_item.done", {"output_index": 0, "item": item}),
        ("completed", {"response": made}),
    ]
    out = []
    for number, (name, more) in enumerate(events):
        data = {"type": f"response.{name}", "sequence_number": number, **more}
        out.append(f"event: response.{name}\ndata: {json.dumps(data)}\n\n".encode())
    return out


def answered(upstream: Upstream, path: str) -> bytes:
    if path.startswith("/v1/models"):
        model = {"id": "m", "object": "model", "created": 1, "owned_by": "me"}
        return json.dumps({"object": "list", "data": [model]}, indent=1).encode()
    if path.startswith("/v1/responses"):
        part = {"type": "output_text", "text": upstream.says, "annotations": []}
        said = {"type": "message", "id": "m1", "role": "assistant", "status": "completed"}
        output = [{**said, "content": [part]}]
        shown = {"tools": [], "tool_choice": "auto", "parallel_tool_calls": True, "model": "m"}
        made = {
            "id": f"resp_{len(upstream.sent)}",
            "object": "response",
            "created_at": 1,
            "status": "completed",
        }
        return json.dumps(made | shown | {"output": output}).encode()
    message = {"role": "assistant", "content": upstream.says}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    made = {"id": "c1", "object": "chat.completion", "created": 1, "model": "m"}
    return json.dumps(made | {"choices": [choice], "x_unknown": 1.50}).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    upstream: Upstream

    def do_GET(self) -> None:
        self.do_POST()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.upstream.sent.append(Sent(self.command, self.path, headers, body))
        if self.upstream.reply:
            self.whole(*self.upstream.reply)
        elif b'"stream": true' in body or b'"stream":true' in body:
            self.stream()
        else:
            said = answered(self.upstream, self.path)
            self.whole(200, said, {"Content-Type": "application/json"})

    def whole(self, status: int, said: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(said)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(said)

    def stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        of_response = self.path.startswith("/v1/responses")
        pieces = streamed_response(self.upstream) if of_response else streamed(self.upstream)
        try:
            for piece in pieces[:3] if self.upstream.breaks else pieces:
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                self.wfile.flush()
                time.sleep(self.upstream.pause)
            if not self.upstream.breaks:
                self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.upstream.gone.set()
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing."""


@contextmanager
def an_upstream() -> Iterator[Upstream]:
    upstream = Upstream()
    handler = type("Handling", (Handler,), {"upstream": upstream})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        upstream.url = f"http://127.0.0.1:{server.server_port}/v1"
        yield upstream
        server.shutdown()
