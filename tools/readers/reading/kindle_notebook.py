"""The notebook of a book that the Kindle app exports as a page (HTML)."""

import re
from collections.abc import Iterator, Sequence

from guided_profile.graph.records import LONGEST_TEXT
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
from guided_profile.tools.readers.encodings import text_of
from guided_profile.tools.readers.markup import tokens
from guided_profile.tools.readers.reading.kindle_words import is_marked
from guided_profile.tools.readers.sums import Sums

_PARTS = ("bookTitle", "authors", "citation", "sectionHeading", "noteHeading", "noteText")
_UNENDED = re.compile(r"<[^<>]*\Z")
_LONGEST = LONGEST_TEXT - 500


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    books = Sums("read", "marked", unit="passages")
    yield from each_file(files, lambda file: _entries(file, books, reading))
    yield from books.entries(reading)


def _entries(file: ExportFile, books: Sums, reading: Reading) -> Iterator[Entry]:
    book = author = heading = ""
    number = 0
    for part, words, is_colored in _parts(file):
        if part == "bookTitle":
            book = words
        elif part == "authors":
            author = words
        elif part == "noteHeading":
            heading = words + " highlight" * is_colored
        elif part == "noteText" and words and heading:
            number += 1
            where = Refused(number, unit="item", file=file.name)
            whole = f"{book} ({author})" if author else book
            yield _item(words, whole, where, reading, marked=is_marked(heading))
            if is_marked(heading):
                books.add(whole, None, where)
    if not number:
        yield Skipped("notebooks without notes")


def _parts(file: ExportFile) -> Iterator[tuple[str, str, bool]]:
    """Yield the parts of a page, each with its words, and whether some have a marker's color."""
    part, words, is_colored = "", "", False
    for token in tokens(_UNENDED.sub("", text_of(file))):
        if isinstance(token, str):
            words += token
            continue
        class_ = "" if token.closes else token.attributes().get("class", "")
        if class_ in _PARTS:
            yield part, " ".join(words.split()), is_colored
            part, words, is_colored = class_, "", False
        is_colored = is_colored or class_.startswith("highlight_")
    yield part, " ".join(words.split()), is_colored


def _item(words: str, book: str, where: Refused, reading: Reading, *, marked: bool) -> Entry:
    fields = {
        "text": f"{'highlighted in' if marked else 'note on'} {book}: {words[:_LONGEST]}",
        "category": book[:200] or None,
        "kind": "said",
        "role": "other" if marked else "user",
        "source": reading.source or ("highlights" if marked else "notes"),
    }
    return item(fields, where, reading)


READER = Reader(
    format="kindle-notebook",
    title="Notebook of the Kindle app",
    obtain="In the Kindle app: open the book, its notebook, and export it.",
    recognises=lambda head: re.search(r"class=.?noteHeading\b", head.text),
    read=_read,
    streamed=False,
)
