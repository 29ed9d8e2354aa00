"""Messenger's export in JSON: `message_1.json` of a chat, or an archive or folder with many.

Facebook writes each byte of UTF-8 as a character of its own (`Ã©` for `é`); the export of encrypted
chats has other names for the same fields, and does not.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    Entries,
    Reader,
    Reading,
    Refused,
    Skipped,
    each_file,
)
from guided_profile.tools.readers.chat_messages import Message, Messages, chat_entries
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.json_lists import CUT, object_of
from guided_profile.tools.readers.notices import is_of_messenger, sent_by_many, template
from guided_profile.tools.readers.social.meta import mended, unmangled
from guided_profile.tools.readers.times import since_1970

_WRITTEN = ("generic", "share", "text", "link")
"""The types of messages that somebody wrote; others are calls, notices, placeholders."""


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    by_many = sent_by_many(_sent(files)) if len(files) > 2 else frozenset()
    own = None if reading.me else _own_name(files)

    def messages() -> Messages:
        for message in each_file(files, _messages):
            if not isinstance(message, Message):
                yield message
            elif template(message.text) in by_many:
                yield Skipped("notices of the app")
            else:
                yield replace(message, own=message.names[0] == own if own else None)

    return chat_entries("messenger", messages, reading)


def _sent(files: Sequence[ExportFile]) -> Iterator[tuple[str, str, str]]:
    for message in each_file(files, _messages):
        if isinstance(message, Message):
            yield message.where.file, message.names[0], message.text


def _own_name(files: Sequence[ExportFile]) -> str | None:
    """Return the name of the export's user; None: it does not say.

    They are in all of its chats; and a chat of two goes by the other one's name.
    """
    chats: set[frozenset[str]] = set()
    beside: set[str] = set()
    for found in each_file(files, _people):
        if isinstance(found, Refused):
            continue
        title, people = found
        chats.add(people)
        others = people - {title}
        beside |= others if len(people) == 2 and len(others) == 1 else set()
    common = frozenset.intersection(*chats) if len(chats) > 1 else frozenset()
    likely = common if len(common) == 1 else beside
    return next(iter(likely)) if len(likely) == 1 else None


def _people(file: ExportFile) -> Iterator[tuple[str, frozenset[str]]]:
    chat = object_of(file, "messages")[0]
    named = chat.get("participants")
    people = [
        mended(person.get("name") if isinstance(person, dict) else person)
        for person in (named if isinstance(named, list) else [])
    ]
    if people:
        yield mended(chat.get("title") or chat.get("threadName")), frozenset(people)


def _messages(file: ExportFile) -> Messages:
    chat, is_cut = object_of(file, "messages")
    messages, title = chat.get("messages"), chat.get("title") or chat.get("threadName")
    if not isinstance(messages, list) or "participants" not in chat:
        if is_cut:
            yield Refused(1, CUT, "message", file.name)
        return  # or another file of the account's export
    name = mended(title) if isinstance(title, str) and title else None
    for number, message in enumerate(messages, start=1):
        yield _message(message, name, Refused(number, unit="message", file=file.name))
    if is_cut:
        yield Refused(len(messages), CUT, "message", file.name)


def _message(message: Any, chat: str | None, where: Refused) -> Message | Refused | Skipped:
    if not isinstance(message, dict):
        return replace(where, reason="is not a JSON object")
    text = message.get("content", message.get("text"))
    if text is None or _is_by_the_app(message):
        return Skipped()
    sender = message.get("sender_name", message.get("senderName"))
    if not isinstance(text, str) or not isinstance(sender, str):
        return replace(where, reason="content or sender_name: should be text")
    milliseconds = message.get("timestamp_ms", message.get("timestamp"))
    try:
        time = since_1970(float(milliseconds or "") / 1000)
    except (ValueError, TypeError):
        return replace(where, reason="time: is no count of milliseconds")
    name, words = unmangled(sender), unmangled(text)
    if is_of_messenger(words, name):
        return Skipped()
    return Message(where, (name,), words, time, chat)


def _is_by_the_app(message: Mapping[str, Any]) -> bool:
    """Whether a message is a call or a notice, by its fields, or was taken back."""
    kind = message.get("type")
    return (
        message.get("is_unsent", message.get("isUnsent")) is True
        or not message.keys().isdisjoint(("call_duration", "missed"))
        or (isinstance(kind, str) and kind.casefold() not in _WRITTEN)
    )


def _recognises(head: Head) -> bool:
    chat = head.json if isinstance(head.json, dict) else {}
    messages = chat.get("messages")
    first = next(iter(messages), None) if isinstance(messages, list) else None
    return "participants" in chat and (
        first is None or (isinstance(first, dict) and not _SENDERS.isdisjoint(first))
    )


_SENDERS = frozenset(("sender_name", "senderName"))
_FILE = re.compile(r"message_\d+\.json")
READER = Reader(
    format="messenger",
    title="Messenger or Instagram messages",
    obtain="In Facebook's Accounts Centre: Your information and permissions, Export your "
    "information; messages, as JSON.",
    read=_read,
    recognises=_recognises,
    marks=re.compile(rf"(?:[^/]+/){{0,2}}{_FILE.pattern}"),
    holds=(_FILE, re.compile(r".*\.json")),
    streamed=False,
)
