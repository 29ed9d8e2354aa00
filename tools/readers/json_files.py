"""JSON files: an export of this project, an array of items, and arrays read element by element."""

import codecs
import json
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import Entries, Reader, Reading, Refused, record
from guided_profile.tools.readers.heads import Head

_LONGEST_ELEMENT = 64 * 2**20
"""The longest element of an array, in characters, that is read."""
EXPORT = "guided-profile-export"
"""The `format` of the file that `export_user` writes."""

_CHUNK = 2**16
_SPACE = " \t\r\n,"


def _number(digits: str) -> int | float:
    """Read a whole number of any length; Python refuses to read one of thousands of digits."""
    return int(digits) if len(digits) < 1000 else float(digits)


DECODER = json.JSONDecoder(parse_int=_number)


class BrokenJSON(Exception):
    """From here on, an array is not JSON: what came before was read."""


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    """Read a user's export, or an array of items.

    Raises:
        HistoryItemError: It is neither.
    """
    number = 0
    try:
        for element in _items(files[0]):
            number += 1
            yield record(element, Refused(number, unit="item"), reading)
    except BrokenJSON as error:
        yield Refused(number + 1, str(error), "item")


def _items(file: ExportFile) -> Iterator[Any]:
    with file.open() as opened:
        is_object = opened.read(_CHUNK).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")
    if not is_object:
        with file.open() as opened:
            yield from elements(opened)
        return
    export = whole(file)
    if export.get("format") != EXPORT or not isinstance(export.get("items"), list):
        raise HistoryItemError(
            f"the file is no {EXPORT!r}, and no array of items; name its kind with --format."
        )
    if export.get("version") != 1:
        raise HistoryItemError(
            f"the export is of version {export.get('version')!r}, and this program reads 1; "
            "update it."
        )
    yield from export["items"]


def whole(file: ExportFile) -> dict[str, Any]:
    """Return the JSON object that a file holds.

    Raises:
        HistoryItemError: It holds none, or is too large to be read as a whole.
    """
    name = file.name or "the file"
    try:
        read = DECODER.decode(file.read().decode("utf-8-sig", errors="surrogateescape"))
    except json.JSONDecodeError as error:
        raise HistoryItemError(
            f"{name} is not JSON, from line {error.lineno}, column {error.colno} on; export it "
            "again."
        ) from None
    except (ValueError, RecursionError):
        raise HistoryItemError(f"{name} is not JSON that can be read; export it again.") from None
    if not isinstance(read, dict):
        raise HistoryItemError(f"{name} holds no JSON object; name its kind with --format.")
    return read


def elements(file: BinaryIO) -> Iterator[Any]:
    """Yield the elements of a JSON array, one by one; a lone value is an element.

    Raises:
        BrokenJSON: From the next element on, it is not JSON.
    """
    text = codecs.getincrementaldecoder("utf-8-sig")(errors="surrogateescape")
    decode = DECODER.raw_decode
    buffer = text.decode(file.read(_CHUNK)).lstrip()
    lone = not buffer.startswith("[")
    position = 0 if lone else 1
    while True:
        while position < len(buffer) and buffer[position] in _SPACE:
            position += 1
        if not lone and buffer[position : position + 1] == "]":
            return
        try:
            element, position = decode(buffer, position)
        except RecursionError:
            raise BrokenJSON("is not JSON that can be read") from None
        except ValueError:
            buffer, position = buffer[position:], 0
            # twice as much each time: an element is not decoded over and over
            more = file.read(max(_CHUNK, len(buffer))) if len(buffer) < _LONGEST_ELEMENT else b""
            if not more:
                raise BrokenJSON("is not JSON, so it and what follows were not read") from None
            buffer += text.decode(more)
        else:
            yield element
            if lone:
                return


def _recognises(head: Head) -> bool:
    is_export = isinstance(head.json, dict) and head.json.get("format") == EXPORT
    return is_export or isinstance(head.json, list)


READER = Reader(
    format="json",
    title="JSON array of items, or an export of this program",
    read=_read,
    recognises=_recognises,
    generic=True,
)
