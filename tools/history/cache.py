"""The histories of the users who are being served, in memory: few, and bounded in bytes."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from guided_profile.tools.embedders.base import Vector
from guided_profile.tools.history.records import Filter
from guided_profile.tools.history.stored import Stored
from guided_profile.tools.search.bm25 import Words
from guided_profile.tools.search.ranking import Candidates

CACHE_BYTES = 128 << 20
"""How much memory the users who were served last may take; two of 20,000 items."""
_ITEM_BYTES = 1000
"""What an item takes in Python, beside its text and its vector."""
_SLOTS = 1024
_DAY = 86_400e6  # microseconds
_NEVER = np.iinfo(np.int64).min


@dataclass(frozen=True, slots=True)
class Searched:
    """The items that a search looks through, in order of insertion."""

    rows: NDArray[np.intp]
    """Where they stand among all of the user's."""
    stored: Sequence[Stored]
    candidates: Candidates
    """Without their vectors."""


@dataclass(frozen=True, slots=True)
class UserItems:
    """All items of one user, in order of time, those without a time first, then of insertion."""

    stored: tuple[Stored, ...]
    vectors: Vector | None
    """A row for each, of length 1; None if they were not asked for."""
    rows: dict[str, int]
    """Where an item stands, by its id."""
    words: list[Words] = field(default_factory=list, compare=False, repr=False)
    """Those of the texts, in this order; none before the first search."""
    found: dict[str | None, Searched] = field(default_factory=dict, compare=False, repr=False)
    """What a search without a filter looks through, by who wrote it; made at the first one."""

    @classmethod
    def of(
        cls, stored: Sequence[Stored], vectors: Vector | None, words: Sequence[Words] = ()
    ) -> Self:
        """Take items in any order, each with its row."""
        order = np.lexsort((_sequences(stored), _times(stored)))
        kept = tuple(stored[row] for row in order.tolist())
        rows = {entry.id: row for row, entry in enumerate(kept)}
        in_order = None if vectors is None else vectors[order]
        return cls(kept, in_order, rows, [each.at(order) for each in words])

    def plus(self, stored: Sequence[Stored], vectors: Vector) -> Self:
        """Return these items and more; those that are here already are left alone.

        A reader may have seen them in Chroma before the writer says that they are added.
        """
        new = [row for row, entry in enumerate(stored) if entry.id not in self.rows]
        stored, vectors = [stored[row] for row in new], vectors[new]
        if self.vectors is None or not self.stored:
            both = None if self.vectors is None else vectors
        else:
            both = np.concatenate([self.vectors, vectors])
        more = [each.plus(_words_of(stored)) for each in self.words]
        return self.of([*self.stored, *stored], both, more)

    def minus(self, ids: Collection[str]) -> Self:
        """Return these items without some."""
        gone = set(ids)
        left = [row for row, entry in enumerate(self.stored) if entry.id not in gone]
        vectors = None if self.vectors is None else self.vectors[left]
        words = [each.at(np.array(left, np.intp)) for each in self.words]
        return self.of([self.stored[row] for row in left], vectors, words)

    def changes_to(self, stored: Sequence[Stored]) -> tuple[list[str], list[Stored]]:
        """Return what makes these items those: the ids of what goes, and what comes."""
        here, there = (set(map(_version, each)) for each in (self.stored, stored))
        goes = [entry.id for entry in self.stored if _version(entry) not in there]
        return goes, [entry for entry in stored if _version(entry) not in here]

    def searched(self, filter_: Filter, role: str | None) -> Searched:
        """Return what a search looks through: in use, let through, and written by this role."""
        everything = filter_ == Filter()
        if everything and role in self.found:
            return self.found[role]
        let = [
            row
            for row, entry in enumerate(self.stored)
            if role in (None, entry.role)
            and not entry.withdrawn
            and (everything or filter_.lets(entry.item))
        ]
        sequences = _sequences([self.stored[row] for row in let])
        rows = np.array(let, np.intp)[np.argsort(sequences, kind="stable")]
        found = [self.stored[row] for row in rows.tolist()]
        if not self.words:
            self.words[:] = [_words_of(self.stored)]
        times = _times(found)
        days = np.where(times == _NEVER, np.nan, times / _DAY)
        own = None if role else np.array([entry.role == "user" for entry in found], np.bool)
        made = Searched(rows, found, Candidates(self.words[0].at(rows), days, None, own))
        if everything:
            self.found[role] = made
        return made

    def suffices(self, *, vectors: bool) -> bool:
        """Whether the vectors are here, if they are wanted."""
        return self.vectors is not None or not vectors

    def is_at_hand(self, most: int) -> bool:
        """Whether all that a search needs is here, and no more than so many items."""
        return self.vectors is not None and len(self.stored) <= most

    @property
    def size(self) -> int:
        """About how many bytes of memory they take."""
        texts = _ITEM_BYTES * len(self.stored) + 2 * sum(len(entry.text) for entry in self.stored)
        return texts + (0 if self.vectors is None else self.vectors.nbytes)


def _times(stored: Iterable[Stored]) -> NDArray[np.int64]:
    """Return when each happened, in microseconds; `_NEVER`: it has no time."""
    times = (entry.microseconds for entry in stored)
    return np.fromiter((_NEVER if time is None else time for time in times), np.int64)


def _sequences(stored: Iterable[Stored]) -> NDArray[np.int64]:
    return np.fromiter((entry.sequence for entry in stored), np.int64)


def _words_of(stored: Sequence[Stored]) -> Words:
    return Words.of([entry.text for entry in stored])


def _version(entry: Stored) -> tuple[str, int, bool, bool]:
    return entry.id, entry.sequence, entry.released, entry.withdrawn


class UserCache:
    """The users that were read last; whoever takes most room longest goes first.

    A read that began before a write must not be kept after it, so a reader asks for the version
    first, and hands it in with what it read, and with when it began: others may write too, and
    what was read late enough for somebody need not be read again.
    """

    def __init__(self, limit: int = CACHE_BYTES) -> None:
        self.limit = limit
        """In bytes."""
        self._kept: OrderedDict[str, tuple[UserItems, int, float]] = OrderedDict()
        self._beside: dict[str, dict[tuple[str, str], str]] = {}
        self._bytes = 0
        self._versions = [0] * _SLOTS
        self._lock = threading.Lock()

    def version(self, user_id: str) -> int:
        """Return a number that changes when the user's items do."""
        with self._lock:
            return self._versions[hash(user_id) % _SLOTS]

    def get(self, user_id: str, since: float = 0.0) -> UserItems | None:
        """Return a user's items, if they are kept.

        Args:
            user_id: Whose.
            since: When the read must have begun at the earliest, by the monotonic clock.
        """
        with self._lock:
            if user_id not in self._kept or self._kept[user_id][2] < since:
                return None
            self._kept.move_to_end(user_id)
            return self._kept[user_id][0]

    def beside(self, user_id: str) -> dict[tuple[str, str], str]:
        """Return what was made of a user's texts: it is here no longer than all of these are."""
        with self._lock:
            return self._beside.setdefault(user_id, {}) if user_id in self._kept else {}

    def keep(self, user_id: str, items: UserItems, version: int, read: float = 0.0) -> None:
        """Keep what was read, unless the user's items have changed since, or fill the cache.

        Nor does it take the place of what began to be read later.
        """
        with self._lock:
            newer = user_id in self._kept and self._kept[user_id][2] > read
            if version == self._versions[hash(user_id) % _SLOTS] and not newer:
                self._put(user_id, items, read)

    def change(self, user_id: str, change: Callable[[UserItems], UserItems]) -> None:
        """Do to what is kept of a user what was done to their items."""
        with self._lock:
            self._versions[hash(user_id) % _SLOTS] += 1
            kept = self._kept.get(user_id)
            if kept is not None:
                self._put(user_id, change(kept[0]), kept[2])

    def drop(self, user_id: str) -> None:
        """Forget what is kept of a user."""
        with self._lock:
            self._versions[hash(user_id) % _SLOTS] += 1
            self._pop(user_id)

    def clear(self) -> None:
        """Forget all users."""
        with self._lock:
            self._versions = [version + 1 for version in self._versions]
            self._kept.clear()
            self._beside.clear()
            self._bytes = 0

    def _put(self, user_id: str, items: UserItems, read: float) -> None:
        before, size = self._kept.get(user_id), items.size
        beside = self._beside.get(user_id, {})
        self._pop(user_id)
        if size > self.limit:
            return
        self._kept[user_id] = (items, size, read)
        if before and before[0].rows.keys() <= items.rows.keys():
            self._beside[user_id] = beside
        self._bytes += size
        while self._bytes > self.limit:
            self._pop(next(iter(self._kept)))

    def _pop(self, user_id: str) -> None:
        self._bytes -= self._kept.pop(user_id, (None, 0, 0.0))[1]
        self._beside.pop(user_id, None)
