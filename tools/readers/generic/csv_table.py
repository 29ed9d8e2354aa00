"""CSV: an item in each row of a table."""

import csv
from collections.abc import Sequence

from guided_profile.tools.readers.any_table import Table, table_items
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import Entries, Reader, Reading
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.layouts import first_rows, is_value, layout
from guided_profile.tools.readers.tables import layout_of, rows


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    """Read an item from each row of a table whose first row names its columns.

    Raises:
        HistoryItemError: There is no such row, or see `table_items`.
    """
    found = layout_of(files[0])
    yield from table_items(Table(found.columns, lambda: rows(files[0], found)), reading)


def _recognises(head: Head) -> bool:
    """Whether nearly all lines have as many cells; a name that says so stands in for a few."""
    if head.name.lower().endswith((".csv", ".tsv")):
        return bool(head.text)
    shape = layout(head.text) if head.columns else None
    if shape is None:
        return False
    below = head.lines[shape.before :]
    widths = [len(row) for row in csv.reader(below, delimiter=shape.delimiter) if row]
    fitting = widths.count(len(shape.columns))
    if fitting <= 2 or fitting * 10 < 9 * len(widths):
        return False
    # two parts of a line are also what a comma in a sentence makes, and one in a program
    rows = first_rows(head.text)[1:]
    values = (all(is_value(row[place]) for row in rows if len(row) == 2) for place in (0, 1))
    return len(shape.columns) > 2 or shape.delimiter != "," or any(values)


READER = Reader(format="csv", title="table (CSV)", read=_read, recognises=_recognises, generic=True)
