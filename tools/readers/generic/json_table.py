"""JSON as a table: an array of objects, wherever it stands, whose keys are columns."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.any_table import SAMPLE, AnyRow, Table, table_items
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import FIELDS, Entries, Reader, Reading, Refused, record
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.json_files import EXPORT, BrokenJSON, elements
from guided_profile.tools.readers.json_lists import CUT, object_of

Placed = tuple[Refused, Any]
"""Where a value stands, and the value."""
_DEEPEST = 6
_HEAD = 4096


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    """Read a user's export, or the objects of an array.

    Raises:
        HistoryItemError: It holds neither, or see `table_items`.
    """
    file = files[0]
    with file.open() as opened:
        is_object = opened.read(_HEAD).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")
    if not is_object:
        return json_entries(lambda: _of_array(file), reading)
    found, is_cut = object_of(file)
    if found.get("format") == EXPORT:
        return _of_export(found, reading)
    lists = dict(_lists(found))
    if not lists:
        raise HistoryItemError(
            f"{file.path!r} is no {EXPORT!r}, and holds no array of objects; name its kind with "
            "--format."
        )
    path = max(lists, key=lambda path: _rank(lists[path], reading))
    beside = {key for key, value in found.items() if isinstance(value, dict | list) and value}
    is_part = bool(beside - {path.partition(".")[0]})
    return json_entries(lambda: _of_list(lists[path], path, is_cut), reading, is_part=is_part)


def json_entries(
    read: Callable[[], Iterator[Placed | Refused]], reading: Reading, *, is_part: bool = False
) -> Entries:
    """Yield an item for each object: it is one of our own items, or its columns say what it is.

    Args:
        read: Begins to read the objects; it is called several times.
        reading: How they are read.
        is_part: Whether the file holds other things too, as a description of a program does.

    Raises:
        HistoryItemError: See `table_items`.
    """
    first = (found[1] for found in islice(read(), 2 * SAMPLE) if not isinstance(found, Refused))
    sample = [value for value in islice(first, SAMPLE) if isinstance(value, dict)]
    if not reading.columns and 2 * sum(map(_is_item, sample)) >= len(sample):
        for found in read():
            yield found if isinstance(found, Refused) else record(found[1], found[0], reading)
        return
    columns = dict.fromkeys(key for entry in sample for key in flat(entry))
    # one that few objects have may not be among the first
    late = [column for field, column in reading.columns.items() if field not in ("text", "role")]
    names = tuple(columns | dict.fromkeys(late))
    yield from table_items(Table(names, lambda: _rows(read()), is_part), reading)


def _rows(read: Iterator[Placed | Refused]) -> Iterator[AnyRow | Refused]:
    for found in read:
        if isinstance(found, Refused):
            yield found
        elif isinstance(found[1], dict):
            yield found[0], flat(found[1])
        else:
            where = found[0]
            yield Refused(where.line, "is not a JSON object", where.unit, where.file)


def flat(entry: Mapping[str, Any], before: str = "", depth: int = 0) -> dict[str, Any]:
    """Return an object without objects in it: `{"a": {"b": 1}}` has the key `a.b`."""
    found: dict[str, Any] = {}
    for key, value in entry.items():
        name = f"{before}{key}"
        if isinstance(value, dict) and depth < _DEEPEST:
            found |= flat(value, f"{name}.", depth + 1)
        elif isinstance(value, list):
            if value and all(isinstance(element, str) for element in value):
                found[name] = ", ".join(value)
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            found[name] = value
    return found


def _is_item(entry: Mapping[str, Any]) -> bool:
    return "text" in entry and entry.keys() <= {*FIELDS}


def _lists(found: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, list[Any]]]:
    """Yield the arrays of objects that an object holds, with where they stand."""
    for key, value in found.items():
        if isinstance(value, dict) and depth < _DEEPEST:
            yield from _lists(value, f"{path}{key}.", depth + 1)
        elif isinstance(value, list) and any(isinstance(element, dict) for element in value):
            yield f"{path}{key}", value


def _rank(found: list[Any], reading: Reading) -> tuple[bool, int]:
    """By which an array is chosen: whether it has the column that was named, then its length."""
    text = reading.columns.get("text")
    has = any(text in flat(entry) for entry in found[:SAMPLE] if isinstance(entry, dict))
    return has, len(found)


def _of_array(file: ExportFile) -> Iterator[Placed | Refused]:
    number = 0
    try:
        with file.open() as opened:
            for element in elements(opened):
                number += 1
                yield Refused(number, unit="item"), element
    except BrokenJSON as error:
        yield Refused(number + 1, str(error), "item")


def _of_list(found: list[Any], path: str, is_cut: bool) -> Iterator[Placed | Refused]:
    for number, element in enumerate(found, start=1):
        yield Refused(number, unit="item", file=path), element
    if is_cut:
        yield Refused(len(found) + 1, CUT, "item", path)


def _of_export(export: Mapping[str, Any], reading: Reading) -> Entries:
    items = export.get("items")
    if export.get("version") != 1:
        raise HistoryItemError(
            f"the export is of version {export.get('version')!r}, and this program reads 1; "
            "update it."
        )
    if not isinstance(items, list):
        raise HistoryItemError("the export holds no array of items; export it again.")
    return (
        record(item, Refused(number, unit="item"), reading)
        for number, item in enumerate(items, start=1)
    )


def _recognises(head: Head) -> bool:
    found = head.json
    if isinstance(found, dict):
        return found.get("format") == EXPORT or any(_lists(found))
    # a log whose lines begin with a time in brackets begins as an array of numbers
    return isinstance(found, list) and (
        not found or any(isinstance(element, dict) for element in found)
    )


READER = Reader(
    format="json",
    title="JSON with an array of items, or an export of this program",
    read=_read,
    recognises=_recognises,
    generic=True,
)
