"""Files of records, plain or gzipped, read record by record, with errors that name the place.

Nothing here downloads anything: the files are given, and an error says what to do about one that is
wrong or cut short. Errors hold no text of a file.
"""

import ast
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from pydantic import ValidationError

from guided_profile.graph.errors import DatasetError
from guided_profile.graph.records import LONGEST_TEXT, HistoryItem
from guided_profile.tools.readers.base import FIELDS

LONGEST_LINE = 2**26
"""Bytes; a longer line is no line of any of these files."""

AGAIN = "fetch the file again from its owner"
MEND = "mend it"
"""What to do about a file of one's own."""
_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands in a file."""

    path: Path
    number: int
    """From 1."""
    unit: str = "line"
    """What `number` counts."""
    mend: str = AGAIN
    """What to do where nothing else is said."""

    def error(self, what: str, do: str = "") -> DatasetError:
        """Return an error that names the place."""
        return DatasetError(f"{self.path}, {self.unit} {self.number}: {what}; {do or self.mend}.")

    def field(self, record: Mapping[str, Any], name: str, kind: type[_Kind]) -> _Kind:
        """Return a field of a record.

        Raises:
            DatasetError: It is not there, or of another kind.
        """
        if name not in record:
            raise self.error(f"the field {name!r} is missing")
        value = record[name]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.error(f"the field {name!r} is no {kind.__name__}")
        return value

    def optional(self, record: Mapping[str, Any], name: str, kind: type[_Kind]) -> _Kind:
        """Return a field of a record, an empty one if it is not there.

        Raises:
            DatasetError: It is of another kind.
        """
        return self.field(record, name, kind) if record.get(name) else kind()

    def text(self, record: Mapping[str, Any], name: str) -> str:
        """Return a field as text: a text that is not blank, or a number written out.

        Raises:
            DatasetError: It is not there, blank, or something else.
        """
        value = record.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        text = value.strip() if isinstance(value, str) else ""
        if not text:
            raise self.error(f"the field {name!r} is missing, or holds no text")
        try:
            text.encode()
        except UnicodeEncodeError:
            raise self.error(f"the field {name!r} holds half a character") from None
        return text

    def item(self, text: str, **fields: Any) -> HistoryItem:
        """Return a history item, its text cut off where items end.

        Raises:
            DatasetError: It cannot be one.
        """
        try:
            return HistoryItem(text=text[:LONGEST_TEXT], **fields)
        except ValidationError as error:
            raise self.error(f"a history item is wrong ({reasons(error)})") from None


def reasons(error: ValidationError) -> str:
    """Say what is wrong without the values."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    each = (f"{'.'.join(map(str, wrong['loc']))} {wrong['msg']}" for wrong in found)
    return ", ".join(words.replace("Value error, ", "").strip() for words in each)


def lines(path: Path, *, encoding: str = "utf-8", ended: bool = False) -> Iterator[tuple[int, str]]:
    """Yield a file's lines that are not blank, with their numbers; one that ends in `.gz` too.

    Args:
        path: The file.
        encoding: How its text is written.
        ended: Whether its owner ends the last line too, so that one left open was cut off.

    Raises:
        DatasetError: It cannot be read, is damaged, or cut short.
    """
    number = 0
    with unzipped(path) as file:
        while True:
            place = Place(path, number + 1)
            raw = _next_line(file, place)
            if not raw:
                return
            number += 1
            if ended and not raw.endswith(b"\n"):
                raise place.error("the file ends in the middle of this line")
            try:
                line = raw.decode("utf-8-sig" if number == 1 and encoding == "utf-8" else encoding)
            except UnicodeDecodeError:
                raise place.error(f"it is not {encoding.upper()}") from None
            if line.strip():
                yield number, line


def _next_line(file: BinaryIO, place: Place) -> bytes:
    try:
        line = file.readline(LONGEST_LINE + 1)
    except EOFError:
        raise place.error("the gzip file is cut short here") from None
    except (zlib.error, gzip.BadGzipFile):
        raise place.error("the gzip file is damaged here") from None
    if len(line) > LONGEST_LINE:
        raise place.error("it is no line of text; is this the right file?", "give the right file")
    return line


@contextmanager
def unzipped(path: Path) -> Iterator[BinaryIO]:
    """Open a file, whose content is unzipped if its name ends in `.gz`.

    Raises:
        DatasetError: It cannot be read, or is no gzip file.
    """
    try:
        with path.open("rb") as raw:
            zipped = path.suffix == ".gz"
            yield gzip.GzipFile(fileobj=raw) if zipped else raw  # type: ignore[misc]
    except OSError as error:
        if error.errno is None:  # what gzip says of a file that is none
            raise DatasetError(f"{path} is no gzip file; {AGAIN}.") from error
        raise DatasetError(f"{path} cannot be read: {error.strerror}; give its path.") from error


def json_object(text: str, place: Place, *, python: bool = False) -> dict[str, Any]:
    """Return the JSON object that a text holds.

    Raises:
        DatasetError: It holds none.
    """
    found: Any = None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        if python:
            found = _literal(text)
    if not isinstance(found, dict):
        kinds = "JSON object, nor a Python one" if python else "JSON object"
        raise place.error(f"it is no {kinds}; it may be cut off")
    return found


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def history_item(place: Place, entry: object) -> HistoryItem:
    """Return an item of a history: a text, or an object with one.

    Raises:
        DatasetError: It is neither, or has a field that items do not have.
    """
    if isinstance(entry, str):
        entry = {"text": entry}
    if not isinstance(entry, dict):
        raise place.error("an item of 'history' is neither a text nor an object", "mend it")
    unknown = sorted(set(entry) - set(FIELDS))
    if unknown:
        raise place.error(f"an item of 'history' has {unknown}", f"it may have {list(FIELDS)}")
    text = place.text(entry, "text")
    return place.item(text, **{name: value for name, value in entry.items() if name != "text"})
