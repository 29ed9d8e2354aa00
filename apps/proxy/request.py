"""What a request says, and how a block is put before its user's words: every other byte stays."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage

_SPACE = " \t\n\r"
_TEXT_PARTS = ("text", "input_text", "output_text")
_value = json.JSONDecoder().raw_decode
_Read = Callable[[str, int], tuple[Any, int]]


@dataclass(frozen=True, slots=True)
class Asked:
    """The body of a request for an answer."""

    text: str = field(repr=False)
    fields: dict[str, Any] = field(repr=False)
    """What it holds beside the messages."""
    messages: list[AnyMessage] = field(repr=False)
    """The conversation: what is neither the user's nor the assistant's is empty here."""
    starts: list[int] = field(repr=False)
    """Where each of them begins in the text; for words that stand alone, where they do."""
    text_part: str
    """What a part of a message is called that is text."""

    def with_words_before(self, place: int, block: str) -> bytes:
        """Return the body with a block before the words of a message; every other byte stays."""
        at = self.starts[place]
        if self.text[at] == "{":
            noted: dict[str, int] = {}

            def noting(text: str, at: int) -> tuple[Any, int]:
                noted["last"] = at
                return _value(text, at)

            def named(key: str) -> None:
                noted[key] = noted["last"]

            _object(self.text, at, lambda key: noting, named)
            at = noted["content"]
        words = json.dumps(block)
        if self.text[at] == "[":
            words = json.dumps({"type": self.text_part, "text": block}) + ", "
        else:
            words = words[1:-1]
        return (self.text[: at + 1] + words + self.text[at + 1 :]).encode()


def read_chat(body: bytes) -> Asked | None:
    """Read the body of `/v1/chat/completions`; None: it is none, which its endpoint will say."""
    return _read(body, "messages", "text")


def read_response(body: bytes) -> Asked | None:
    """Read the body of `/v1/responses`; None: it is none, which its endpoint will say."""
    return _read(body, "input", "input_text")


def _read(body: bytes, name: str, text_part: str) -> Asked | None:
    starts: list[int] = []
    messages: list[AnyMessage] = []

    def message(text: str, at: int) -> tuple[Any, int]:
        value, end = _value(text, at)
        starts.append(at)
        messages.append(_message(value))
        return value, end

    def all_messages(text: str, at: int) -> tuple[Any, int]:
        starts.clear()  # of a name that stands there twice, the last one counts
        messages.clear()
        if text[at] == "[":
            return None, _array(text, at, message)
        value, end = _value(text, at)
        if isinstance(value, str) and name == "input":
            starts.append(at)
            messages.append(HumanMessage(value))
        return None, end

    try:
        text = body.decode()
        at = _past_space(text, 0)
        if text[at] != "{":
            return None
        fields = _object(text, at, lambda key: all_messages if key == name else _value)
    except (ValueError, IndexError, RecursionError):
        return None
    return Asked(text, fields, messages, starts, text_part)


def _message(value: Any) -> AnyMessage:
    if not isinstance(value, dict) or value.get("type", "message") != "message":
        return SystemMessage("")
    words = words_of(value.get("content"))
    match value.get("role"):
        case "user":
            speaker = value.get("name")
            return HumanMessage(words, name=speaker if isinstance(speaker, str) else None)
        case "assistant":
            return AIMessage(words)
    return SystemMessage("")


def words_of(content: Any) -> str:
    """Return the text of a message's content, without its images and sounds."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = [one for one in content if isinstance(one, dict) and one.get("type") in _TEXT_PARTS]
    return "\n".join(one["text"] for one in parts if isinstance(one.get("text"), str))


def digest_of(*texts: str) -> str:
    """Return a digest of texts."""
    digest = blake2b(digest_size=16)
    for text in texts:
        digest.update(text.encode("utf-8", "replace") + b"\0")
    return digest.hexdigest()


def _object(
    text: str,
    at: int,
    reader: Callable[[str], _Read],
    told: Callable[[str], None] = lambda key: None,
) -> dict[str, Any]:
    """Read the object that begins somewhere, each value by what its key is given."""
    found: dict[str, Any] = {}
    at = _past_space(text, at + 1)
    while text[at] != "}":
        key, at = _value(text, at)
        at = _past_space(text, at)
        if not isinstance(key, str) or text[at] != ":":
            raise ValueError("no object")
        found[key], at = reader(key)(text, _past_space(text, at + 1))
        told(key)
        at = _past_comma(text, at, "}")
    return found


def _array(text: str, at: int, read: _Read) -> int:
    """Read the array that begins somewhere, each value by a function; return where it ends."""
    at = _past_space(text, at + 1)
    while text[at] != "]":
        _, at = read(text, at)
        at = _past_comma(text, at, "]")
    return at + 1


def _past_comma(text: str, at: int, end: str) -> int:
    at = _past_space(text, at)
    if text[at] not in ("," + end):
        raise ValueError("no comma")
    return _past_space(text, at + 1) if text[at] == "," else at


def _past_space(text: str, at: int) -> int:
    while text[at] in _SPACE:
        at += 1
    return at
