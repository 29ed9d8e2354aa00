"""What a request says, and how a block is put before its user's words: every other byte stays."""

import json
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage

from guided_profile.apps.proxy.json_text import past_space, place_of, read_array, read_object, value

_TEXT_PARTS = ("text", "input_text", "output_text")


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
            at = place_of(self.text, ("content",), at)[0]
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
        read, end = value(text, at)
        starts.append(at)
        messages.append(_message(read))
        return read, end

    def all_messages(text: str, at: int) -> tuple[Any, int]:
        starts.clear()  # of a name that stands there twice, the last one counts
        messages.clear()
        if text[at] == "[":
            return None, read_array(text, at, message)
        read, end = value(text, at)
        if isinstance(read, str) and name == "input":
            starts.append(at)
            messages.append(HumanMessage(read))
        return None, end

    try:
        text = body.decode()
        at = past_space(text, 0)
        if text[at] != "{":
            return None
        fields, _ = read_object(text, at, lambda key: all_messages if key == name else value)
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
    parts = [part for part in content if isinstance(part, dict) and part.get("type") in _TEXT_PARTS]
    return "\n".join(part["text"] for part in parts if isinstance(part.get("text"), str))


def digest_of(*texts: str) -> str:
    """Return a digest of texts."""
    digest = blake2b(digest_size=16)
    for text in texts:
        digest.update(text.encode("utf-8", "replace") + b"\0")
    return digest.hexdigest()
