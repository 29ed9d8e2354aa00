"""Facebook's and Instagram's exports in HTML: messages; for all else, the JSON is asked for.

Each entry is a block with a heading, its content, and its time in the account's language. Of the
pages of messages the headings are the senders; other pages hold entries that only their place in
the export keeps apart, and the same things are in the JSON.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import Entries, Reader, Reading, Refused, Skipped, each_file
from guided_profile.tools.readers.chat_messages import Message, Messages, chat_entries
from guided_profile.tools.readers.heads import Head, head_of
from guided_profile.tools.readers.notices import is_of_messenger
from guided_profile.tools.readers.pieces import between, first_between, plain
from guided_profile.tools.readers.times import read_time

_BLOCK = re.compile(r'<(?:div|section) class="[^"<>]*\b_a6-g\b[^"<>]*"[^<>]*>')
_SENDER = re.compile(r'<(?:div|h2) class="[^"<>]*\b_a6-h\b[^"<>]*"[^<>]*>')
_TIME = re.compile(r'<div class="[^"<>]*\b(?:_a6-o|_a72d)\b[^"<>]*">(?=[^<])')
_BODY = re.compile(r'<div class="[^"<>]*\b_a6-p\b[^"<>]*">')
_WORDS = re.compile("<div><div></div><div>")
"""The content of a message begins with an empty part; reactions and pictures come after it."""
_TITLE = re.compile("<title>")


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    def messages() -> Messages:
        return each_file(files, lambda file: _messages(file, reading))

    yield from chat_entries("messenger", messages, reading)


def _messages(file: ExportFile, reading: Reading) -> Messages:
    if _kind(head_of(file)) != "messages":
        raise HistoryItemError(
            f"{file.name or 'the file'!r} is a page of an export in HTML; export your information "
            "again with the format JSON."
        )
    page = file.read().decode("utf-8", errors="replace")
    chat = plain(first_between(page, _TITLE, "</title>") or "")
    begins = [found.start() for found in _BLOCK.finditer(page)]
    for number, (begin, end) in enumerate(zip(begins, [*begins[1:], len(page)], strict=False), 1):
        where = Refused(number, unit="message", file=file.name)
        yield _message(page[begin:end], chat or None, where, reading)


def _message(
    block: str, chat: str | None, where: Refused, reading: Reading
) -> Message | Refused | Skipped:
    sender = first_between(block, _SENDER, "</")
    stamp = first_between(block, _TIME, "</")
    words = first_between(first_between(block, _BODY, "_a6-o") or "", _WORDS, "</div>")
    if sender is None or stamp is None or words is None:
        return Skipped()  # who takes part, or a picture
    name, text = plain(sender), plain(words)
    if not text or is_of_messenger(text, name):
        return Skipped()
    return Message(where, (name,), text, _time(stamp, reading), chat)


def _time(text: str, reading: Reading) -> datetime | None:
    try:
        return read_time(plain(text), reading.zone, reading.dates)
    except ValueError:
        return None


def _kind(head: Head) -> str:
    if not _BLOCK.search(head.text):
        return ""
    bodies = between(head.text, _BODY, "_a6-o")
    spoken = any(_WORDS.search(body) for body in bodies)
    return "messages" if spoken and _SENDER.search(head.text) else "other"


READER = Reader(
    format="meta-pages",
    title="Facebook or Instagram messages in HTML",
    obtain="Better as JSON: in the Accounts Center, Your information, Export your information, "
    "format JSON.",
    read=_read,
    recognises=_kind,
    streamed=False,
)
