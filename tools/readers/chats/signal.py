"""Signal's messages, through its common exporters.

signal-export writes `chat.md` and `data.json` (an object on each line); sigtop writes text with a
field `From`, shorter text, and JSON as Signal Desktop keeps its messages. What the user wrote is
from `Me`, `You`, or `outgoing`.
"""

import re
from collections.abc import Mapping, Sequence
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
from guided_profile.tools.readers.chats.transcript import read_chats
from guided_profile.tools.readers.heads import Head, head_of
from guided_profile.tools.readers.json_lists import (
    dicts_in,
    line_objects,
    objects,
    text_in,
)
from guided_profile.tools.readers.times import read_time, since_1970

_MARKDOWN = re.compile(r"^\[\d{4}-\d\d-\d\d,? \d\d:\d\d(?::\d\d)?\] Me: ", re.MULTILINE)
_FIELDS = re.compile(
    r"^From: .+\r?\nType: (?:outgoing|incoming)\r?\n(?:Sent|Received): ", re.MULTILINE
)
_SHORT = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d You:(?: |$)", re.MULTILINE)
_DESKTOP = {"type", "sent_at", "conversationId"}
_LINE = {"date", "sender", "body", "reactions", "attachments"}


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    kinds: dict[str, list[ExportFile]] = {}
    for file in files:
        kinds.setdefault(_kind(head_of(file)), []).append(file)
    if texts := kinds.get("text"):
        yield from read_chats("signal", texts, reading)
    if data := [*kinds.get("desktop", []), *kinds.get("lines", [])]:

        def messages() -> Messages:
            return each_file(data, lambda file: _messages(file, reading))

        yield from chat_entries("signal", messages, reading)


def _messages(file: ExportFile, reading: Reading) -> Messages:
    if _kind(head_of(file)) == "desktop":
        for found in objects(file):
            yield found if isinstance(found, Refused) else _of_desktop(*found)
        return
    for found in line_objects(file):
        yield found if isinstance(found, Refused) else _of_line(*found, reading)


def _of_desktop(where: Refused, found: Mapping[str, Any]) -> Message | Refused | Skipped:
    kind = found.get("type")
    text = text_in(found.get("body"))
    if kind not in ("outgoing", "incoming") or found.get("deletedForEveryone") or not text:
        return Skipped()
    try:
        time = since_1970(float(found.get("sent_at") or found.get("timestamp") or 0) / 1000)
    except (ValueError, TypeError):
        return replace(where, reason="time: is no count of milliseconds")
    sender = text_in(found.get("source")) or text_in(found.get("sourceServiceId")) or "the other"
    own = kind == "outgoing"
    return Message(where, ("Me" if own else sender,), text, time, own=own)


def _of_line(
    where: Refused, found: Mapping[str, Any], reading: Reading
) -> Message | Refused | Skipped:
    sender, text = text_in(found.get("sender")), text_in(found.get("body"))
    if not text or not sender or found.get("deleted") or found.get("call"):
        return Skipped()
    try:
        time = read_time(text_in(found.get("date")), reading.zone)
    except ValueError:
        return replace(where, reason="time: is none that signal-export writes")
    return Message(where, (sender,), text, time, own=sender == "Me")


def _kind(head: Head) -> str:
    first = dicts_in(head.json[:5] if isinstance(head.json, list) else None)
    if any(message.keys() >= _DESKTOP for message in first):
        return "desktop"
    if any(message.keys() >= _LINE for message in head.records[:5]):
        return "lines"
    is_text = any(form.search(head.text) for form in (_MARKDOWN, _FIELDS, _SHORT))
    return "text" if is_text else ""


READER = Reader(
    format="signal",
    title="Signal, exported by signal-export or sigtop",
    obtain="Signal has no export of its own: run signal-export (`sigexport FOLDER`) or sigtop "
    "(`sigtop export-messages`) where Signal Desktop is installed.",
    read=_read,
    recognises=_kind,
)
