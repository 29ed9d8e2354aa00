"""The objects of exports in JSON: of an array, or of arrays that an object holds."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, BinaryIO

from pydantic_core import from_json

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import Refused
from guided_profile.tools.readers.json_files import BrokenJSON, elements, whole
from guided_profile.tools.readers.lines import numbered_lines

Found = tuple[Refused, dict[str, Any]]
"""Where an object stands, and the object."""
_HEAD = 4096
_CHUNK = 2**20
_LONGEST_KEY = 200
CUT = "is cut short, so it and what follows were not read"


def objects(file: ExportFile, *keys: str) -> Iterator[Found | Refused]:
    """Yield the objects of a file that is an array, or of the arrays under an object's keys.

    Of a file that is cut short, those before the cut are yielded, then where it is.

    Args:
        file: A JSON file, or a script like `window.YTD.tweets.part0 = [`.
        keys: The keys; none: all whose values are arrays.
    """
    number = 0
    try:
        for element in _elements(file, keys):
            number += 1
            where = Refused(number, unit="item", file=file.name)
            if isinstance(element, dict):
                yield where, element
            else:
                yield replace(where, reason="is not a JSON object")
    except BrokenJSON as error:
        yield Refused(number + 1, str(error), "item", file.name)


def line_objects(file: ExportFile) -> Iterator[Found | Refused]:
    """Yield the objects of a file of JSON lines; or why a line is none."""
    for number, line in numbered_lines(file):
        where = Refused(number, file=file.name)
        if isinstance(line, Refused):
            yield replace(line, file=file.name)
            continue
        try:
            found = from_json(line)
        except ValueError:
            yield replace(where, reason="is not JSON")
            continue
        yield (where, found) if isinstance(found, dict) else replace(where, reason="is no object")


def _elements(file: ExportFile, keys: Sequence[str]) -> Iterator[Any]:
    with file.open() as opened:
        start = opened.read(_HEAD)
        before = start.find(b"[")
        is_script = start.lstrip(b"\xef\xbb\xbf \r\n\t")[:1] not in b"[{" and before >= 0
        if is_script or start.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"["):
            yield from elements(_from(opened, before if is_script else 0))
            return
    if len(keys) == 1:
        # in a text, the quotation mark before the colon would stand behind a backslash
        named = re.compile(rb'"' + re.escape(keys[0]).encode() + rb'"\s*:\s*\[')
        if begin := array_after(file, named):
            with file.open() as opened:
                yield from elements(_from(opened, begin))
            return
    found, is_cut = object_of(file)
    lists = [value for key, value in found.items() if isinstance(value, list) and _is_of(key, keys)]
    for value in lists:
        yield from value
    if is_cut:
        raise BrokenJSON(CUT)


def elements_after(file: ExportFile, named: re.Pattern[bytes]) -> Iterator[Any]:
    """Yield the elements of the array that begins at the end of a pattern.

    Raises:
        BrokenJSON: From the next element on, it is not JSON.
    """
    begin = array_after(file, named)
    with file.open() as opened:
        yield from elements(_from(opened, begin))


def array_after(file: ExportFile, named: re.Pattern[bytes]) -> int:
    """Return where the array begins with whose first bracket a pattern ends; 0: there is none."""
    before = b""
    read = 0
    with file.open() as opened:
        while data := opened.read(_CHUNK):
            if found := named.search(before + data):
                return read - len(before) + found.end() - 1
            read += len(data)
            before = (before + data)[-_LONGEST_KEY:]
    return 0


def _is_of(key: str, keys: Sequence[str]) -> bool:
    return not keys or key in keys


def _from(opened: BinaryIO, position: int) -> BinaryIO:
    opened.seek(0)
    opened.read(position)
    return opened


def object_of(file: ExportFile, *keys: str) -> tuple[dict[str, Any], bool]:
    """Return the object that a file holds, and whether it is cut short.

    Of one that is, the last element of the last array is taken out, since it may be a part of one:
    of the innermost array under one of the keys, or without keys the outermost one.

    Raises:
        HistoryItemError: It holds none, or is broken before its end.
    """
    try:
        return whole(file), False
    except HistoryItemError:
        try:
            found = from_json(file.read(), allow_partial=True)
        except ValueError:
            found = None
        if isinstance(found, dict):
            if last := _last_array(found, keys):
                last.pop()
            return found, True
        raise


def _last_array(found: Any, keys: Sequence[str]) -> list[Any] | None:
    last: list[Any] | None = None
    key = ""
    while isinstance(found, dict | list) and found:
        if isinstance(found, list):
            last = found if key in keys or (not keys and last is None) else last
            found = found[-1]
        else:
            key, found = list(found.items())[-1]
    return last


def text_in(found: Any) -> str:
    """Return a value that is text, without the space around it; any other is empty."""
    return found.strip() if isinstance(found, str) else ""


def dict_in(found: Any) -> dict[str, Any]:
    """Return a value that is an object; any other is empty."""
    return found if isinstance(found, dict) else {}


def dicts_in(found: Any) -> list[dict[str, Any]]:
    """Return the objects of a value that is a list; any other has none."""
    return (
        [element for element in found if isinstance(element, dict)]
        if isinstance(found, list)
        else []
    )
