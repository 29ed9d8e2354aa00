"""XLSX: an item in each row of the first sheet that is a table."""

from collections.abc import Iterator, Sequence
from datetime import datetime, time
from itertools import islice
from typing import TYPE_CHECKING, Any

from guided_profile.graph.errors import HistoryItemError, SettingsError
from guided_profile.tools.readers.any_table import AnyRow, Table, table_items
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import Entries, Reader, Reading, Refused
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.layouts import Layout, layout_of_rows

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

_ZIP = b"PK\3\4"
_HEAD_ROWS = 200


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    """Read an item from each row.

    Raises:
        HistoryItemError: No sheet is a table, or see `table_items`.
        SettingsError: openpyxl is not installed.
    """
    file = files[0]
    with file.open() as opened:
        book = _opened(opened, file.path)
        for sheet in book.sheetnames:
            head = list(islice(_cells(book, sheet), _HEAD_ROWS))
            shape = layout_of_rows(head)
            if shape is not None:
                rows = Table(shape.columns, lambda: _rows(book, sheet, shape))  # noqa: B023
                yield from table_items(rows, reading)
                return
    raise HistoryItemError(
        f"{file.path!r} has no sheet with a row of column names; write their names in its first "
        "row, as time and text."
    )


def _opened(file: Any, name: str) -> "Workbook":
    try:
        from openpyxl import load_workbook
        from openpyxl.utils.exceptions import InvalidFileException
    except ImportError as error:
        raise SettingsError(
            "reading XLSX needs openpyxl; install it with `pip install 'guided-profile[tables]'`, "
            "or save the sheet as CSV."
        ) from error
    try:
        return load_workbook(file, read_only=True, data_only=True)
    except (InvalidFileException, KeyError, ValueError) as error:
        raise HistoryItemError(
            f"{name!r} is no workbook that can be read; save it again, or save its sheet as CSV."
        ) from error


def _cells(book: "Workbook", sheet: str) -> Iterator[list[str]]:
    for row in book[sheet].iter_rows(values_only=True):
        yield [_written(cell) for cell in row]


def _written(cell: Any) -> str:
    """Return a cell as text; a day without a time of day as a day."""
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)


def _rows(book: "Workbook", sheet: str, shape: Layout) -> Iterator[AnyRow | Refused]:
    width = len(shape.columns)
    for number, row in enumerate(_cells(book, sheet), start=1):
        if number > shape.before + 1 and any(row):
            cells = [*row[:width], *[""] * (width - len(row))]
            yield Refused(number), dict(zip(shape.columns, cells, strict=True))


def _recognises(head: Head) -> bool:
    # other archives are opened before they come here, but those in a gzip file
    return head.raw.startswith(_ZIP) and (b"[Content_Types].xml" in head.raw or b"xl/" in head.raw)


READER = Reader(
    format="xlsx",
    title="Excel table (XLSX)",
    read=_read,
    recognises=_recognises,
    generic=True,
)
