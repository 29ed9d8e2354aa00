"""HTML: an item in each row of the longest table of a page."""

import warnings
from collections.abc import Iterator, Sequence

from guided_profile.graph.errors import HistoryItemError, SettingsError
from guided_profile.tools.readers.any_table import AnyRow, Table, table_items
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import Entries, Reader, Reading, Refused
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.layouts import Layout, layout_of_rows


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    """Read an item from each row.

    Raises:
        HistoryItemError: No table has a row of column names, or see `table_items`.
        SettingsError: beautifulsoup4 is not installed.
    """
    file = files[0]
    tables = [(rows, layout_of_rows(row for _, row in rows[:100])) for rows in _tables(file)]
    found = [(rows, shape) for rows, shape in tables if shape is not None]
    if not found:
        raise HistoryItemError(
            f"{file.path!r} is a page without a table that has a row of column names; copy what "
            "matters of it to a file of text."
        )
    rows, shape = max(found, key=lambda table: len(table[0]))
    yield from table_items(Table(shape.columns, lambda: _rows(rows, shape)), reading)


def _tables(file: ExportFile) -> Iterator[list[tuple[int, list[str]]]]:
    """Yield the tables of a page: the lines of their rows, and the cells."""
    try:
        from bs4 import BeautifulSoup, XMLParsedAsHTMLWarning
    except ImportError as error:
        raise SettingsError(
            "reading tables of pages needs beautifulsoup4; install it with "
            "`pip install 'guided-profile[chats]'`."
        ) from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", XMLParsedAsHTMLWarning)
        page = BeautifulSoup(file.read(), "html.parser")
    for table in page.find_all("table"):
        rows = []
        for row in table.find_all("tr"):
            cells = row.find_all(["td", "th"], recursive=False)
            if row.find_parent("table") is table and cells:
                texts = [" ".join(cell.get_text(" ").split()) for cell in cells]
                rows.append((row.sourceline or 0, texts))
        yield rows


def _rows(rows: Sequence[tuple[int, list[str]]], shape: Layout) -> Iterator[AnyRow | Refused]:
    width = len(shape.columns)
    for line, row in rows[shape.before + 1 :]:
        if len(row) == width:
            yield Refused(line), dict(zip(shape.columns, row, strict=True))
        elif any(row):
            yield Refused(line, f"has {len(row)} cells, not {width}")


def _recognises(head: Head) -> bool:
    text = head.text.lstrip().lower()
    is_page = text.startswith("<") and (not text.startswith("<?xml") or "<html" in text)
    return is_page and "<table" in text


READER = Reader(
    format="html-table",
    title="table of a page (HTML)",
    read=_read,
    recognises=_recognises,
    generic=True,
    streamed=False,
)
