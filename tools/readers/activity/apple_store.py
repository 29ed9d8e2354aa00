"""Apple's "Data and Privacy": what was bought or got in its stores, and what is liked."""

from collections.abc import Sequence
from datetime import UTC

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    Entries,
    Reader,
    Reading,
    Refused,
    Skipped,
    each_file,
)
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.sums import Sums
from guided_profile.tools.readers.tables import Row, layout_of, need, rows
from guided_profile.tools.readers.times import read_time

_STORE = {"Item Purchased Date", "Item Description"}
_LIKES = {"Item Description", "Preference", "Created"}
_PREFERENCES = {"LOVE": "loves", "LIKE": "likes", "DISLIKE": "does not like"}


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    bought = Sums("purchases", "bought")
    got = Sums("downloads", "got for free")
    liked = {name: Sums("likes", verb) for name, verb in _PREFERENCES.items()}
    for file in files:
        columns = set(layout_of(file).columns)
        need(columns, *(_LIKES if columns >= _LIKES else _STORE))
        is_free = "Invoice Item Total" not in columns and "free" in file.name.lower()
        for row in each_file([file], rows):
            if isinstance(row, Refused):
                yield row
            elif columns >= _LIKES:
                preference = row[1]["Preference"].strip().upper()
                if preference in liked:
                    yield from _add(row, "Created", liked[preference])
                else:
                    yield Skipped("preferences of other kinds")
            else:
                yield from _add(row, "Item Purchased Date", got if is_free else bought)
    for sums in (bought, got, *liked.values()):
        yield from sums.entries(reading)


def _add(row: Row, time: str, sums: Sums) -> Entries:
    where, cells = row
    title = cells["Item Description"].strip()
    if not title:
        yield Skipped("entries without a name")
        return
    try:
        sums.add(title, read_time(cells[time], UTC, "mdy"), where)
    except ValueError as error:
        yield Refused(where.line, f"time: {error}", file=where.file)


def _recognises(head: Head) -> bool:
    columns = set(head.columns)
    return columns >= _STORE or columns >= _LIKES


READER = Reader(
    format="apple-store",
    title="Apple's stores",
    obtain="On privacy.apple.com: Request a copy of your data, Apple media services information.",
    read=_read,
    recognises=_recognises,
)
