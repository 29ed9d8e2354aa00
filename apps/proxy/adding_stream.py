"""What was done at a user's request, as a piece of its own in a stream; the rest stays."""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from guided_profile.apps.assistants.conversation import words_after
from guided_profile.apps.proxy.adding import CALLS, after_response, listed
from guided_profile.apps.proxy.json_text import Path, with_longer, with_value
from guided_profile.apps.proxy.request import words_of
from guided_profile.graph.records import MemoryAct

_END = re.compile(rb"\r?\n\r?\n")
_DELTA, _DONE = "response.output_text.delta", "response.output_text.done"
_LAST_TEXT: dict[str, Path] = {
    _DONE: ("text",),
    "response.content_part.done": ("part", "text"),
    "response.output_item.done": ("item", "content", -1, "text"),
}
"""The events that close the words of a response, and where those stand in them."""
_OVER = ("response.completed", "response.incomplete")


class Event(NamedTuple):
    """One event of a stream."""

    raw: bytes
    text: str
    """Its data."""
    read: Any
    """What that says; None: it is no JSON."""

    @classmethod
    def of(cls, raw: bytes) -> "Event":
        """Read an event."""
        data = [line[5:].strip() for line in raw.splitlines() if line.startswith(b"data:")]
        text = b"\n".join(data).decode("utf-8", "replace")
        try:
            return cls(raw, text, json.loads(text))
        except (ValueError, RecursionError):
            return cls(raw, text, None)

    @property
    def type(self) -> str:
        """What a response calls it."""
        return str(self.read.get("type", "")) if isinstance(self.read, dict) else ""

    def with_data(self, text: str, name: str = "") -> bytes:
        """Return the event with other data, and under another name."""
        kept = [line for line in self.raw.splitlines() if line and not line.startswith(b"data:")]
        if name:
            kept = [b"event: " + name.encode()] if any(b"event:" in line for line in kept) else []
        return b"\n".join([*kept, b"data: " + text.encode(), b"", b""])


class AddsToStream:
    """Adds to an answer that comes as server-sent events."""

    def __init__(self, acts: Sequence[MemoryAct], *, responses: bool) -> None:
        self._events = _OfResponse(acts) if responses else _OfChoices(acts)
        self._left = b""

    @property
    def added(self) -> bool:
        """Whether what has been passed on says what was done."""
        return self._events.added

    def piece(self, data: bytes) -> bytes:
        """Return the events that have come whole."""
        data, at, out = self._left + data, 0, []
        for end in _END.finditer(data):
            out.append(self._events.passed(Event.of(data[at : end.end()])))
            at = end.end()
        self._left = data[at:]
        return b"".join(out)

    def end(self) -> bytes:
        """Return what is left."""
        rest = self._events.passed(Event.of(self._left)) if self._left.strip() else self._left
        return rest + self._events.end()


class _OfChoices:
    """Adds to the choices of a chat completion: before each one's end, or that of the stream."""

    def __init__(self, acts: Sequence[MemoryAct]) -> None:
        self._acts, self.added = acts, False
        self._open: dict[int, str] = {}
        """The choices that have not ended, each with some words of it."""
        self._like: dict[str, Any] = {}
        self._closed = set[int]()

    def passed(self, event: Event) -> bytes:
        if not isinstance(event.read, dict):
            return (self.end() if event.text == "[DONE]" else b"") + event.raw
        if event.read.get("error"):
            self._open.clear()
        self._like = {name: value for name, value in event.read.items() if name != "usage"}
        before, text = b"", event.text
        for place, choice in enumerate(listed(event.read, "choices")):
            delta = choice["delta"] if isinstance(choice.get("delta"), dict) else {}
            index = choice["index"] if isinstance(choice.get("index"), int) else 0
            said, ends = words_of(delta.get("content")), choice.get("finish_reason")
            if index in self._closed:
                continue
            if ends in CALLS or any(delta.get(name) for name in CALLS):
                self._closed.add(index)
                self._open.pop(index, None)
                continue
            self._open[index] = said if said.strip() else self._open.get(index, "")
            if ends and isinstance(delta.get("content"), str) and said:
                words = self._words(index)
                text = with_longer(text, ("choices", place, "delta", "content"), words)
            elif ends:
                before += self._piece(index)
        return before + (event.raw if text == event.text else event.with_data(text))

    def end(self) -> bytes:
        return b"".join(map(self._piece, [*self._open]))

    def _piece(self, index: int) -> bytes:
        delta = {"index": index, "delta": {"content": self._words(index)}, "finish_reason": None}
        return f"data: {json.dumps(self._like | {'choices': [delta]})}\n\n".encode()

    def _words(self, index: int) -> str:
        """Return what is added to a choice, which has its end with it."""
        self.added = True
        self._closed.add(index)
        return words_after(self._open.pop(index, ""), self._acts)


class _OfResponse:
    """Adds to the last words of a response; the closing events are held until it is over.

    They repeat the words, and so does the last event.
    """

    def __init__(self, acts: Sequence[MemoryAct]) -> None:
        self._acts, self.added = acts, False
        self._held: list[Event] = []

    def passed(self, event: Event) -> bytes:
        if event.type in _LAST_TEXT:
            self._held.append(event)
            return b""
        held, self._held = self._held, []
        if event.type in _OVER and any(earlier.type == _DONE for earlier in held):
            words = after_response(event.read.get("response"), self._acts)
            with suppress(ValueError):  # they do not stand where they should
                if words:
                    longer = _longer(held, event, words)
                    self.added = True
                    return longer
        return b"".join(part.raw for part in (*held, event))

    def end(self) -> bytes:
        return b"".join(event.raw for event in self._held)


def _longer(held: Sequence[Event], over: Event, words: str) -> bytes:
    done = next(event for event in held if event.type == _DONE)
    delta = {name: value for name, value in done.read.items() if name != "text"}
    delta |= {"type": _DELTA, "delta": words}
    out = [done.with_data(json.dumps(delta), _DELTA)]
    for event in (*held, over):
        path = _LAST_TEXT.get(event.type, ("response", "output", -1, "content", -1, "text"))
        text = with_longer(event.text, path, words)
        number = event.read.get("sequence_number")
        if isinstance(number, int):
            text = with_value(text, ("sequence_number",), number + 1)
        out.append(event.with_data(text))
    return b"".join(out)
