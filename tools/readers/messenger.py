"""Messenger's export in JSON: `message_1.json` of a chat, or an archive or folder with many.

Facebook writes each byte of UTF-8 as a character of its own (`Ã©` for `é`); the export of encrypted
chats has other names for the same fields, and does not.
"""

import re
from collections.abc import Sequence
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
from guided_profile.tools.readers.chats import Message, Messages, chat_entries
from guided_profile.tools.readers.json_files import whole
from guided_profile.tools.readers.times import since_1970


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    return chat_entries("messenger", lambda: each_file(files, _messages), reading)


def _messages(file: ExportFile) -> Messages:
    chat = whole(file)
    messages, title = chat.get("messages"), chat.get("title") or chat.get("threadName")
    if not isinstance(messages, list) or "participants" not in chat:
        return  # another file of the account's export
    name = _mended(title) if isinstance(title, str) and title else None
    for number, message in enumerate(messages, start=1):
        yield _message(message, name, Refused(number, unit="message", file=file.name))


def _message(message: Any, chat: str | None, where: Refused) -> Message | Refused | Skipped:
    if not isinstance(message, dict):
        return replace(where, reason="is not a JSON object")
    text = message.get("content", message.get("text"))
    if text is None:
        return Skipped()  # a picture, a call
    sender = message.get("sender_name", message.get("senderName"))
    if not isinstance(text, str) or not isinstance(sender, str):
        return replace(where, reason="content or sender_name: should be text")
    milliseconds = message.get("timestamp_ms", message.get("timestamp"))
    try:
        time = since_1970(float(milliseconds or "") / 1000)
    except (ValueError, TypeError):
        return replace(where, reason="time: is no count of milliseconds")
    return Message(where, (_mended(sender),), _mended(text), time, chat)


def _mended(text: str) -> str:
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


_FILE = re.compile(r"message_\d+\.json")
READER = Reader(
    format="messenger",
    read=_read,
    suffixes=(".json",),
    begins=re.compile(
        r'\A(?=.*?"participants")(?=.*?"sender_?name")', re.DOTALL | re.IGNORECASE
    ).search,
    marks=_FILE,
    holds=(_FILE, re.compile(r".*\.json")),
    streamed=False,
)
