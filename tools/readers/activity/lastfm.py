"""Last.fm's scrobbles, as the common exporters write them: with names of columns, or without."""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from io import TextIOWrapper
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
from guided_profile.tools.readers.encodings import as_utf8
from guided_profile.tools.readers.heads import Head, head_of
from guided_profile.tools.readers.json_files import whole
from guided_profile.tools.readers.layouts import first_rows
from guided_profile.tools.readers.sums import Sums
from guided_profile.tools.readers.tables import rows
from guided_profile.tools.readers.times import read_time

_WITH_IDS = {"uts", "artist", "track"}
_STATS = {"Artist", "Album", "Track"}
_DATE = re.compile(r"\d{1,2} \w{3,4} \d{4},? \d{1,2}:\d\d(?::\d\d)?|")
"""The fourth cell of a table without names: artist, album, track and time, which may be missing."""
_Play = tuple[Refused, str, str, str]


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    sums = Sums("plays", "played")
    for play in each_file(files, _plays):
        if isinstance(play, Refused):
            yield play
            continue
        where, song, artist, time = play
        if not song.strip():
            yield Skipped("plays of what has no name")
            continue
        try:
            when: datetime | None = read_time(time, UTC) if time.strip() else None
        except ValueError as error:
            yield Refused(where.line, f"time: {error}", where.unit, where.file)
            continue
        # a play without a time is one of 1970
        when = None if when is None or when.year < 2000 else when
        sums.add(f"{song}, {artist}" if artist else song, when, where)
    yield from sums.entries(reading)


def _plays(file: ExportFile) -> Iterator[_Play | Refused]:
    head = head_of(file)
    if isinstance(head.json, dict):
        yield from _of_json(file)
    elif _has_names(head):
        for row in rows(file):
            yield row if isinstance(row, Refused) else _named(*row)
    else:
        with file.open() as opened:
            text = TextIOWrapper(as_utf8(opened), "utf-8", errors="replace", newline="")
            for line, cells in enumerate(csv.reader(text), start=1):
                where = Refused(line, file=file.name)
                if len(cells) == 4:
                    yield where, cells[2], cells[0], cells[3]
                elif cells:
                    yield Refused(line, f"has {len(cells)} cells, not 4", file=file.name)


def _named(where: Refused, cells: Mapping[str, str]) -> _Play:
    lower = {name.lower(): cell for name, cell in cells.items()}
    time = next((cell for name, cell in lower.items() if name.startswith("date#")), "")
    return where, lower["track"], lower["artist"], lower.get("uts") or time


def _of_json(file: ExportFile) -> Iterator[_Play]:
    for number, play in enumerate(whole(file).get("scrobbles", ()), start=1):
        found: Mapping[str, Any] = play if isinstance(play, dict) else {}
        where = Refused(number, unit="item", file=file.name)
        time = "" if found.get("date") is None else str(found["date"])
        yield where, str(found.get("track", "")), str(found.get("artist", "")), time


def _has_names(head: Head) -> bool:
    columns = set(head.columns)
    is_stats = columns >= _STATS and any(name.startswith("Date#") for name in columns)
    return columns >= _WITH_IDS or is_stats


def _recognises(head: Head) -> bool:
    if isinstance(head.json, dict):
        return isinstance(head.json.get("scrobbles"), list)
    if _has_names(head):
        return True
    first = first_rows(head.text)[:10]
    first = first[:-1] or first  # the last one may be cut short
    dated = [row for row in first if len(row) == 4 and row[3] and _DATE.fullmatch(row[3])]
    return bool(dated) and all(len(row) == 4 and _DATE.fullmatch(row[3]) for row in first)


READER = Reader(
    format="lastfm",
    title="Last.fm scrobbles",
    obtain="Last.fm exports nothing itself; lastfmstats.com, benjaminbenben.com/lastfm-to-csv and "
    "mainstream.ghan.nl/export do, by the user's name.",
    read=_read,
    recognises=_recognises,
)
