"""The files of data sets, plain or gzipped, read record by record, with errors that name the place.

Nothing here or in a data set's own module downloads anything: the files are given, and an error
says what to do about one that is wrong or cut short. Errors hold no text of a file.
"""

import ast
import gzip
import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from pydantic import ValidationError

from guided_profile.evals.datasets.examples import Example
from guided_profile.graph.errors import DatasetError
from guided_profile.graph.state import HistoryItem
from guided_profile.tools.readers.json_files import BrokenJSON, elements

LONGEST_LINE = 2**26
"""Bytes; a longer line is no line of any of these files."""
LONGEST_TEXT = 20_000
"""Characters that a history item holds; a longer text is cut off there."""

_AGAIN = "fetch the file again from its owner"
_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record stands in a file."""

    path: Path
    number: int
    """From 1."""
    unit: str = "line"
    """What `number` counts."""

    def error(self, what: str, do: str = _AGAIN) -> DatasetError:
        """Return an error that names the place."""
        return DatasetError(f"{self.path}, {self.unit} {self.number}: {what}; {do}.")

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
        return text

    def item(self, text: str, **fields: Any) -> HistoryItem:
        """Return a history item, its text cut off where items end.

        Raises:
            DatasetError: It cannot be one.
        """
        try:
            return HistoryItem(text=text[:LONGEST_TEXT], **fields)
        except ValidationError as error:
            raise self.error(f"a history item is wrong ({_reasons(error)})") from None

    def example(self, **fields: Any) -> Example:
        """Return an example.

        Raises:
            DatasetError: It cannot be one.
        """
        try:
            return Example(**fields)
        except ValidationError as error:
            raise self.error(f"it is no example ({_reasons(error)})") from None


def _reasons(error: ValidationError) -> str:
    """Say what is wrong without the values."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    parts = (f"{'.'.join(map(str, one['loc']))} {one['msg']}" for one in found)
    return ", ".join(part.replace("Value error, ", "").strip() for part in parts)


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
    with _opened(path) as file:
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
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as raw:
            zipped = path.suffix == ".gz"
            yield gzip.GzipFile(fileobj=raw) if zipped else raw  # type: ignore[misc]
    except OSError as error:
        if error.errno is None:  # what gzip says of a file that is none
            raise DatasetError(f"{path} is no gzip file; {_AGAIN}.") from error
        raise DatasetError(f"{path} cannot be read: {error.strerror}; give its path.") from error


def json_lines(path: Path, *, python: bool = False) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Yield the JSON object on each line of a file, with its place.

    Args:
        path: The file, plain or gzipped.
        python: Whether a line may be a Python literal instead, as in old Amazon files.

    Raises:
        DatasetError: A line is none, or the file is damaged or cut short.
    """
    for number, line in lines(path):
        place = Place(path, number)
        yield place, json_object(line, place, python=python)


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


def json_array(path: Path) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Yield the objects of a file that holds one JSON array, however long, with their places.

    Raises:
        DatasetError: It holds none, or is cut short.
    """
    place = Place(path, 1, "entry")
    with _opened(path) as file:
        try:
            for number, element in enumerate(elements(file), start=1):
                if not isinstance(element, dict):
                    raise Place(path, number, "entry").error("it is no JSON object")
                yield Place(path, number, "entry"), element
                place = Place(path, number + 1, "entry")
        except BrokenJSON:
            raise place.error("from here on it is not JSON; it may be cut off") from None
        except EOFError:
            raise place.error("the gzip file is cut short here") from None
        except zlib.error:
            raise place.error("the gzip file is damaged here") from None


def json_file(path: Path) -> Any:
    """Return what a JSON file holds.

    Raises:
        DatasetError: It holds no JSON, or is cut short.
    """
    text = "".join(line for _, line in lines(path))
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise Place(path, error.lineno).error("from here on it is not JSON") from None
    except (ValueError, RecursionError):
        raise DatasetError(f"{path} is not JSON that can be read; {_AGAIN}.") from None


def only(paths: Sequence[Path], what: str) -> Path:
    """Return the one file of a data set that has one.

    Raises:
        DatasetError: There are none, or several.
    """
    if len(paths) != 1:
        raise DatasetError(f"{len(paths)} files were given; give one: {what}.")
    return paths[0]
