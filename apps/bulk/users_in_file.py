"""Users from a file of histories, whose profiles go to a file of results.

A line of JSONL is a user: `{"user_id": "ada", "history": ["two sugars", {"text": "oat milk",
"time": "2024-05-01"}]}`, or what `guided-profile export` prints, on one line. A Parquet file has
the columns `user_id` and `history`, a list of texts or of structs.
"""

import hashlib
from collections.abc import AsyncIterator, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from guided_profile.apps.bulk.base import BuildInput, BuildResult, Failed, cited
from guided_profile.apps.bulk.results import Results
from guided_profile.graph.context import Context
from guided_profile.graph.errors import DatasetError, GuidedProfileError, SettingsError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.cache import UserItems
from guided_profile.tools.history.records import by_id, checked_user
from guided_profile.tools.history.stored import Stored
from guided_profile.tools.readers.json_files import EXPORT
from guided_profile.tools.readers.records import Place, history_item, json_object, lines

ROWS = 256
"""How many rows of a Parquet file are in memory at once."""


class FileUsers:
    """The users of a file; what is made is appended to another one."""

    def __init__(self, path: Path, results: Results | None) -> None:
        """Take the two files.

        Args:
            path: Of the histories.
            results: Where profiles are and go; None: nothing is made.

        Raises:
            DatasetError: The file cannot be read.
            SettingsError: It is Parquet, and pyarrow is not installed.
        """
        self._path, self._results = path, results
        self._is_parquet = path.suffix.lower() == ".parquet"
        if self._is_parquet:
            self._count = int(_opened(path).metadata.num_rows)
        else:
            self._count = sum(1 for _ in lines(path))

    async def count(self) -> int:
        """Return how many records the file has."""
        return self._count

    async def inputs(self) -> AsyncIterator[BuildInput | Failed | None]:
        """Yield the users one by one; a wrong record is reported, and the others go on."""
        digests: dict[str, bytes] = {}
        records = _parquet(self._path) if self._is_parquet else lines(self._path)
        for number, record in records:
            unit = "row" if self._is_parquet else "line"
            yield self._input(Place(self._path, number, unit), record, digests)

    async def complete(self, user: BuildInput) -> BuildInput:
        """Return the user as they are: a file holds no vectors."""
        return user

    def release(self, user_id: str) -> None:
        """Do nothing: a file is this process's alone."""

    async def keep(self, made: BuildResult) -> bool:
        """Append what was made to the results."""
        if self._results:
            self._results.add(made)
        return True

    def _input(
        self, place: Place, record: str | dict[str, Any], digests: dict[str, bytes]
    ) -> BuildInput | Failed | None:
        user_id = ""
        try:
            fields = json_object(record, place) if isinstance(record, str) else record
            user_id = checked_user(place.text(fields, "user_id"))
            items = _items(place, fields)
            if _came_before(place, user_id, items, digests):
                return None
        except GuidedProfileError as error:
            where = f"{place.unit} {place.number}"
            return Failed(user_id, type(error).__name__, str(error), where)
        standing = self._results.standing(user_id) if self._results else None
        newest = Context(user_id=user_id).profile_items
        rests_on = cited(standing)
        older = tuple(item for item in items[:-newest] if item.id in rests_on)
        return BuildInput(user_id, tuple(items[-newest:]), standing, older)


def _came_before(
    place: Place, user_id: str, items: list[HistoryItem], digests: dict[str, bytes]
) -> bool:
    """Whether a user came with this very history, as where a file has a line for each question.

    Raises:
        DatasetError: The user came with another one.
    """
    ids = "\n".join(item.id for item in items).encode()
    digest = hashlib.blake2b(ids, digest_size=8).digest()
    before = digests.setdefault(user_id, digest)
    if before != digest:
        raise place.error(
            f"the user {user_id!r} came before with another history",
            "put all of a user's history into one record",
        )
    return before is not digest


def _items(place: Place, fields: dict[str, Any]) -> list[HistoryItem]:
    """Return the items of a record, each once, in the order of a history store."""
    name = "items" if fields.get("format") == EXPORT else "history"
    listed = [history_item(place, given) for given in place.field(fields, name, list)]
    stored = [Stored(item, number, 0) for number, item in enumerate(by_id(listed).values())]
    return [kept.item for kept in UserItems.of(stored, None).stored]


def _parquet(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    number = 0
    for batch in _opened(path).iter_batches(batch_size=ROWS):
        for row in batch.to_pylist():
            number += 1
            row["history"] = [_without_nulls(item) for item in row.get("history") or []]
            yield number, row


def _without_nulls(item: Any) -> Any:
    """Return an item of a column of structs without the fields that it leaves open."""
    if not isinstance(item, dict):
        return item
    return {name: value for name, value in item.items() if value is not None}


def _opened(path: Path) -> Any:
    try:
        arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError as error:
        raise SettingsError(
            "Parquet needs pyarrow: pip install 'guided-profile[ray]', or give JSON Lines."
        ) from error
    try:
        file: Any = parquet.ParquetFile(path)
    except OSError as error:
        reason = error.strerror or "it is no Parquet file"
        raise DatasetError(f"{path} cannot be read: {reason}; give its path.") from error
    except arrow.ArrowInvalid as error:
        raise DatasetError(f"{path} is no Parquet file, or cut short; write it again.") from error
    missing = sorted({"user_id", "history"} - set(file.schema_arrow.names))
    if missing:
        raise DatasetError(f"{path} has no column {missing[0]!r}; it needs user_id and history.")
    return file
