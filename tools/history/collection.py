"""The items of a history, as they stand in its collections: read, written and deleted here."""

import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import zip_longest
from operator import methodcaller
from typing import Any

import numpy as np

from guided_profile.graph.errors import HistoryError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.embedders.base import Vector
from guided_profile.tools.history import records
from guided_profile.tools.history.cache import UserItems
from guided_profile.tools.history.failures import ROOM, ROOM_TO_DELETE
from guided_profile.tools.history.folder import Folder
from guided_profile.tools.history.records import chunks
from guided_profile.tools.history.shards import Shards
from guided_profile.tools.history.stored import Stored, all_stored, without_collections
from guided_profile.tools.history.within_request import latest_needed

PAGE = 5000
"""How many items are asked for by id, or read, in one request."""


class ItemCollection(Shards):
    """The items of one store, read and written user by user."""

    _sequence = 0

    def load(self, user_id: str, *, vectors: bool) -> UserItems:
        """Return all items of a user.

        Args:
            user_id: Whose.
            vectors: Whether their vectors are wanted.
        """
        if not self.check():
            return UserItems.of([], None)
        cache, began = self.connection.cache, time.monotonic()
        kept = self._at_hand(user_id)
        if kept and kept.suffices(vectors=vectors):
            return kept
        version = cache.version(user_id)
        items = self._brought_up_to_date(user_id)
        if items is None or not items.suffices(vectors=vectors):
            items = (
                self._whole(user_id, kept) if vectors else UserItems.of(self._read(user_id), None)
            )
        cache.keep(user_id, items, version, began)
        return items

    def has_at_hand(self, user_id: str, most: int) -> bool:
        """Whether all of a user's items are in memory and no more than so many."""
        kept = self._at_hand(user_id)
        return kept is not None and kept.is_at_hand(most)

    def _at_hand(self, user_id: str) -> UserItems | None:
        """Return what is in memory of a user, if it is new enough."""
        since = latest_needed() if self.connection.is_server else 0.0
        return self.connection.cache.get(user_id, since)

    def _brought_up_to_date(self, user_id: str) -> UserItems | None:
        """Return what is in memory of a user of a server, with what others did to it since.

        None: nothing is in memory. The vectors are left out if those of new items are not there.
        """
        kept = self.connection.cache.get(user_id) if self.connection.is_server else None
        if kept is None:
            return None
        stored = self._read(user_id)
        goes, comes = kept.changes_to(stored)
        left = kept.minus(goes) if goes else kept
        if not comes:
            return left
        rows = None if kept.vectors is None else self._vectors_of(user_id, comes)
        return UserItems.of(stored, None) if rows is None else left.plus(comes, rows)

    def _vectors_of(self, user_id: str, stored: Sequence[Stored]) -> Vector | None:
        """Return the vectors of a few items of a user, or None if not all of them are there."""
        if len(stored) > PAGE:
            return None
        of_them = records.record_ids(user_id, (entry.id for entry in stored))
        got = self._get(user_id, ids=of_them, include=["embeddings"])
        there = dict(zip(got["ids"], got["embeddings"], strict=True))
        if len(there) < len(of_them):  # one was deleted meanwhile
            return None
        rows = np.asarray([there[record] for record in of_them], np.float32)
        return None if _not_theirs(rows, stored) else rows

    def by_ids(self, user_id: str, ids: Iterable[str], *, now: bool = True) -> dict[str, Stored]:
        """Return those of a user's items that are there, by id.

        Args:
            user_id: Whose.
            ids: Of which items.
            now: Whether they must be as they are now, whoever writes.
        """
        kept = None if now and self.connection.is_server else self._at_hand(user_id)
        if kept:
            return {id_: kept.stored[kept.rows[id_]] for id_ in ids if id_ in kept.rows}
        there: dict[str, Stored] = {}
        wanted = dict.fromkeys(ids)  # Chroma refuses an id that comes twice
        for page in chunks(wanted if self.check() else (), PAGE):
            got = self._get(
                user_id,
                ids=records.record_ids(user_id, page),
                include=["metadatas"],
            )
            there |= {entry.id: entry for entry in _stored(user_id, got)}
        return there

    def ids(self, user_id: str) -> list[str]:
        """Return the ids of a user's items, even if the items themselves cannot be read."""
        if not self.check():
            return []
        got = self._get(user_id, where=records.where(user_id), include=[])
        return [records.item_id(record) for record in got["ids"]]

    def users(self) -> set[str]:
        """Return the ids of all users that have items."""
        known: set[str] = set()
        for shard in range(self.binding.shards if self.check() else 0):
            offset = 0
            while page := self._ask(
                self._name(shard),
                "read",
                methodcaller("get", limit=PAGE, offset=offset, include=["metadatas"]),
            )["metadatas"]:
                known.update(metadata["user"] for metadata in page)
                offset += len(page)
        return known

    def write(
        self, user_id: str, items: Sequence[HistoryItem], vectors: Mapping[str, Vector]
    ) -> None:
        """Write a user's items, all or none of them."""
        if not items:
            return
        if isinstance(self.connection, Folder):
            written = sum(len(item.text.encode()) + vectors[item.id].nbytes for item in items)
            self.connection.check_room(ROOM + 8 * written)
        name = self._made(user_id, len(vectors[items[0].id]))
        with self._failures("written"):
            size = self.connection.client.get_max_batch_size()
        stored: list[Stored] = []
        rows = np.stack([vectors[item.id] for item in items])
        try:
            for start in range(0, len(items), size):
                chunk = items[start : start + size]
                beside = rows[start : start + size]
                stored += [
                    Stored(item, self._next(), records.checksum(row))
                    for item, row in zip(chunk, beside, strict=True)
                ]
                add = methodcaller(
                    "add",
                    ids=records.record_ids(user_id, (item.id for item in chunk)),
                    embeddings=beside,
                    metadatas=[
                        records.metadata_of(user_id, entry.item, entry.sequence, entry.checksum)
                        for entry in stored[start:]
                    ],
                )
                self._ask(name, "written", add, noted=True)
        except HistoryError:
            self.connection.cache.drop(user_id)
            with suppress(HistoryError):  # the first error is the one to report
                self.erase(user_id, [entry.id for entry in stored])
            raise
        self.connection.cache.change(user_id, lambda kept: kept.plus(stored, rows))

    def change(self, user_id: str, entries: Sequence[Stored]) -> None:
        """Write what changed of a user's items beside their text; their vectors stay."""
        if entries and isinstance(self.connection, Folder):
            self.connection.check_room(ROOM)
        for page in chunks(entries, PAGE):
            write = methodcaller(
                "update",
                ids=records.record_ids(user_id, (entry.id for entry in page)),
                metadatas=[
                    records.metadata_of(user_id, entry.item, entry.sequence, entry.checksum)
                    for entry in page
                ],
            )
            try:
                self._ask(self._name_for(user_id), "written", write, noted=True)
            finally:
                self.connection.cache.drop(user_id)

    def erase(self, user_id: str, ids: Sequence[str]) -> None:
        """Delete a user's items, and from the files of a folder what they said.

        The index marks what is deleted and keeps its vector, so vectors are written over first.
        Without ids, what an earlier deletion left behind when it failed is taken out of the files.
        """
        connection = self.connection
        folder = connection if isinstance(connection, Folder) else None
        if not self.check() or not (ids or (folder and folder.unfinished)):
            return
        filler = np.eye(1, self.binding.dimension, dtype=np.float32)
        name = self._name_for(user_id)
        connection.cache.drop(user_id)
        if folder:
            folder.check_room(ROOM_TO_DELETE)
            folder.erasing(True)
        size = min(PAGE, connection.client.get_max_batch_size())
        try:
            for page in chunks(ids, size):
                gone = records.record_ids(user_id, page)
                over = methodcaller("update", ids=gone, embeddings=np.repeat(filler, len(gone), 0))
                self._ask(name, "deleted from", over, noted=True)
                self._ask(name, "deleted from", methodcaller("delete", ids=gone), noted=True)
            # Chroma keeps the last change of a collection in its database: let it be one of nobody
            nobody = methodcaller("update", ids=["-1", "-2"], embeddings=np.repeat(filler, 2, 0))
            self._ask(name, "deleted from", nobody, noted=True)
        finally:
            connection.cache.drop(user_id)  # others may have read, and kept, what was there midway
        if folder:
            if not self._ask(name, "read", methodcaller("count")):
                folder.drop(name)
            folder.scrub()

    def _read(self, user_id: str) -> list[Stored]:
        stored = self._stored_in_files(user_id)
        if stored is not None:
            return stored
        got = self._get(user_id, where=records.where(user_id), include=["metadatas"])
        return _stored(user_id, got)

    def _stored_in_files(self, user_id: str) -> list[Stored] | None:
        """Return a user's items as a folder's files have them; None: Chroma has to be asked."""
        folder, name = self.connection, self._name_for(user_id)
        if not isinstance(folder, Folder):
            return None
        self._look_at(name)
        folder.awake()
        with self._failures("read"), folder.gate.alone(), without_collections():
            rows = folder.files.items_of(name, user_id)
        if rows is None:
            return None
        return all_stored(*zip(*rows, strict=True)) if rows else []

    def _whole(self, user_id: str, kept: UserItems | None) -> UserItems:
        """Return a user's items with their vectors; those are mended if they are not theirs.

        Args:
            user_id: Whose.
            kept: The items without, if they are in memory.
        """
        items = self._matching_in_files(user_id, kept) or self._matching(user_id)
        if items is None and self.connection.is_server:  # somebody may have been writing
            items = self._matching(user_id)
        if items is None and not self.connection.is_server:
            with self.connection.writing:  # a deletion may have been under way
                items = self._matching(user_id)
                if items is None:
                    self._rebuild(self._name_for(user_id), "has vectors that are not its items'")
                    items = self._matching(user_id)
        if items is None:
            raise HistoryError(
                f"the history in {self.connection.place} has vectors that are not its items'; "
                "bring the items to another place with HistoryStore.copy_to."
            )
        return items

    def _matching_in_files(self, user_id: str, kept: UserItems | None) -> UserItems | None:
        """Return a user's items with their vectors from a folder's files, if all are there."""
        folder = self.connection
        if not isinstance(folder, Folder):
            return None
        stored = kept.stored if kept else self._stored_in_files(user_id)
        if stored is None:
            return None
        items = kept or UserItems.of(stored, None)
        of_them = records.record_ids(user_id, (entry.id for entry in items.stored))
        name = self._name_for(user_id)
        with self._failures("read"), folder.gate.shared():
            rows = folder.files.vectors_of(name, self.binding.dimension, of_them)
        others = _not_theirs(rows, items.stored)
        if others and len(others) <= PAGE:  # Chroma has the last of them in memory alone
            got = self._get(user_id, ids=[of_them[row] for row in others], include=["embeddings"])
            there = dict(zip(got["ids"], got["embeddings"], strict=True))
            for row in others:
                rows[row] = there.get(of_them[row], 0)
            others = _not_theirs(rows, items.stored)
        return None if others else replace(items, vectors=rows if items.stored else None)

    def _matching(self, user_id: str) -> UserItems | None:
        """Return a user's items with their vectors, or None if they do not belong together."""
        include = ["metadatas", "embeddings"]
        got = self._get(user_id, where=records.where(user_id), include=include)
        stored = _stored(user_id, got)
        if not stored:
            return UserItems.of([], None)
        rows = np.asarray(got["embeddings"], dtype=np.float32)
        return None if _not_theirs(rows, stored) else UserItems.of(stored, rows)

    def _get(self, user_id: str, **query: Any) -> Mapping[str, Any]:
        got: Mapping[str, Any] = self._ask(
            self._name_for(user_id), "read", methodcaller("get", **query)
        )
        return got

    def _next(self) -> int:
        """Return a number that rises with every item: the clock's, or one more than the last."""
        self._sequence = max(self._sequence + 1, time.time_ns())
        return self._sequence


def _not_theirs(rows: Vector, stored: Sequence[Stored]) -> list[int]:
    """Return the rows that are not the items' vectors, by their checksums."""
    wanted = [entry.checksum for entry in stored]
    found = records.checksums(rows) + [-1] * (len(wanted) - len(rows))
    if found == wanted:
        return []
    both = zip_longest(found, wanted)
    return [row for row, (actual, expected) in enumerate(both) if actual != expected]


def _stored(user_id: str, got: Mapping[str, Any]) -> list[Stored]:
    """Return the items that Chroma answered with; they are the user's, or that is an error."""
    if any(metadata["user"] != user_id for metadata in got["metadatas"]):
        raise HistoryError("Chroma answered with the items of another user; nothing was used.")
    return all_stored(got["ids"], [metadata["item"] for metadata in got["metadatas"]])
