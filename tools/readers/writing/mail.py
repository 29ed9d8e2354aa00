"""Mail: an mbox, single messages (eml, Apple's emlx), a folder of them or a Maildir.

Only what the user wrote is kept. The mail itself has to show whose it is.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from email import message_from_bytes
from email.message import Message
from email.utils import parsedate_to_datetime
from itertools import chain
from typing import Any

from guided_profile.graph.records import LONGEST_TEXT
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    Entries,
    Reader,
    Reading,
    Refused,
    Skipped,
    item,
    stable_id,
)
from guided_profile.tools.readers.writing.mail_owner import IsOwn, header, is_users
from guided_profile.tools.readers.writing.mail_text import (
    Endings,
    own_words,
    shown_text,
    without_ending,
)
from guided_profile.tools.readers.writing.mbox import is_mail, messages

_HEADERS_END = re.compile(rb"\n\r?\n")
_FIRST = 300
"""So many of the user's mails are looked at for what their mails end with."""

Own = tuple[Refused, dict[str, Any]]


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    """Read what the user wrote.

    Raises:
        HistoryItemError: The mail does not show whose it is.
    """
    entries = _own(files, is_users(_headers(files), reading.me), reading)
    first: list[Own | Refused | Skipped] = []
    texts: list[str] = []
    while len(texts) < _FIRST and (entry := next(entries, None)) is not None:
        first.append(entry)
        if isinstance(entry, tuple):
            texts.append(entry[1]["text"])
    endings = Endings(texts)
    for entry in chain(first, entries):
        if not isinstance(entry, tuple):
            yield entry
            continue
        where, fields = entry
        text = without_ending(fields["text"], endings)[:LONGEST_TEXT]
        yield item(fields | {"text": text}, where, reading) if text else Skipped()


def _headers(files: Sequence[ExportFile]) -> Iterator[tuple[Message, str]]:
    """Yield the headers of all mails, each with the name of its file."""
    for file in files:
        for _, raw in messages(file, headers_only=True):
            yield message_from_bytes(raw), file.path


def _own(
    files: Sequence[ExportFile], is_own: IsOwn, reading: Reading
) -> Iterator[Own | Refused | Skipped]:
    """Yield the user's mails with all that they wrote, and what is left out."""
    for file in files:
        for line, raw in messages(file):
            where = Refused(line, file=file.name)
            mail = message_from_bytes(raw)
            if not mail.keys():
                yield Refused(line, "has no headers of a mail", file=file.name)
            elif not _HEADERS_END.search(raw):
                yield Refused(line, "is cut short, and so is the file", file=file.name)
            elif reason := _left_out(mail, is_own):
                yield Skipped(reason)
            elif text := own_words(shown_text(mail), header(mail, "Subject")):
                yield where, _fields(mail, text, reading)
            else:
                yield Skipped("mails without words of the user's own")


def _left_out(mail: Message, is_own: IsOwn) -> str:
    if not is_own(mail):
        return "mails of others"
    if str(mail.get("Auto-Submitted", "no")).strip().lower() != "no":
        return "automatic replies"
    status = str(mail.get("X-Mozilla-Status", "0"))
    if re.fullmatch(r"[0-9a-fA-F]{1,4}", status) and int(status, 16) & 8:
        return "deleted mails"
    return ""


def _fields(mail: Message, text: str, reading: Reading) -> dict[str, Any]:
    fields = {
        "text": text,
        "time": _time(mail, reading),
        "category": header(mail, "Subject")[:200] or None,
        "kind": "said",
        "source": reading.source or "mail",
    }
    if id_ := str(mail.get("Message-ID", "")).strip():
        fields["id"] = stable_id("mail", id_)
    return fields


def _time(mail: Message, reading: Reading) -> datetime | None:
    try:
        time = parsedate_to_datetime(str(mail.get("Date", "")))
    except (ValueError, TypeError, IndexError):
        return None
    return time.replace(tzinfo=reading.zone) if time.tzinfo is None else time


READER = Reader(
    format="mail",
    title="Mail (mbox, eml)",
    obtain=(
        "Gmail: takeout.google.com, Mail. Thunderbird, Apple Mail: export the folder of what you "
        "sent as mbox. Others: save messages as eml files, in one folder."
    ),
    recognises=lambda head: is_mail(head.raw),
    read=_read,
    streamed=False,
)
