"""The files of data sets: their records, with their places, and the examples that they hold.

Nothing here or in a data set's own module downloads anything.
"""

import ast
import csv
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

from pydantic import ValidationError

from guided_profile.evals.datasets.examples import Example
from guided_profile.graph.errors import DatasetError
from guided_profile.tools.readers.json_files import BrokenJSON, elements
from guided_profile.tools.readers.records import (
    AGAIN,
    Place,
    json_object,
    lines,
    reasons,
    unzipped,
)


def json_lines(
    path: Path, *, python: bool = False, mend: str = AGAIN
) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Yield the JSON object on each line of a file, with its place.

    Args:
        path: The file, plain or gzipped.
        python: Whether a line may be a Python literal instead, as in old Amazon files.
        mend: What to do about a line that is wrong.

    Raises:
        DatasetError: A line is none, or the file is damaged or cut short.
    """
    for number, line in lines(path):
        place = Place(path, number, mend=mend)
        yield place, json_object(line, place, python=python)


def json_array(path: Path) -> Iterator[tuple[Place, dict[str, Any]]]:
    """Yield the objects of a file that holds one JSON array, however long, with their places.

    Raises:
        DatasetError: It holds none, or is cut short.
    """
    place = Place(path, 1, "entry")
    with unzipped(path) as file:
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


def csv_rows(path: Path, *, mend: str = AGAIN) -> Iterator[tuple[Place, dict[str, str]]]:
    """Yield the rows of a CSV file, without their empty cells, with the line that each ends on.

    Raises:
        DatasetError: It is no CSV, or a row has more or fewer cells than there are columns.
    """
    reader = csv.reader((line for _, line in lines(path)), strict=True)
    columns: list[str] = []
    while True:
        place = Place(path, reader.line_num + 1, mend=mend)
        try:
            row = next(reader, None)
        except csv.Error as error:
            raise place.error(
                f"it is no CSV ({error})",
                "mend it if it is cut off, or give JSON Lines, which take longer histories",
            ) from None
        if row is None:
            return
        if not columns:
            columns = row
        elif len(row) != len(columns):
            raise place.error(f"it has {len(row)} cells, and there are {len(columns)} columns")
        else:
            yield (
                place,
                {name: cell for name, cell in zip(columns, row, strict=True) if cell.strip()},
            )


def cell_value(place: Place, row: dict[str, str], name: str) -> Any:
    """Return what a cell of a CSV file holds: JSON, or a Python literal.

    Raises:
        DatasetError: It holds neither.
    """
    text = place.text(row, name)
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
    raise place.error(f"the cell of {name!r} is neither JSON nor a Python literal")


def texts(place: Place, values: Any, name: str) -> list[str]:
    """Return a list of texts, each without the space around it.

    Raises:
        DatasetError: It is no list, is empty, or holds something else.
    """
    if not isinstance(values, list) or not values:
        raise place.error(f"the field {name!r} is no list of texts")
    if not all(isinstance(text, str) and text.strip() for text in values):
        raise place.error(f"the field {name!r} holds something that is no text")
    return [text.strip() for text in values]


def objects(place: Place, values: Any, name: str) -> list[dict[str, Any]]:
    """Return a list of objects, empty if it is missing.

    Raises:
        DatasetError: It is something else.
    """
    if values is None:
        return []
    if not isinstance(values, list) or not all(isinstance(entry, dict) for entry in values):
        raise place.error(f"the field {name!r} is no list of objects")
    return values


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
        raise DatasetError(f"{path} is not JSON that can be read; {AGAIN}.") from None


def example(place: Place, **fields: Any) -> Example:
    """Return the example that a record holds.

    Raises:
        DatasetError: It cannot be one.
    """
    try:
        return Example(**fields)
    except ValidationError as error:
        raise place.error(f"it is no example ({reasons(error)})") from None


def shuffled(options: Iterable[str], key: str) -> tuple[str, ...]:
    """Return different options in an order that the key draws: the same every time."""
    found = list(dict.fromkeys(options))
    Random(key).shuffle(found)
    return tuple(found)


def only(paths: Sequence[Path], what: str) -> Path:
    """Return the one file of a data set that has one.

    Raises:
        DatasetError: There are none, or several.
    """
    if len(paths) != 1:
        raise DatasetError(f"{len(paths)} files were given; give one: {what}.")
    return paths[0]


def inside(paths: Sequence[Path], *names: str) -> list[Path]:
    """Return the files of a data set that has several, given by their folder or one by one.

    Raises:
        DatasetError: One is missing.
    """
    given = [file for path in paths for file in (path.iterdir() if path.is_dir() else [path])]
    by_name = {path.name: path for path in given}
    missing = [name for name in names if name not in by_name]
    if missing:
        raise DatasetError(f"{', '.join(missing)} is not there; give {' and '.join(names)}.")
    return [by_name[name] for name in names]
