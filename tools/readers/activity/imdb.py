"""IMDb's exports: the ratings, the watchlist and other lists, in the language of the account.

The names of the columns are translated, so the columns are found by what they hold and where they
stand: a title's id (`tt0111161`), and the address of its page, behind which come its kind, IMDb's
rating, its minutes and its year.
"""

import re
from collections.abc import Sequence
from typing import Any

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
from guided_profile.tools.readers.layouts import first_rows
from guided_profile.tools.readers.tables import rows

_ID = re.compile(r"tt\d{7,}")
_PAGE = re.compile(r"https?://(?:www|m)\.imdb\.com/title/tt\d+.*")
_STARS = re.compile(r"10|[1-9]")
_FEWEST = 6
"""Columns of the shortest of the tables."""
_YEAR = re.compile(r"\d{4}")
_OLD_STARS, _OLD_YEAR = 8, 11
"""Where the user's rating and the year stood until 2017, when the page was the last column."""


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    for file in files:
        is_watchlist = "watchlist" in file.path.lower()
        for row in each_file([file], rows):
            if isinstance(row, Refused):
                yield row
                continue
            where, cells = row
            fields = _title(list(cells.values()), is_watchlist)
            if isinstance(fields, Skipped):
                yield fields
            else:
                source = reading.source or fields["source"]
                yield item({**fields, "source": source}, where, reading)


def _title(cells: list[str], is_watchlist: bool) -> dict[str, Any] | Skipped:
    if len(cells) < _FEWEST:
        return Skipped("rows of another kind")
    is_list = _ID.fullmatch(cells[1]) is not None
    if not is_list and not _ID.fullmatch(cells[0]):
        return Skipped("people and other entries without a title")
    page = next((place for place, cell in enumerate(cells) if _PAGE.fullmatch(cell)), None)
    title = cells[5] if is_list else cells[3]
    is_old = page == len(cells) - 1 > _OLD_YEAR
    at_year = _OLD_YEAR if is_old else (page or len(cells)) + 4
    year = cells[at_year] if len(cells) > at_year else ""
    title += f" ({year})" if _YEAR.fullmatch(year) else ""
    stars = cells[1 if not is_list else _OLD_STARS if is_old else -2]
    rated = f" (rated {stars} of 10)" if _STARS.fullmatch(stars) else ""
    words = cells[4].strip() if is_list else ""
    was_watched = bool(rated) and is_watchlist
    time = (cells[-1] if was_watched and not is_old else "") or cells[2]
    if not is_list or was_watched:
        text, source = title + rated, "watched"
    elif is_watchlist:
        text, source = f"wants to watch: {title}{rated}", "watchlist"
    else:
        text, source = f"has on a list: {title}{rated}", "lists"
    return {
        "text": f"{text}: {words}" if words else text,
        "source": source,
        "time": time or None,
        "category": "films and series",
        "kind": "said" if words else "did",
    }


def _recognises(head: Head) -> bool:
    if len(head.columns) < 6:
        return False
    below = first_rows(head.text)[1:]
    return any(
        any(_ID.fullmatch(cell) for cell in row[:2]) and any(_PAGE.fullmatch(cell) for cell in row)
        for row in below
    )


READER = Reader(
    format="imdb",
    title="IMDb ratings and lists",
    obtain="On imdb.com: Your ratings, or Your watchlist, then Export; it is found under Exports.",
    read=_read,
    recognises=_recognises,
)
