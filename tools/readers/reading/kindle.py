"""Kindle's `My Clippings.txt`: what the reader noted, and what they marked of an author's words.

The notes are the user's. The marked passages are their authors', so they are kept as somebody
else's words; that a book was marked, and how often, is what the user did.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from guided_profile.graph.records import LONGEST_TEXT
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    Entries,
    Kept,
    Reader,
    Reading,
    Refused,
    Skipped,
    each_file,
    item,
)
from guided_profile.tools.readers.encodings import text_of
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.long_dates import long_date
from guided_profile.tools.readers.reading.kindle_words import is_marked, is_noted
from guided_profile.tools.readers.sums import Sums

_END = re.compile(r"(?m)^={10}[ \t\r]*$\n?")
_ABOUT = re.compile(r"[-*•–]\s?(?P<what>.*\S)\s*[|｜]\s*(?P<added>[^|｜]*\d[^|｜]*)")
"""`- Your Note on page 2 | Location 25 | Added on Monday, 1 January 2024 12:00:00`"""
_RANGE = re.compile(r"\d\s?[-–]\s?#?\d")
_APPS = re.compile(r"<[^<>\n]{5,200}>")
"""`<You have reached the clipping limit for this item>`"""
_LONGEST = LONGEST_TEXT - 500


@dataclass(frozen=True, slots=True)
class Clipping:
    """An entry of the file."""

    where: Refused
    book: str
    what: str
    added: str
    text: str

    @property
    def kind(self) -> str:
        """What the Kindle calls it, with what stands around its place in the book."""
        words = re.split(r"[\d#]", self.what)
        return words[0] + words[-1]


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    books = Sums("read", "marked", unit="passages")
    yield from each_file(files, lambda file: _entries(file, books, reading))
    yield from books.entries(reading)


def _entries(file: ExportFile, books: Sums, reading: Reading) -> Entries:
    read = list(_clippings(file))
    clippings = [entry for entry in read if isinstance(entry, Clipping)]
    ranged = {clipping.kind for clipping in clippings if _RANGE.search(clipping.what)}
    last: dict[str, Clipping] = {}
    for entry in read:
        if not isinstance(entry, Clipping):
            yield entry
        elif not entry.text:
            yield Skipped("bookmarks in books")
        elif _APPS.fullmatch(entry.text):
            yield Skipped()
        elif is_noted(entry.what) or not (is_marked(entry.what) or entry.kind in ranged):
            yield _item(entry, f"note on {entry.book}: ", reading)
        else:
            before = last.get(entry.book)
            if before and before.text in entry.text:
                yield Skipped("shorter versions of a marked passage")
            elif before:
                yield _marked(before, books, reading)
            last[entry.book] = entry
    for entry in last.values():
        yield _marked(entry, books, reading)


def _clippings(file: ExportFile) -> Iterator[Clipping | Refused]:
    text = text_of(file)
    line, begin = 1, 0
    for end in [*(found.span() for found in _END.finditer(text)), (len(text), len(text))]:
        block = text[begin : end[0]]
        if block.strip():
            yield _clipping(block, Refused(line, file=file.name))
            if end[0] == end[1]:
                yield Refused(line, "ends with the file, which may be cut short", file=file.name)
        line += text.count("\n", begin, end[1])
        begin = end[1]


def _clipping(block: str, where: Refused) -> Clipping | Refused:
    lines = block.replace("\ufeff", "").strip().split("\n", 2)
    about = _ABOUT.fullmatch(lines[1].strip()) if len(lines) > 1 else None
    if about is None:
        return replace(where, reason="is no clipping of a Kindle")
    text = "".join(lines[2:]).strip()[:_LONGEST]
    book = " ".join(lines[0].split())[:300]
    return Clipping(where, book, about["what"], about["added"], text)


def _item(entry: Clipping, begin: str, reading: Reading, *, role: str = "user") -> Kept | Refused:
    try:
        time = long_date(entry.added, reading.zone)
    except ValueError as error:
        return replace(entry.where, reason=f"time: {error}")
    fields = {
        "text": begin + entry.text,
        "time": time,
        "category": entry.book[:200],
        "kind": "said",
        "role": role,
        "source": reading.source or ("notes" if role == "user" else "highlights"),
    }
    return item(fields, entry.where, reading)


def _marked(entry: Clipping, books: Sums, reading: Reading) -> Kept | Refused:
    kept = _item(entry, f"highlighted in {entry.book}: ", reading, role="other")
    if isinstance(kept, Kept):
        books.add(entry.book, kept.item.time, entry.where)
    return kept


def _recognises(head: Head) -> bool:
    lines = [line.strip() for line in head.lines[:2000]]
    return "=" * 10 in lines and any(_ABOUT.fullmatch(line) for line in lines[:5])


READER = Reader(
    format="kindle",
    title="Kindle clippings",
    obtain="Connect the Kindle by USB; in its folder documents is `My Clippings.txt`.",
    recognises=_recognises,
    read=_read,
    streamed=False,
)
