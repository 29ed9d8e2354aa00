"""CSV: an item in each row of a table, whose columns are found by their names."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any, BinaryIO

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import FIELDS, Entries, Reader, Reading, Refused, record
from guided_profile.tools.readers.lines import byte_lines

_USUAL_NAMES = {
    "text": tuple("text|content|message|body|review|description|product name|title".split("|")),
    "time": ("time", "date", "datetime", "timestamp", "created_at", "order date"),
    "source": ("source",),
    "category": ("category",),
    "role": ("role",),
    "id": ("id",),
}
"""The columns of a CSV file that are read where no columns are named, the likeliest first."""
_SPEAKERS = tuple(
    "sender|author|from|speaker|sender name|sender_name|from_name|username".split("|")
)
"""The columns that say who wrote, in the tables that chats are exported to."""

_TOLD = re.compile(r'"?sep=([^\w\s"]|\t)"?\s*', re.IGNORECASE)
"""By which Excel is told what separates the cells."""
_SURROGATES = "\ud800", "\udfff"


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    """Read an item from each row of a table whose first row names its columns.

    Cells are separated by commas, semicolons, tabs or bars, whichever makes most columns, or by
    what a first line like `sep=;` names, which Excel writes.

    Raises:
        HistoryItemError: There is no such row, or it has no column for the text.
    """
    with files[0].open() as opened:
        lines = _csv_lines(opened)
        header = next(lines, "\n")
        told = _TOLD.fullmatch(header)
        header = next(lines, "\n") if told else header
        try:
            delimiter = (
                told[1] if told else max(",;\t|", key=lambda mark: len(_names(header, mark)))
            )
            rows = csv.reader(
                chain([header] if header else [], lines), delimiter=delimiter, strict=True
            )
            columns = [name.strip() for name in next(rows, [])]
        except csv.Error as error:
            raise HistoryItemError(f"the file has no row of column names ({error}).") from error
        fields = _columns_of(columns, reading)
        yield from _rows(rows, columns, fields, reading, int(told is not None))


def _rows(
    rows: Any, columns: list[str], fields: dict[str, int], reading: Reading, before: int
) -> Entries:
    chosen = replace(reading, columns={})  # they are found already
    while True:
        number = before + rows.line_num + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            until = f", up to line {last}" if (last := before + rows.line_num) > number else ""
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


def _csv_lines(file: BinaryIO) -> Iterator[str]:
    """Yield lines with their ends, so that a quoted cell keeps its line breaks.

    Bytes that are not UTF-8 become surrogates, by which their row is known; a line that is too
    long becomes one cell too many.
    """
    for number, data in enumerate(byte_lines(file), start=1):
        # a quote inside: csv refuses it, as it does a field that is too large
        line = b'"x"x\n' if data is None else data
        yield line.decode("utf-8-sig" if number == 1 else "utf-8", errors="surrogateescape")


def _columns_of(columns: list[str], reading: Reading) -> dict[str, int]:
    """Return the column of each field that has one: as the user named them, or by `_USUAL_NAMES`.

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
            for field, names in _USUAL_NAMES.items()
        }
        named = {field: index for field, index in found.items() if index is not None}
        speaker = next((lower.index(name) for name in _SPEAKERS if name in lower), None)
        if "role" not in named and speaker is not None and _is_said(lower, named):
            if not reading.me:
                raise HistoryItemError(
                    f"the column {columns[speaker][:40]!r} says who wrote; say with --me which of "
                    "the people is the user, or name the columns with --column if the user alone "
                    "wrote it all."
                )
            named["role"] = speaker
    if "text" not in named:
        raise HistoryItemError(
            f"none of the columns {known or '(there are none)'} is for the text; name it with "
            f"--column text=COLUMN, and others likewise: {', '.join(FIELDS)}."
        )
    return named


def _is_said(columns: list[str], named: dict[str, int]) -> bool:
    """Whether the text is what somebody said, and no name of a thing that has an author."""
    return "text" in named and columns[named["text"]] in ("text", "content", "message", "body")


READER = Reader(format="csv", read=_read, suffixes=(".csv", ".tsv"))
