"""The files of data sets: their records, with their places, and the examples that they hold.

Nothing here or in a data set's own module downloads anything.
"""

import json
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
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


def only(paths: Sequence[Path], what: str) -> Path:
    """Return the one file of a data set that has one.

    Raises:
        DatasetError: There are none, or several.
    """
    if len(paths) != 1:
        raise DatasetError(f"{len(paths)} files were given; give one: {what}.")
    return paths[0]
