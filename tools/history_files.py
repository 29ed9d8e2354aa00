"""Files of history: JSON Lines and CSV, read item by item."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from guided_profile.graph.errors import HistoryItemError
from guided_profile.graph.state import HistoryItem

FIELDS = tuple(HistoryItem.model_fields)
"""What an item of a file may hold; only `text` is needed."""

_REASONS = {
    "missing": "is missing",
    "string_type": "should be text",
    "string_unicode": "is not valid Unicode",
    "string_too_short": "is empty",
}
"""pydantic's words, where ours are plainer."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry of a file that is no history item."""

    line: int
    """Where it begins, from 1."""
    reason: str
    """In words; it holds nothing of what the entry says but the names of its fields."""


def read_items(path: Path) -> Iterator[HistoryItem | Refused]:
    """Read a file of history items.

    Args:
        path: A `.csv` file, whose first row names its columns, or a `.jsonl` file, which has a
            JSON object on each line; in both the names are those in `FIELDS`.

    Yields:
        Each item, or why an entry is none; a bad one never ends the reading.

    Raises:
        HistoryItemError: The file cannot be read as a whole: it is not there, not UTF-8, of
            another kind, or its columns have other names.
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise HistoryItemError(
            f"{path.name!r} is no kind of file that history is read from; "
            f"name it with one of {', '.join(_READERS)}."
        )
    try:
        yield from reader(path)
    except OSError as error:
        raise HistoryItemError(
            f"{str(path)!r} cannot be read ({error.strerror}); give the path of a file that can."
        ) from error


def _json_lines(path: Path) -> Iterator[HistoryItem | Refused]:
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except json.JSONDecodeError as error:
            yield Refused(number, f"is not JSON, from column {error.colno} on")
        except (ValueError, RecursionError):  # a number or a nesting beyond all measure
            yield Refused(number, "is not JSON that can be read")
        else:
            yield _item(entry, number)


def _comma_separated(path: Path) -> Iterator[HistoryItem | Refused]:
    rows = csv.reader(_lines(path), strict=True)
    try:
        columns = [name.strip() for name in next(rows, [])]
    except csv.Error as error:
        raise HistoryItemError(f"{path.name!r} has no row of column names ({error}).") from error
    _check_columns(columns, path)
    while True:
        number = rows.line_num + 1
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield Refused(number, f"is not CSV ({error})")
            continue
        if not row:
            continue
        if len(row) != len(columns):
            yield Refused(number, f"has {len(row)} cells, not {len(columns)}")
            continue
        cells = zip(columns, row, strict=True)
        yield _item({name: cell for name, cell in cells if cell or name == "text"}, number)


_READERS = {".csv": _comma_separated, ".jsonl": _json_lines, ".ndjson": _json_lines}


def _lines(path: Path) -> Iterator[str]:
    """Yield a file's lines as they end, so that a quoted cell keeps its line breaks."""
    with path.open("rb") as file:
        # split as bytes: a text file would also be split where an item holds a lone \r
        for number, line in enumerate(file, start=1):
            try:
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                raise HistoryItemError(
                    f"{path.name!r} is not UTF-8 on line {number}; save it as UTF-8."
                ) from None


def _check_columns(columns: list[str], path: Path) -> None:
    unknown = [name for name in columns if name not in FIELDS]
    if unknown or "text" not in columns or len(set(columns)) < len(columns):
        what = f"has columns {unknown}" if unknown else f"has the columns {columns}"
        raise HistoryItemError(
            f"{path.name!r} {what}; name its columns, each once, after {', '.join(FIELDS)}; "
            "only text is needed."
        )


def _item(entry: Any, line: int) -> HistoryItem | Refused:
    if not isinstance(entry, dict):
        return Refused(line, "is not a JSON object")
    unknown = [name[:40] for name in entry if name not in FIELDS]
    if unknown:
        return Refused(line, f"has fields {unknown}; the known ones are {', '.join(FIELDS)}")
    try:
        return HistoryItem.model_validate(entry)
    except ValidationError as error:
        return Refused(line, _reason(error))
    except OverflowError:  # a time that its zone carries beyond the calendar
        return Refused(line, "time: is out of range")


def _reason(error: ValidationError) -> str:
    """Say what is wrong without the values, which may be history."""
    parts = []
    for one in error.errors(include_url=False, include_context=False, include_input=False):
        words = _REASONS.get(one["type"], one["msg"].removeprefix("Value error, "))
        parts.append(f"{'.'.join(map(str, one['loc']))}: {words}")
    return "; ".join(parts)
