"""A chat endpoint that replies with two tokens, and reports others that were as likely."""

import json
from collections.abc import Callable
from math import log
from typing import Any

from loopback import Loopback, as_json

USAGE = {
    "prompt_tokens": 20,
    "completion_tokens": 2,
    "total_tokens": 22,
    "prompt_tokens_details": {"cached_tokens": 16},
}

Refusal = Callable[[dict[str, Any]], tuple[int, Any] | None]


class TokenEndpoint(Loopback):
    """A chat endpoint on loopback, which replies " A" and "!", streamed if that is asked for."""

    protocol = "HTTP/1.1"  # so that connections could be kept

    def __init__(self) -> None:
        self.logprobs = True
        """Whether it sends them to those who ask; else it ignores the wish."""
        self.top = {" A": 0.5, "A": 0.2, "b": 0.1, "B": 0.1, "AB": 0.05, "A.": 0.05}
        """What it reports of the likeliest tokens, in place of each."""
        self.empty = False
        self.finish_reason = "stop"
        self.refuse: Refusal = lambda asked: None
        self.asked: list[dict[str, Any]] = []
        super().__init__()

    def reply_to(self, asked: dict[str, Any]) -> tuple[int, bytes, str]:
        self.asked.append(asked)
        if refused := self.refuse(asked):
            status, reply = refused
            return (status, reply, "text/html") if isinstance(reply, bytes) else as_json(*refused)
        if asked.get("stream"):
            return 200, self.stream(asked), "text/event-stream"
        return as_json(200, self.whole(asked))

    def logprobs_of(self, asked: dict[str, Any], token: str, p: float) -> dict[str, Any] | None:
        if not self.logprobs or not asked.get("logprobs"):
            return None
        top = [{"token": t, "logprob": log(q)} for t, q in self.top.items()]
        return {"content": [{"token": token, "logprob": log(p), "top_logprobs": top}]}

    def tokens(self, asked: dict[str, Any]) -> list[tuple[str, float]]:
        return [] if self.empty else [(" A", 0.5), ("!", 0.125)][: asked["max_tokens"]]

    def whole(self, asked: dict[str, Any]) -> dict[str, Any]:
        tokens = self.tokens(asked)
        logprobs = [self.logprobs_of(asked, *token) for token in tokens]
        content = [shown["content"][0] for shown in logprobs if shown]
        choice = {
            "index": 0,
            "finish_reason": self.finish_reason,
            "message": {"role": "assistant", "content": "".join(token for token, _ in tokens)},
            "logprobs": {"content": content} if content else None,
        }
        return {"id": "1", "model": "m", "choices": [choice], "usage": USAGE}

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
