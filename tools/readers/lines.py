"""Files of lines: JSON Lines, CSV and plain text, read item by item, however long they are."""

import csv
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.archive import Part
from guided_profile.tools.readers.base import FIELDS, Entries, Reading, Refused, item, record

LONGEST = 2**20
"""The longest line, in bytes, that is read; an item holds at most 20,000 characters."""

NAMES = {
    "text": tuple("text|content|message|body|review|description|product name|title".split("|")),
    "time": ("time", "date", "datetime", "timestamp", "created_at", "order date"),
    "source": ("source",),
    "category": ("category",),
    "role": ("role",),
    "id": ("id",),
}
"""The columns of a CSV file that are read where no columns are named, the likeliest first."""

_SURROGATES = "\ud800", "\udfff"


def json_lines(part: Part, reading: Reading) -> Entries:
    """Read a JSON object from each line."""
    for number, line in numbered(part):
        if isinstance(line, Refused):
            yield line
            continue
        try:
            entry = json.loads(line)
        except json.JSONDecodeError as error:
            yield Refused(number, f"is not JSON, from column {error.colno} on")
        except (ValueError, RecursionError):  # a number or a nesting beyond all measure
            yield Refused(number, "is not JSON that can be read")
        else:
            yield record(entry, Refused(number), reading)


def plain_text(part: Part, reading: Reading) -> Entries:
    """Read an item from each line that is not blank, or from each paragraph."""
    if reading.paragraphs:
        yield from _paragraphs(part, reading)
        return
    for number, line in numbered(part):
        if isinstance(line, Refused):
            yield line
        else:
            yield item({"text": line.strip()}, Refused(number), reading)


def _paragraphs(part: Part, reading: Reading) -> Entries:
    lines: list[str] = []
    size = 0
    begun = last = 0
    for number, line in numbered(part):
        if isinstance(line, Refused):
            yield line
            continue
        if lines and number > last + 1:
            yield item({"text": "\n".join(lines)[:LONGEST]}, Refused(begun), reading)
            lines, size = [], 0
        begun = begun if lines else number
        last = number
        if size < LONGEST:  # beyond it, the item is too long anyway
            lines.append(line.rstrip())
            size += len(line)
    if lines:
        yield item({"text": "\n".join(lines)}, Refused(begun), reading)


def numbered(part: Part) -> Iterator[tuple[int, str | Refused]]:
    """Yield the lines that are not blank, or why one cannot be read."""
    with part.open() as file:
        for number, data in enumerate(_lines(file), start=1):
            if data is None:
                yield number, Refused(number, f"is longer than {LONGEST} bytes")
                continue
            try:
                line = data.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                yield number, Refused(number, "is not UTF-8")
                continue
            if line.strip():
                yield number, line


def _lines(file: BinaryIO) -> Iterator[bytes | None]:
    """Yield a file's lines as they end, None for one that is too long.

    They are split as bytes: a text file would also be split at a carriage return in an item.

    Raises:
        HistoryItemError: It is UTF-16.
    """
    first = True
    while line := file.readline(LONGEST):
        if first and line[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise HistoryItemError("the file is UTF-16, not UTF-8; save it as UTF-8.")
        first = False
        if len(line) < LONGEST or line.endswith(b"\n"):
            yield line
            continue
        while (rest := file.readline(LONGEST)) and not rest.endswith(b"\n"):
            pass
        yield None


def comma_separated(part: Part, reading: Reading) -> Entries:
    """Read an item from each row of a table whose first row names its columns.

    Cells are separated by commas, semicolons, tabs or bars, whichever makes most columns.

    Raises:
        HistoryItemError: There is no such row, or it has no column for the text.
    """
    with part.open() as file:
        lines = _csv_lines(file)
        header = next(lines, "")
        delimiter = max(",;\t|", key=lambda one: len(_names(header, one)))
        rows = csv.reader(_chained(header, lines), delimiter=delimiter, strict=True)
        try:
            columns = [name.strip() for name in next(rows, [])]
        except csv.Error as error:
            raise HistoryItemError(f"the file has no row of column names ({error}).") from error
        fields = columns_of(columns, reading)
        yield from _rows(rows, columns, fields, reading)


def _rows(rows: Any, columns: list[str], fields: dict[str, int], reading: Reading) -> Entries:
    chosen = Reading(
        source=reading.source, me=reading.me, zone=reading.zone, dates=reading.dates
    )  # the columns are found already
    while True:
        number = rows.line_num + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            until = f", up to line {rows.line_num}" if rows.line_num > number else ""
            yield Refused(number, f"is not CSV ({error}){until}")
            continue
        if not row:
            continue
        if len(row) != len(columns):
            yield Refused(number, f"has {len(row)} cells, not {len(columns)}")
        elif any(_SURROGATES[0] <= char <= _SURROGATES[1] for cell in row for char in cell):
            yield Refused(number, "is not UTF-8")
        else:
            cells = {name: row[index] for name, index in fields.items()}
            given = {name: cell for name, cell in cells.items() if cell or name == "text"}
            yield record(given, Refused(number), chosen)


def _names(header: str, delimiter: str) -> list[str]:
    return next(csv.reader([header], delimiter=delimiter), [])


def _chained(first: str, rest: Iterator[str]) -> Iterator[str]:
    if first:
        yield first
    yield from rest


def _csv_lines(file: BinaryIO) -> Iterator[str]:
    """Yield lines with their ends, so that a quoted cell keeps its line breaks.

    Bytes that are not UTF-8 become surrogates, by which their row is known; a line that is too
    long becomes one cell too many.
    """
    for number, data in enumerate(_lines(file), start=1):
        # a quote inside: csv refuses it, as it does a field that is too large
        line = b'"x"x\n' if data is None else data
        yield line.decode("utf-8-sig" if number == 1 else "utf-8", errors="surrogateescape")


def columns_of(columns: list[str], reading: Reading) -> dict[str, int]:
    """Return the column of each field that has one: as the user named them, or by `NAMES`.

    Raises:
        HistoryItemError: A column that was named is not there, or none is for the text.
    """
    known = ", ".join(repr(name[:40]) for name in columns)
    twice = [name for name in columns if columns.count(name) > 1 and name]
    if twice:
        raise HistoryItemError(f"there are two columns {twice[0][:40]!r}; rename one of them.")
    if reading.columns:
        missing = [name for name in reading.columns.values() if name not in columns]
        if missing:
            raise HistoryItemError(f"there is no column {missing[0]!r}; the columns are {known}.")
        named = {name: columns.index(column) for name, column in reading.columns.items()}
    else:
        lower = [name.lower() for name in columns]
        if "user_id" in lower:
            raise HistoryItemError(
                "the file has a column 'user_id', and all of it would become one user's history; "
                "split it by user, or if it is one user's, name the columns with --column."
            )
        found = {
            field: next((lower.index(name) for name in names if name in lower), None)
            for field, names in NAMES.items()
        }
        named = {field: index for field, index in found.items() if index is not None}
    if "text" not in named:
        raise HistoryItemError(
            f"none of the columns {known or '(there are none)'} is for the text; name it with "
            f"--column text=COLUMN, and others likewise: {', '.join(FIELDS)}."
        )
    return named
