"""LinkedIn's data: the tables of what the user posted, wrote, and says of themselves.

Contacts, invitations, advertisements and what others wrote as recommendations are left out.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC
from typing import Any

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    Entries,
    Entry,
    Reader,
    Reading,
    Refused,
    Skipped,
    each_file,
    item,
    same_name,
)
from guided_profile.tools.readers.chat_messages import Message, Messages, chat_entries
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.social.linkedin_tables import SENTENCES, kind_of, sentence
from guided_profile.tools.readers.tables import rows
from guided_profile.tools.readers.times import read_time

_TIMES = ("Date", "Time", "Followed On", "Application Date")


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    kinds = {file: _kind_of(file) for file in files}
    chats = [file for file in files if kinds[file] == "messages"]
    me = "" if reading.me else _name(files, kinds)
    for row in each_file([file for file in files if file not in chats], rows):
        if isinstance(row, Refused):
            yield row
        else:
            yield _entry(kind_of({*row[1]}), row[1], row[0], reading)
    if not chats:
        return
    try:
        yield from chat_entries(
            "linkedin", lambda: each_file(chats, lambda file: _messages(file, me)), reading
        )
    except HistoryItemError as error:  # nobody is known to be the user
        if len(chats) == len(files):
            raise
        yield Refused(1, f"or what follows cannot be read ({error})", file=chats[0].name)


def _kind_of(file: ExportFile) -> str:
    for row in rows(file):
        if not isinstance(row, Refused):
            return kind_of({*row[1]})
    return ""


def _name(files: Sequence[ExportFile], kinds: Mapping[ExportFile, str]) -> str:
    """Return the user's name as their profile says it; else it is who wrote in most chats."""
    for file in files:
        if kinds[file] == "profile":
            for row in rows(file):
                if not isinstance(row, Refused):
                    return f"{row[1]['First Name'].strip()} {row[1]['Last Name'].strip()}".strip()
    chats: Counter[str] = Counter()
    for name, _ in {
        (row[1].get("FROM", ""), row[1].get("CONVERSATION ID", ""))
        for file in files
        if kinds[file] == "messages"
        for row in rows(file)
        if not isinstance(row, Refused)
    }:
        chats[name] += 1
    (first, often), (_, second) = [*chats.most_common(2), ("", 0), ("", 0)][:2]
    return first if often > max(2, 2 * second) else ""


def _entry(kind: str, cells: Mapping[str, str], where: Refused, reading: Reading) -> Entry:
    if kind in ("posts", "comments"):
        text = cells["ShareCommentary" if kind == "posts" else "Message"]
        # lines of a post are written with quotes around them
        text = text.replace('"\n"', "\n").strip()
        text = text[1:-1].strip() if text[:1] == text[-1:] == '"' else text
    elif kind == "profile":
        parts = (
            cells[name].strip() for name in ("Headline", "Summary", "Industry") if name in cells
        )
        text = "\n".join(filter(None, parts))
    elif kind in SENTENCES:
        text = sentence(kind, cells)
    else:
        return Skipped("reactions to others' posts" if kind == "reactions" else "without words")
    if not text:
        return Skipped("without words")
    said = kind in ("posts", "comments", "profile")
    fields: dict[str, Any] = {
        "text": text,
        "time": _time(cells),
        "source": reading.source or ("profile" if kind in ("languages",) else kind),
        "kind": "said" if said else "did",
    }
    return item(fields, where, reading)


def _time(cells: Mapping[str, str]) -> Any:
    text = next((cells[name].strip() for name in _TIMES if cells.get(name)), "")
    try:
        return read_time(text.removesuffix(" UTC"), UTC, "mdy") if text else None
    except ValueError:
        return None


def _messages(file: ExportFile, me: str) -> Messages:
    for row in rows(file):
        if isinstance(row, Refused):
            yield row
            continue
        where, cells = row
        if cells.get("IS MESSAGE DRAFT", "No") not in ("No", ""):
            yield Skipped("drafts")
            continue
        own = same_name(cells.get("FROM", ""), me) if me else None
        url = cells.get("SENDER PROFILE URL", "").strip()
        names = tuple(filter(None, (cells.get("FROM", "").strip(), url)))
        if not names:
            yield Skipped()
            continue
        subject = cells.get("CONVERSATION TITLE", "").strip() or None
        text = cells.get("CONTENT", "").strip()
        yield Message(where, names, text, _time({"Date": cells.get("DATE", "")}), subject, own=own)


def _recognises(head: Head) -> bool:
    return bool(kind_of(set(head.columns)))


READER = Reader(
    format="linkedin",
    title="LinkedIn data",
    obtain="On LinkedIn: Settings, Data privacy, Get a copy of your data; the zip as it is.",
    read=_read,
    recognises=_recognises,
)
