"""What a table looks like: what separates its cells, where its names are, and what they are."""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from guided_profile.tools.readers.times import LONGEST, is_time

_LOOKED_AT = 100
"""How many rows are looked at."""
_DELIMITERS = ",;\t|"
_SEPARATOR = re.compile(r'"?sep=([^\w\s"]|\t)"?\s*', re.IGNORECASE)
"""A first line that says to Excel what separates the cells."""
_NUMBER = re.compile(r"[\W_]*\d[\d\W_]*(?:[^\W\d_]{1,3}|%)?\W*")
"""An amount, in any country's way, with its currency or unit, or another number."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What a table looks like."""

    columns: tuple[str, ...]
    """Their names, as they are written."""
    delimiter: str
    before: int = 0
    """How many lines stand before the row of names, as banks write them."""


def layout(head: str, *, columns: int = 2) -> Layout | None:
    """Return what a table looks like by its beginning, or None if that is no table.

    The cells are separated by what makes the most rows equally wide. The names are in the first
    row of that width that holds no date and no number.

    Args:
        head: The beginning of a text.
        columns: How many columns it has at least.
    """
    lines = head.removeprefix("\ufeff").splitlines(keepends=True)
    separator = _SEPARATOR.fullmatch(lines[0]) if lines else None
    best: tuple[float, int] = (0.0, 0)
    found = None
    for delimiter in separator[1] if separator else _DELIMITERS:
        rows = _rows_of(lines[bool(separator) :], delimiter)
        wide = Counter(len(cells) for _, cells in rows if len(cells) >= max(2, columns))
        # what stands before the table has few cells, and may have more rows than the table here
        width, count = max(
            wide.items(), key=lambda entry: (entry[0] - 1) * entry[1], default=(1, 0)
        )
        if (score := (count / max(1, len(rows)), width)) > best:
            best, found = score, _layout(rows, width, delimiter, bool(separator))
    if found is None and columns == 1 and not best[1] and lines:
        found = _layout(_rows_of(lines[bool(separator) :], ","), 1, ",", bool(separator))
    return found


def layout_of_rows(rows: Iterable[Sequence[str]]) -> Layout | None:
    """Return what a table looks like by its first rows, in cells; `before` counts rows."""
    first = [(number, _trimmed(row)) for number, row in enumerate(islice(rows, _LOOKED_AT))]
    there = [(number, row) for number, row in first if row]
    wide = Counter(len(row) for _, row in there if len(row) > 1)
    return _layout(there, wide.most_common(1)[0][0], ",", False) if wide else None


def _rows_of(lines: list[str], delimiter: str) -> list[tuple[int, list[str]]]:
    """Return the first rows that are not blank, each with how many lines stand before it."""
    reader = csv.reader(lines, delimiter=delimiter)
    found: list[tuple[int, list[str]]] = []
    before = 0
    try:
        for row in islice(reader, _LOOKED_AT):
            if any(cell.strip() for cell in row):
                found.append((before, row))
            before = reader.line_num
    except csv.Error:
        pass
    return found


def _layout(
    rows: list[tuple[int, list[str]]], width: int, delimiter: str, has_separator_line: bool
) -> Layout | None:
    for before, row in rows:
        names = _trimmed(row)
        if width - 1 <= len(row) <= width + 1 and len(names) >= min(2, width):
            is_header = not any(is_value(name) for name in names) and len(names) >= width - 1
            return (
                Layout(_distinct(names), delimiter, before + has_separator_line)
                if is_header
                else None
            )
    return None


def _trimmed(row: Iterable[str]) -> list[str]:
    """Return the cells without space around them, and without the empty ones at the end."""
    cells = [cell.strip() for cell in row]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _distinct(names: list[str]) -> tuple[str, ...]:
    """Return names of which none comes twice; banks write the currency beside each amount."""
    times = Counter[str]()
    found = []
    for name in names:
        times[name] += 1
        found.append(name if times[name] == 1 else f"{name} ({times[name]})")
    return tuple(found)


def is_value(cell: str) -> bool:
    """Whether a cell holds a number or a time, which no column is named."""
    short = 0 < len(cell) <= LONGEST and any(map(str.isnumeric, cell))
    return short and (_NUMBER.fullmatch(cell) is not None or is_time(cell))


def first_rows(head: str, count: int = 20) -> list[list[str]]:
    """Return the first rows of a table by the beginning of its text; its names are the first."""
    shape = layout(head)
    lines = head.splitlines(keepends=True)
    mark = shape.delimiter if shape else ","
    return [row for _, row in _rows_of(lines[shape.before if shape else 0 :], mark)][:count]
