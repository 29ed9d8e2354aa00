"""YouTube's tables from a Takeout: comments, messages in live chats, and subscriptions.

The names of their columns are in the account's language, so the columns are known by what is in
them. Playlists hold nothing but the ids of videos, and are left out.
"""

import csv
import json
import re
from collections.abc import Mapping, Sequence
from itertools import islice

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
)
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.json_lists import dicts_in
from guided_profile.tools.readers.tables import rows

_CHANNEL = re.compile(r"UC[\w-]{22}")
_CHANNEL_URL = re.compile(r"https?://(?:www\.)?youtube\.com/channel/UC[\w-]{22}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?")


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    yield from each_file(files, lambda file: _entries(file, reading))


def _entries(file: ExportFile, reading: Reading) -> Entries:
    for row in rows(file):
        yield row if isinstance(row, Refused) else _entry(*row, reading)


def _entry(where: Refused, cells: Mapping[str, str], reading: Reading) -> Entry:
    values = [value.strip() for value in cells.values()]
    if len(values) == 3 and _CHANNEL_URL.fullmatch(values[1]):
        source = reading.source or "subscriptions"
        text = f"subscribes to the channel {values[2]}"
        return item({"text": text, "source": source, "kind": "did"}, where, reading)
    time = next((value for value in values if _TIME.fullmatch(value)), None)
    text = next((words for value in reversed(values) if (words := _words(value))), "")
    if not text:
        return Skipped()
    fields = {"text": text, "time": time, "source": reading.source or "comments", "kind": "said"}
    return item(fields, where, reading)


def _words(cell: str) -> str:
    """Return what a cell with a comment says: it is JSON, or several pieces of it in a row."""
    if not cell.startswith("{"):
        return ""
    try:
        pieces = json.loads(f"[{cell}]")
    except ValueError:
        return ""
    segments = [
        segment for piece in dicts_in(pieces) for segment in piece.get("takeoutSegments", [piece])
    ]
    return "".join(str(segment.get("text") or "") for segment in dicts_in(segments)).strip()


def _recognises(head: Head) -> bool:
    if len(head.columns) < 3:
        return False
    for cells in islice(csv.reader(head.text.splitlines()), 1, 4):
        if len(cells) == 3 and _CHANNEL_URL.fullmatch(cells[1].strip()):
            return True
        if len(cells) > 5 and _CHANNEL.fullmatch(cells[1]) and any(map(_words, cells)):
            return True
    return False


READER = Reader(
    format="youtube",
    title="YouTube comments and subscriptions (Takeout)",
    obtain="On takeout.google.com: choose YouTube; the zip as it is.",
    read=_read,
    recognises=_recognises,
)
