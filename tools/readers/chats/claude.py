"""Claude.ai's export: `conversations.json` with `chat_messages`.

Projects and the account's file are left out; what Claude remembers is `memories`'s. A prompt may
have been edited: of messages that name what they follow, the branch that ends last is read.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    Entries,
    Entry,
    Reader,
    Reading,
    Refused,
    Skipped,
    conversation_place,
    each_file,
    item,
)
from guided_profile.tools.readers.heads import Head, head_of
from guided_profile.tools.readers.json_lists import dicts_in, object_of, objects, text_in

_ROOT = "00000000-0000-4000-8000-000000000000"
"""What the first message of a conversation follows."""


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    yield from each_file(files, lambda file: _entries(file, reading))


def _entries(file: ExportFile, reading: Reading) -> Entries:
    for found in _conversations(file):
        if isinstance(found, Refused):
            yield found
            continue
        where, conversation = found
        messages = conversation.get("chat_messages")
        if not isinstance(messages, list):
            yield replace(where, reason="is no conversation with messages")
            continue
        place = conversation_place(file.name, where.line)
        for number, message in enumerate(_branch(messages), start=1):
            yield _message(message, Refused(number, unit="message", file=place), reading)


def _conversations(file: ExportFile) -> Iterator[tuple[Refused, dict[str, Any]] | Refused]:
    if isinstance(head_of(file).json, dict):  # a conversation by itself, not in a list
        yield Refused(1, unit="item", file=file.name), object_of(file, "chat_messages")[0]
    else:
        yield from objects(file)


def _branch(messages: list[Any]) -> list[Any]:
    """Return the messages that were on the screen at last."""
    by_id = {
        message["uuid"]: message
        for message in dicts_in(messages)
        if isinstance(message.get("uuid"), str)
        and isinstance(message.get("parent_message_uuid"), str)
    }
    if not by_id or len(by_id) < len(messages):
        return messages
    way: dict[str, Any] = {}
    current = max(by_id, key=lambda id_: text_in(by_id[id_].get("created_at")))
    while current in by_id and current not in way:
        way[current] = by_id[current]
        current = by_id[current]["parent_message_uuid"]
    return messages if current != _ROOT and current not in way and by_id else [*way.values()][::-1]


def _message(message: Any, where: Refused, reading: Reading) -> Entry:
    if not isinstance(message, dict):
        return replace(where, reason="is not a JSON object")
    sender = message.get("sender")
    if sender not in ("human", "assistant"):
        return Skipped()
    text = _text(message)
    if not text:
        return Skipped()
    fields = {
        "text": text,
        "time": message.get("created_at"),
        "role": "user" if sender == "human" else "other",
        "source": reading.source or "claude",
    }
    if text_in(message.get("uuid")):
        fields["id"] = message["uuid"]
    return item(fields, where, reading)


def _text(message: Mapping[str, Any]) -> str:
    """Join the blocks of text; thoughts, tools and files have blocks of other types."""
    blocks = dicts_in(message.get("content"))
    spoken = [text_in(block.get("text")) for block in blocks if block.get("type") == "text"]
    return "\n".join(filter(None, spoken)) or ("" if blocks else text_in(message.get("text")))


def _recognises(head: Head) -> bool:
    return any(
        isinstance(conversation.get("chat_messages"), list)
        for conversation in dicts_in(head.json if isinstance(head.json, list) else [head.json])
    )


READER = Reader(
    format="claude",
    title="Claude.ai export",
    obtain="In Claude: Settings, Privacy, Export data; the zip that the mail links to, as it is.",
    read=_read,
    recognises=_recognises,
)
