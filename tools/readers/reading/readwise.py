"""Readwise's export: what was marked in books and articles, and noted on it."""

from collections.abc import Iterator, Mapping, Sequence

from guided_profile.graph.records import LONGEST_TEXT
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    Entries,
    Entry,
    Kept,
    Reader,
    Reading,
    Refused,
    each_file,
    item,
)
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.sums import Sums
from guided_profile.tools.readers.tables import need, rows

_COLUMNS = ("Highlight", "Book Title", "Book Author", "Note", "Highlighted at")
_LONGEST = LONGEST_TEXT - 500


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    books = Sums("read", "marked", unit="passages")
    for row in each_file(files, rows):
        if isinstance(row, Refused):
            yield row
            continue
        where, cells = row
        need(cells, *_COLUMNS)
        yield from _entries(where, cells, books, reading)
    yield from books.entries(reading)


def _entries(
    where: Refused, cells: Mapping[str, str], books: Sums, reading: Reading
) -> Iterator[Entry]:
    title, author = cells["Book Title"].strip(), cells["Book Author"].strip()
    book = f"{title} ({author})" if author else title
    fields = {
        "time": cells["Highlighted at"] or None,
        "category": book[:200] or None,
        "kind": "said",
    }
    if words := cells["Highlight"].strip()[:_LONGEST]:
        source = reading.source or "highlights"
        text = f"highlighted in {book}: {words}"
        marked = item({**fields, "text": text, "role": "other", "source": source}, where, reading)
        yield marked
        if isinstance(marked, Kept):
            books.add(book, marked.item.time, where)
    note = cells["Note"].strip()[:_LONGEST]
    if note and not note.startswith("."):  # a tag, as `.favorite`
        source = reading.source or "notes"
        yield item({**fields, "text": f"note on {book}: {note}", "source": source}, where, reading)


def _recognises(head: Head) -> bool:
    return set(head.columns) >= set(_COLUMNS)


READER = Reader(
    format="readwise",
    title="Readwise",
    obtain="On readwise.io: Export, CSV.",
    recognises=_recognises,
    read=_read,
)
