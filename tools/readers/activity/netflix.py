"""Netflix's viewing history: the full export with its profiles, or the short one of a profile."""

import re
from collections.abc import Sequence
from datetime import UTC

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    Entries,
    Reader,
    Reading,
    Refused,
    Skipped,
    each_file,
    same_name,
)
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.layouts import first_rows
from guided_profile.tools.readers.sums import Sums
from guided_profile.tools.readers.tables import Row, layout_of, need, order_of, rows
from guided_profile.tools.readers.times import is_time, read_time

_COLUMNS = {"Profile Name", "Start Time", "Title", "Supplemental Video Type"}
_DURATION = re.compile(r"(?:(\d+):)?(\d+):(\d+)")
_DIGIT = re.compile(r"\d")
SHORTEST = 60
"""The seconds from which on a view counts; what plays by itself while one browses is shorter."""


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    sums = Sums("watched", "watched")
    for file in files:
        columns = layout_of(file).columns
        is_full = set(columns) >= _COLUMNS
        if len(columns) < 2:
            need(columns, *_COLUMNS)
        me = _profile(file, reading) if is_full else None
        order = None if is_full else order_of([file], columns[1], reading)
        for row in each_file([file], rows):
            if isinstance(row, Refused):
                yield row
                continue
            where, cells = row
            left_out = _left_out(cells, me) if is_full else None
            if left_out:
                yield left_out
                continue
            title, time = list(cells.values())[:2]
            try:
                if is_full:
                    title, when = cells["Title"], read_time(cells["Start Time"], UTC)
                else:
                    when = read_time(time, reading.zone, order)
            except ValueError as error:
                yield _refused(row, error)
                continue
            sums.add(series(title), when, where, category="films and series")
    yield from sums.entries(reading)


def _refused(row: Row, error: ValueError) -> Refused:
    return Refused(row[0].line, f"time: {error}", file=row[0].file)


def _left_out(cells: dict[str, str], me: str | None) -> Skipped | None:
    if me is not None and not same_name(cells["Profile Name"], me):
        return Skipped("of other profiles")
    if cells["Supplemental Video Type"].strip():
        return Skipped("trailers and clips")
    duration = _DURATION.fullmatch(cells.get("Duration", ""))
    if duration:
        hours, minutes, seconds = (int(part or 0) for part in duration.groups())
        if hours * 3600 + minutes * 60 + seconds < SHORTEST:
            return Skipped("views of under a minute")
    return None


def _profile(file: ExportFile, reading: Reading) -> str | None:
    """Return whose views are the user's, if there are several profiles.

    Raises:
        HistoryItemError: There are, and `me` is none of them.
    """
    names = dict.fromkeys(
        row[1]["Profile Name"] for row in rows(file) if not isinstance(row, Refused)
    )
    if any(same_name(name, reading.me or "") for name in names):
        return reading.me
    if len(names) < 2 and not reading.me:
        return None
    known = ", ".join(repr(name[:60]) for name in list(names)[:12])
    raise HistoryItemError(f"say with --me which of the profiles is the user's: {known}.")


def series(title: str) -> str:
    """Return the name of the series that an episode is of, or a film's as it is.

    An episode is `Series: Season 2: Episode`, in any language; a film's name may have a colon.
    """
    parts = title.split(": ")
    if len(parts) < 3:
        return title
    numbered = [place for place, part in enumerate(parts[1:-1], start=1) if _DIGIT.search(part)]
    return ": ".join(parts[: numbered[0] if numbered else len(parts) - 2])


def _recognises(head: Head) -> bool:
    if set(head.columns) >= _COLUMNS:
        return True
    if len(head.columns) != 2:
        return False
    below = [row for row in first_rows(head.text)[1:] if len(row) == 2]
    episodes = any(row[0].count(": ") > 1 for row in below)
    is_named = "netflix" in head.name.lower()
    return bool(below) and all(is_time(row[1]) for row in below) and (episodes or is_named)


READER = Reader(
    format="netflix",
    title="Netflix viewing history",
    obtain="On netflix.com: Account, Get my information (all profiles), or of one profile: "
    "Viewing activity, Download all.",
    read=_read,
    recognises=_recognises,
)
