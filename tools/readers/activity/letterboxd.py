"""Letterboxd's export: the diary, reviews, ratings, watched films, the watchlist and likes."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    Entries,
    Reader,
    Reading,
    Refused,
    Skipped,
    each_file,
    item,
)
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.markup import html_text
from guided_profile.tools.readers.tables import Row, layout_of, need, rows

_COLUMNS = {"Date", "Name", "Year", "Letterboxd URI"}
_ORDER = ("reviews", "diary", "ratings", "watched", "watchlist", "likes")
"""The kinds of lists, those that say most about a film first: it is there once."""


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    kinds: dict[str, list[ExportFile]] = {}
    for file in files:
        kinds.setdefault(_kind(file), []).append(file)
    there = set[tuple[str, str]]()
    for kind in _ORDER:
        for row in each_file(kinds.get(kind, ()), rows):
            yield row if isinstance(row, Refused) else _film(kind, row, there, reading)
    for file in kinds.get("", ()):
        yield Skipped(
            "deleted entries", sum(1 for row in rows(file) if not isinstance(row, Refused))
        )


def _kind(file: ExportFile) -> str:
    """Return what a list is of; empty if it was deleted.

    Raises:
        HistoryItemError: It is one of films alone, whose name does not say what they are.
    """
    if re.search(r"(^|/)(deleted|orphaned)/", file.name):
        return ""
    columns = set(layout_of(file).columns)
    need(columns, *sorted(_COLUMNS))
    if "Review" in columns:
        return "reviews"
    if "Watched Date" in columns:
        return "diary"
    if "Rating" in columns:
        return "ratings"
    name = file.path.rpartition("/")[2].removesuffix(".csv")
    if name == "films" or "/likes/" in f"/{file.name}":
        return "likes"
    if name not in ("watched", "watchlist"):
        raise HistoryItemError(
            f"{file.path!r} is a list of films, and does not say whether they were "
            "watched, liked or are to be watched; name it as Letterboxd does (watched.csv, "
            "watchlist.csv), or give the whole export."
        )
    return name


def _film(kind: str, row: Row, there: set[tuple[str, str]], reading: Reading) -> Any:
    where, cells = row
    name, year = cells["Name"].strip(), cells["Year"].strip()
    film = f"{name} ({year})" if year else name
    if not name:
        return replace(where, reason="names no film")
    day = cells.get("Watched Date") or cells["Date"]
    known = {"diary": day, "ratings": "rated", "watched": "watched"}.get(kind)
    if (film, known) in there:
        return Skipped("entries that another list has with more")
    if kind in ("reviews", "diary", "ratings"):
        there |= {(film, day), (film, "rated" if cells.get("Rating") else day), (film, "watched")}
    review = html_text(cells.get("Review", ""))
    fields = {
        "text": "".join(_text(kind, film, cells, review)),
        "source": reading.source
        or {"watchlist": "watchlist", "likes": "likes"}.get(kind, "watched"),
        "time": day or None,
        "category": "films",
        "kind": "said" if review else "did",
    }
    return item(fields, where, reading)


def _text(kind: str, film: str, cells: dict[str, str], review: str) -> Iterator[str]:
    yield {"watchlist": "wants to watch: ", "likes": "likes: "}.get(kind, "")
    yield film
    notes = []
    if kind in ("reviews", "diary", "watched"):
        notes.append("watched again" if cells.get("Rewatch") == "Yes" else "watched")
    if cells.get("Rating"):
        notes.append(f"rated {cells['Rating']} of 5")
    if cells.get("Tags"):
        notes.append(f"tagged {cells['Tags']}")
    yield f" ({', '.join(notes)})" if notes else ""
    yield f": {review}" if review else ""


def _recognises(head: Head) -> bool:
    return set(head.columns) >= _COLUMNS


READER = Reader(
    format="letterboxd",
    title="Letterboxd",
    obtain="On letterboxd.com: Settings, Data, Export your data; a zip of tables.",
    read=_read,
    recognises=_recognises,
)
