"""Where history is kept: Chroma, reached through one class.

Users are spread over 512 Chroma collections, and every read, write and deletion is filtered by
the user. A user's history is small beside everybody's, so a search takes all of the user's vectors
and ranks them exactly. Measured (`evals.benches.history`): Chroma filters by reading the whole
collection, 14 ms in 160,000 items, and 1 ms in 4,000 beside as many; a value of metadata is a row,
so an item is one JSON value and not seven, which reads four times as fast; and 25 to 40 µs go into
every vector that Chroma hands out, so the users who are being served are kept in memory, within
`cache.CACHE_BYTES`.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self, TypeVar

from guided_profile.graph.context import Recall
from guided_profile.graph.errors import HistoryError, QuestionError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.embedders.advice import suggest_multilingual
from guided_profile.tools.embedders.base import Vector
from guided_profile.tools.history import records
from guided_profile.tools.history.failures import WriteRetries
from guided_profile.tools.history.records import Filter
from guided_profile.tools.history.stored import Stored
from guided_profile.tools.history.text_vectors import EmbedderLike, NoEmbedder, TextVectors
from guided_profile.tools.safety.secrets import without_secrets
from guided_profile.tools.search.ranking import cosines_of, rank
from guided_profile.tools.text.language import language_of

if TYPE_CHECKING:
    from guided_profile.tools.history.connection import Connection


@dataclass(frozen=True, slots=True)
class Added:
    """What became of the items that were handed in, by id, in their order."""

    added: tuple[str, ...]
    duplicates: tuple[str, ...]
    """Those that were there already, or came twice in the same call."""


@dataclass(frozen=True, slots=True)
class Found:
    """An item, and how near in meaning it is to what was looked for."""

    item: HistoryItem
    score: float
    """Cosine, -1 to 1; it is one of the things that decide the order. 0 if `Recall.dense` is
    off."""


AT_HAND = 500
"""So many items, in memory, are read in less time than handing that to a thread may take."""
FEW = 8
"""So many items are added as they come from a conversation; more come from a file."""

Items = list[HistoryItem]  # aliases, since `list` is a method where they are used
Ids = list[str]
Finds = list[Found]
T = TypeVar("T")


class HistoryStore(TextVectors):
    """The history of all users.

    Every method blocks; async code calls them with `asyncio.to_thread`, or in `reading`. Threads
    may share a store. All of them raise HistoryError if Chroma fails, and QuestionError if the
    user's id is blank.
    """

    def __init__(self, embedder: EmbedderLike, connection: "Connection") -> None:
        from guided_profile.tools.history.collection import ItemCollection  # see `open`

        super().__init__(embedder)
        self._collection = ItemCollection(embedder.id, connection, self._rows)
        self._writing = connection.writing
        self._retries = WriteRetries()

    @classmethod
    def open(
        cls, embedder: EmbedderLike | None, *, path: Path | None = None, url: str | None = None
    ) -> Self:
        """Open the history in a folder, which is made if there is none, or on a Chroma server.

        A folder is for one process, whose stores on it share a connection; a server is for many.

        Args:
            embedder: The one that the store was written with; None: any, to read and to delete.
            path: The folder of an embedded store.
            url: The URL of a Chroma server.

        Raises:
            SettingsError: Neither or both of `path` and `url` are given, or the URL is none.
            StoreInUseError: Another process holds the folder.
            EmbedderMismatchError: The store was written with another embedder.
            HistoryError: The folder cannot be used, or no server answers.
        """
        from guided_profile.tools.history.connect import connect  # Chroma is slow to import

        store = cls(embedder or NoEmbedder(), connect(path, url))
        try:
            store._collection.check()
        except HistoryError:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Release the folder or the server; closing twice does nothing."""
        self._collection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def add(
        self, user_id: str, items: Iterable[HistoryItem], *, as_they_are: bool = False
    ) -> Added:
        """Add items to a user's history; those that it has already are reported, and left alone.

        One that was withdrawn is in use again, and reported as added. Secrets in texts are masked:
        every way into the history leads through here and `replace`. See `safety.secrets` for what
        becomes of the ids.

        Args:
            user_id: Whose.
            items: What to add.
            as_they_are: Mask nothing: they are copied from another store, or were masked before.

        When this returns, the items are on disk. When it raises, none of them was added, unless
        Chroma itself failed in the middle of a write and of taking it back: then adding them again
        adds what is missing.

        Raises:
            HistoryItemError: An id is taken by an item that says something else.
            EmbedderMismatchError: The embedder's vectors have another dimension than the store's.
            ModelError: The embedder answered with nonsense.
        """
        given = records.items_of(items)
        given = given if as_they_are else without_secrets(given)[0]
        return self.patiently(lambda: self._add(user_id, given))

    def replace(self, user_id: str, items: Iterable[HistoryItem]) -> None:
        """Put items in the place of those that have their ids: each says what it now says.

        Secrets in their texts are masked.

        They are embedded before the old ones are deleted. If Chroma fails between the two, the old
        ones are gone, and doing it again adds the new ones.

        Raises:
            ModelError: The embedder answered with nonsense; nothing was replaced.
        """
        edited = records.by_id(without_secrets(records.items_of(items))[0])

        def write() -> None:
            vectors = self._embed([*edited.values()])
            with self._writing:
                self._collection.erase(user_id, list(self._by_ids(user_id, edited)))
                self._collection.write(user_id, [*edited.values()], vectors)

        if edited:
            self.patiently(write)

    def get(self, user_id: str, ids: Iterable[str], *, now: bool = True) -> Items:
        """Return a user's items by id, in the order of the ids; those not there are left out.

        Args:
            user_id: Whose.
            ids: Of which items.
            now: Whether they must be as they are now, whoever writes; else it is enough, on a
                Chroma server, as they were when the request began (`within_request`).
        """
        wanted = list(ids)
        there = self._by_ids(user_id, wanted, now=now)
        return [there[id_].item for id_ in wanted if id_ in there]

    def list(
        self,
        user_id: str,
        *,
        source: str | None = None,
        category: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        newest: int | None = None,
        withdrawn: bool = False,
    ) -> Items:
        """Return a user's items in order of time, those without a time first, then of insertion.

        Args:
            user_id: Whose.
            source: Only items of this source.
            category: Only items of this category.
            since: Only items of this time or later; items without a time are left out.
            until: Only items before this time; items without a time are left out.
            newest: Only so many, the last ones.
            withdrawn: Whether those that the user withdrew are among them.
        """
        filter_ = Filter(source=source, category=category, since=since, until=until)
        there = self._collection.load(records.checked_user(user_id), vectors=False).stored
        newest_first = (
            entry.item
            for entry in reversed(there)
            if (withdrawn or not entry.withdrawn) and filter_.lets_stored(entry)
        )
        wanted = [*islice(newest_first, None if newest is None else max(0, newest))]
        return wanted[::-1]

    def delete(self, user_id: str, ids: Iterable[str]) -> tuple[str, ...]:
        """Delete a user's items; return the ids of those that were there, in order."""
        wanted, found = dict.fromkeys(ids), set[str]()

        def erase() -> tuple[str, ...]:
            with self._writing:
                there = self._by_ids(user_id, wanted)  # Chroma counts missing ids as deleted
                found.update(there)  # also what an earlier try deleted before it failed
                self._collection.erase(user_id, tuple(there))
            return tuple(id_ for id_ in wanted if id_ in found)

        return self.patiently(erase)

    @property
    def stays(self) -> str:
        """What of a deletion stays in files, and how to remove it; empty: nothing does."""
        return self._collection.connection.stays

    def delete_user(self, user_id: str) -> int:
        """Delete all of a user's items; return how many there were.

        In a folder, neither their text nor their vectors are in any file when this returns; of a
        Chroma server, `stays` says what is.
        """
        with self._writing:
            there = self._collection.ids(records.checked_user(user_id))
            self._collection.erase(user_id, there)
        return len(there)

    def release(self, user_id: str, ids: Iterable[str]) -> tuple[str, ...]:
        """Use items like any other, since the user says so.

        They may look like orders to the model, or have been withdrawn.

        Returns:
            The ids of those that are there, in order.
        """
        return self._marked(user_id, ids, {"released": True, "withdrawn": False})

    def withdraw(
        self, user_id: str, ids: Iterable[str], *, withdrawn: bool = True
    ) -> tuple[str, ...]:
        """Leave items out of every search and profile from now on, or take them back in.

        Returns:
            The ids of those that are there, in order.
        """
        return self._marked(user_id, ids, {"withdrawn": withdrawn})

    def _marked(
        self, user_id: str, ids: Iterable[str], marks: Mapping[str, bool]
    ) -> tuple[str, ...]:
        wanted = dict.fromkeys(ids)

        def write() -> tuple[str, ...]:
            with self._writing:
                there = self._by_ids(user_id, wanted)
                marked = [entry.marked(marks) for entry in there.values()]
                changed = [entry for entry in marked if entry.item != there[entry.id].item]
                self._collection.change(user_id, changed)
            return tuple(id_ for id_ in wanted if id_ in there)

        return self.patiently(write)

    def beside(self, user_id: str) -> dict[tuple[str, str], str]:
        """Return where to keep what was made of a user's texts; it goes when any of these does."""
        return self._collection.connection.cache.beside(user_id)

    def count(self, user_id: str) -> int:
        """Return how many items a user has."""
        return len(self._collection.load(records.checked_user(user_id), vectors=False).stored)

    def users(self) -> Ids:
        """Return the ids of all users that have items, sorted; this reads the whole collection."""
        return sorted(self._collection.users())

    def search(
        self,
        user_id: str,
        query: str,
        *,
        limit: int,
        recall: Recall = Recall(),  # noqa: B008  # it is immutable
        role: Literal["user", "other"] | None = None,
        source: str | None = None,
        category: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        without: Collection[str] = (),
    ) -> Finds:
        """Return a user's items that answer best to what is looked for, the best first.

        Args:
            user_id: Whose.
            query: What is looked for.
            limit: How many items, at most.
            recall: What makes one item better than another.
            role: Only items that the user, or somebody else, wrote.
            source: This filter and those after it are those of `list`.
            category: As there.
            since: As there.
            until: As there.
            without: Ids of items that are left out.

        Raises:
            QuestionError: The query is blank, or the limit is less than 1.
        """
        records.checked_user(user_id)
        if not query.strip():
            raise QuestionError("the query is blank; say what to look for.")
        if limit < 1:
            raise QuestionError(f"limit is {limit!r}; set it to a number of at least 1.")
        items = self._collection.load(user_id, vectors=recall.needs_vectors)
        filter_ = Filter(source, category, since, until, frozenset(without))
        searched = items.searched(filter_, role)
        there = searched.stored
        if not there:
            return []
        vectors = None if items.vectors is None else items.vectors[searched.rows]
        cosines = near = None
        if recall.dense and vectors is not None:
            wanted = self.embed_query(query)
            self._collection.binding.check_dimension(len(wanted))
            cosines = cosines_of(vectors, wanted)
            near = self.likeness(cosines)
        candidates = replace(searched.candidates, vectors=vectors)
        best = rank(query, near, candidates, recall, limit)
        return [
            Found(there[row].item, 0.0 if cosines is None else float(cosines[row])) for row in best
        ]

    def vectors(self, user_id: str, ids: Iterable[str]) -> dict[str, Vector]:
        """Return the unit vectors of a user's items, by id; those not there are left out."""
        wanted = list(ids)
        there = self._collection.load(records.checked_user(user_id), vectors=True)
        if there.vectors is None:
            return {}
        return {id_: there.vectors[there.rows[id_]] for id_ in wanted if id_ in there.rows}

    def copy_to(self, other: "HistoryStore") -> int:
        """Add every user's items to another store, as after a change of embedder.

        Returns:
            How many were added; those that the other store has already are left alone.
        """
        return sum(self.copy_user_to(other, user) for user in self.users())

    def copy_user_to(self, other: "HistoryStore", user_id: str) -> int:
        """Add a user's items to another store, with what they marked of them; return how many."""
        items = self.list(user_id, withdrawn=True)
        added = other.add(user_id, items, as_they_are=True).added
        other.release(user_id, (item.id for item in items if item.released))
        other.withdraw(user_id, [item.id for item in items if item.withdrawn])
        return len(added)

    async def reading(self, user_id: str, read: Callable[[], T], *, embeds: bool = False) -> T:
        """Do what reads a user's items, so that the event loop can go on meanwhile.

        That is in a thread, or here where the items are in memory and few.

        Args:
            user_id: Whose.
            read: Reads them.
            embeds: Whether it also embeds texts.
        """
        if self._collection.has_at_hand(user_id, AT_HAND):
            return await self.embedding(read) if embeds else read()
        return await asyncio.to_thread(read)

    def patiently(self, write: Callable[[], T]) -> T:
        """Do what reads and writes, and again for some seconds while the server is being started.

        `add` and `delete` do so by themselves.
        """
        return self._retries.write(write)

    def _add(self, user_id: str, given: Items) -> Added:
        wanted = records.by_id(given)
        # embedding is slow, so it is done before others are kept from writing
        there = {} if len(wanted) <= FEW else self._same(user_id, wanted)
        vectors = self._embed([item for id_, item in wanted.items() if id_ not in there])
        with self._writing:
            there = self._same(user_id, wanted)  # another thread may have come first
            fresh = [item for id_, item in wanted.items() if id_ not in there]
            vectors |= self._embed([item for item in fresh if item.id not in vectors])
            self._collection.write(user_id, fresh, vectors)
            back = [
                entry.marked({"withdrawn": False}) for entry in there.values() if entry.withdrawn
            ]
            self._collection.change(user_id, back)
        own = (item.text for item in fresh if item.role == "user")
        suggest_multilingual(user_id, own, self.embedder.id, language_of)
        now_in_use = {*(item.id for item in fresh), *(entry.id for entry in back)}
        added = tuple(id_ for id_ in wanted if id_ in now_in_use)
        once_more = Counter(item.id for item in given) - Counter(added)
        return Added(added, tuple(once_more.elements()))

    def _by_ids(self, user_id: str, ids: Iterable[str], *, now: bool = True) -> dict[str, Stored]:
        return self._collection.by_ids(records.checked_user(user_id), ids, now=now)

    def _same(self, user_id: str, wanted: Mapping[str, HistoryItem]) -> dict[str, Stored]:
        """Return those of the items that the user has already."""
        there = self._by_ids(user_id, wanted)
        for id_, stored in there.items():
            records.check_same(stored.item, wanted[id_])
        return there

    def _embed(self, items: Items) -> dict[str, Vector]:
        if not items:
            return {}
        texts = [item.text for item in items]
        # what a user just said was embedded when it was answered; of many, none was
        rows = self.embed(texts) if len(texts) <= FEW else self._rows(texts)
        return dict(zip((item.id for item in items), rows, strict=True))
