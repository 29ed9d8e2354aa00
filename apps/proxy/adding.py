"""What was done at a user's request, added to the answer that an upstream gives.

It follows the answer's words, in each of its choices; every other byte stays. An answer that calls
a tool is not the last one, and gets nothing.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from guided_profile.apps.assistants.conversation import words_after
from guided_profile.apps.proxy.json_text import Path, with_longer
from guided_profile.apps.proxy.request import words_of
from guided_profile.graph.records import MemoryAct

MOST_BYTES = 10_000_000
"""A longer answer that is no stream passes as it is."""
CALLS = ("tool_calls", "function_call")
"""Where a choice says that it calls tools."""


class Adds(Protocol):
    """Adds to one answer, of which pieces come."""

    @property
    def added(self) -> bool:
        """Whether what has been passed on says what was done."""

    def piece(self, data: bytes) -> bytes:
        """Return what is passed on once a piece has come."""

    def end(self) -> bytes:
        """Return what is passed on at the end."""


class AddsNothing:
    """Passes an answer on as it is."""

    added = False

    def piece(self, data: bytes) -> bytes:
        """Return the piece."""
        return data

    def end(self) -> bytes:
        """Return nothing."""
        return b""


class AddsToWhole:
    """Adds to an answer that comes as a whole."""

    def __init__(self, acts: Sequence[MemoryAct]) -> None:
        self._acts = acts
        self._body = bytearray()
        self._gave_up = self.added = False

    def piece(self, data: bytes) -> bytes:
        """Return nothing, unless the answer is too long to be held."""
        self._body += data
        self._gave_up = self._gave_up or len(self._body) > MOST_BYTES
        return self._taken() if self._gave_up else b""

    def end(self) -> bytes:
        """Return the answer."""
        body = self._taken()
        try:
            text = body.decode()
            longer = _longer(text, json.loads(text), self._acts)
        except (ValueError, RecursionError):
            return body  # broken, or in a form of its own
        self.added = longer != text
        return longer.encode()

    def _taken(self) -> bytes:
        body, self._body = bytes(self._body), bytearray()
        return body


def fixes_form(fields: Mapping[str, Any]) -> bool:
    """Whether a request wants an answer of a fixed form, to which nothing can be added."""
    text = fields.get("text")
    named = fields.get("response_format") or (
        text.get("format") if isinstance(text, dict) else None
    )
    return isinstance(named, dict) and named.get("type", "text") != "text"


def after_response(answer: Any, acts: Sequence[MemoryAct]) -> str:
    """Return what is added to the last words of a response; empty: it ends with something else."""
    last = (listed(answer, "output") or [{}])[-1]
    part = (listed(last, "content") or [{}])[-1]
    if last.get("type") != "message" or part.get("type") != "output_text":
        return ""
    return words_after(words_of(last.get("content")), acts)


def listed(value: Any, name: str) -> list[dict[str, Any]]:
    """Return the objects of a list in an object; empty: it has none of that name."""
    entries = value.get(name) if isinstance(value, dict) else None
    if not isinstance(entries, list):
        return []
    return [entry if isinstance(entry, dict) else {} for entry in entries]


def _longer(text: str, answer: Any, acts: Sequence[MemoryAct]) -> str:
    if words := after_response(answer, acts):
        return with_longer(text, ("output", -1, "content", -1, "text"), words)
    for place, choice in enumerate(listed(answer, "choices")):
        message = choice.get("message")
        if not isinstance(message, dict) or any(message.get(name) for name in CALLS):
            continue
        content = message.get("content")
        path: Path = ("choices", place, "message", "content")
        path = (*path, -1, "text") if isinstance(content, list) else path
        text = with_longer(text, path, words_after(words_of(content), acts))
    return text
