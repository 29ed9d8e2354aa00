"""JSON files: read whole, and arrays read element by element."""

import codecs
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.archive import ExportFile

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
