"""CSV: an item in each row of a table, whose columns are found by their names."""

import csv
from collections.abc import Sequence
from dataclasses import replace

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import FIELDS, Entries, Reader, Reading, Refused, record
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.tables import layout, layout_of, order_of, rows

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


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    """Read an item from each row of a table whose first row names its columns.

    Raises:
        HistoryItemError: There is no such row, it has no column for the text, or its dates may be
            read in two ways.
    """
    table = layout_of(files[0])
    fields = _columns_of(list(table.columns), reading)
    chosen = replace(reading, columns={})  # they are found already
    if "time" in fields:
        chosen = replace(chosen, dates=order_of(files, fields["time"], reading, table))
    for row in rows(files[0], table):
        if isinstance(row, Refused):
            yield row
            continue
        where, cells = row
        given = {name: cells[column] for name, column in fields.items()}
        kept = {name: cell for name, cell in given.items() if cell or name == "text"}
        yield record(kept, where, chosen)


def _columns_of(columns: list[str], reading: Reading) -> dict[str, str]:
    """Return the column of each field that has one: as the user named them, or by `_USUAL_NAMES`.

    Raises:
        HistoryItemError: A column that was named is not there, or none is for the text.
    """
    known = ", ".join(repr(name[:40]) for name in columns)
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
    twice = [columns[index] for index in named.values() if f"{columns[index]} (2)" in columns]
    if twice:
        raise HistoryItemError(f"there are two columns {twice[0][:40]!r}; rename one of them.")
    return {field: columns[index] for field, index in named.items()}


def _is_said(columns: list[str], named: dict[str, int]) -> bool:
    """Whether the text is what somebody said, and no name of a thing that has an author."""
    return "text" in named and columns[named["text"]] in ("text", "content", "message", "body")


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
    return fitting > 2 and fitting * 10 >= 9 * len(widths)


READER = Reader(format="csv", title="table (CSV)", read=_read, recognises=_recognises, generic=True)
