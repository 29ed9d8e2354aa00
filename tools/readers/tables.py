"""Tables: the rows of CSV and TSV files, whatever separates their cells and encodes their text."""

import csv
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, BinaryIO

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    Entries,
    Reading,
    Refused,
    Skipped,
    each_file,
    item,
)
from guided_profile.tools.readers.encodings import as_utf8
from guided_profile.tools.readers.layouts import Layout, layout
from guided_profile.tools.readers.lines import LONGEST_LINE, byte_lines
from guided_profile.tools.readers.times import DateOrder, date_order

Row = tuple[Refused, dict[str, str]]
"""Where a row stands, and its cells by the names of their columns."""

_HEAD = 2**16
MOST_COLUMNS = 2000
_SURROGATE = re.compile("[\ud800-\udfff]")


def layout_of(file: ExportFile) -> Layout:
    """Return what a table looks like.

    Raises:
        HistoryItemError: It has no row of column names, or more columns than are read.
    """
    with file.open() as opened:
        head = as_utf8(opened).read(_HEAD).decode("utf-8", errors="replace")
    found = layout(head, columns=1)
    if found is None:
        raise HistoryItemError(
            f"{file.path!r} has no row of column names; write their names in its "
            "first line, like time,text."
        )
    if len(found.columns) > MOST_COLUMNS or ("\n" not in head and len(head) >= _HEAD):
        raise HistoryItemError(
            f"{file.path!r} has more than {MOST_COLUMNS} columns, or a first line "
            "that does not end; give a table with those that matter."
        )
    return found


def rows(file: ExportFile, layout: Layout | None = None) -> Iterator[Row | Refused]:
    """Yield the rows below the names of the columns, one by one; or why one cannot be read.

    Raises:
        HistoryItemError: It has no row of column names.
    """
    shape = layout or layout_of(file)
    with file.open() as opened:
        lines = _Lines(as_utf8(opened))
        for _ in islice(lines, shape.before):
            pass
        read = csv.reader(lines, delimiter=shape.delimiter, strict=True)
        try:
            next(read, [])
        except csv.Error as error:
            raise HistoryItemError(f"the file has no row of column names ({error}).") from error
        while True:
            where = Refused(shape.before + read.line_num + 1, file=file.name)
            try:
                row = next(read)
            except StopIteration:
                return
            except csv.Error as error:
                last = shape.before + read.line_num
                until = f", up to line {last}" if last > where.line else ""
                too_long = f"is longer than {LONGEST_LINE} bytes"
                reason = too_long if lines.too_long else f"is not CSV ({error})"
                yield replace(where, reason=reason + until)
                continue
            if row:
                yield _row(row, shape.columns, where)


def items(
    files: Sequence[ExportFile],
    reading: Reading,
    fields: Callable[[dict[str, str]], dict[str, Any] | Skipped],
    *columns: str,
) -> Entries:
    """Yield what becomes of each row: an item of the fields that are made of its cells.

    Args:
        files: The tables, all of one kind.
        reading: How they are read; its source goes before the fields'.
        fields: Makes an item's fields of the cells by column, or says why the row is left out.
        columns: Those that it must have.

    Raises:
        HistoryItemError: It has not, as a table that was called of this kind and is none.
    """
    for row in each_file(files, rows):
        if isinstance(row, Refused):
            yield row
            continue
        where, cells = row
        need(cells, *columns)
        made = fields(cells)
        if isinstance(made, Skipped):
            yield made
        else:
            yield item({**made, "source": reading.source or made["source"]}, where, reading)


def need(columns: Collection[str], *names: str) -> None:
    """Refuse a table without columns that its kind has.

    Raises:
        HistoryItemError: One is missing.
    """
    missing = [name for name in names if name not in columns]
    if missing:
        raise HistoryItemError(
            f"the table has no column {missing[0]!r}, so it is of another kind; leave out "
            "--format, or give the file as it was exported."
        )


def _row(row: list[str], columns: tuple[str, ...], where: Refused) -> Row | Refused:
    count = len(row)
    if count > len(columns):
        row = row[: len(columns)] if not any(row[len(columns) :]) else row
    if len(row) != len(columns):
        return replace(where, reason=f"has {count} cells, not {len(columns)}")
    written = "".join(row)
    if not written.isascii() and _SURROGATE.search(written):
        return replace(where, reason="is not UTF-8")
    return where, dict(zip(columns, row, strict=True))


class _Lines(Iterator[str]):
    """Lines with their ends, so that a quoted cell keeps its line breaks.

    Bytes that are not UTF-8 become surrogates, by which their row is known; a line that is too
    long becomes one that is no CSV.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._lines = byte_lines(file)
        self.too_long = False
        """Whether the last line was."""

    def __next__(self) -> str:
        data = next(self._lines)
        self.too_long = data is None
        # a quote inside: csv refuses it, as it does a field that is too large
        return (b'"x"x\n' if data is None else data).decode("utf-8", errors="surrogateescape")


def order_of(
    files: Iterable[ExportFile], column: str, reading: Reading, layout: Layout | None = None
) -> DateOrder | None:
    """Return the order of the dates in a column, found from the whole of it.

    Raises:
        HistoryItemError: Some of the dates may be read in two ways, and no other one decides.
    """
    if reading.dates is not None:
        return reading.dates
    times = (
        row[1].get(column, "")
        for file in files
        for row in rows(file, layout)
        if not isinstance(row, Refused)
    )
    return date_order(times)
