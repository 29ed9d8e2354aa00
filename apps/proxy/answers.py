"""What an answer said, read from the bytes that were passed on, once they all were."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from guided_profile.apps.proxy.adding import listed
from guided_profile.apps.proxy.request import words_of

MOST_BYTES = 200_000
"""How much of an answer is looked at: its beginning is enough to know it again."""


class Answer(NamedTuple):
    """An answer, as far as it can be read."""

    id: str = ""
    text: str = ""


def read_answer(body: bytes, kind: str) -> Answer:
    """Return what an answer said; empty where that cannot be read.

    Args:
        body: Its bytes, or the first of them.
        kind: Its content type.
    """
    if "event-stream" not in kind:
        try:
            return _whole(json.loads(body))
        except (ValueError, RecursionError):
            return Answer()
    id_, said = "", []
    for event in _events(body):
        whole = _whole(event.get("response") or event)
        id_ = id_ or whole.id
        delta = event.get("delta")
        if isinstance(delta, str) and str(event.get("type", "")).endswith("output_text.delta"):
            said.append(delta)
        for choice in listed(event, "choices"):
            if not choice.get("index"):
                delta = choice.get("delta")
                said.append(words_of(delta.get("content")) if isinstance(delta, dict) else "")
    return Answer(id_, "".join(said))


def _events(body: bytes) -> Iterator[dict[str, Any]]:
    for line in body.splitlines():
        if line.startswith(b"data:"):
            try:
                event = json.loads(line[5:])
            except (ValueError, RecursionError):
                continue  # its end, or where the bytes that are looked at end
            if isinstance(event, dict):
                yield event


def _whole(reply: Any) -> Answer:
    if not isinstance(reply, dict):
        return Answer()
    messages = [choice.get("message") for choice in listed(reply, "choices")[:1]]
    texts = [
        words_of(message.get("content"))
        for message in (*messages, *listed(reply, "output"))
        if isinstance(message, dict)
    ]
    id_ = reply.get("id")
    return Answer(id_ if isinstance(id_, str) else "", "\n".join(text for text in texts if text))
