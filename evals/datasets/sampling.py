"""Users and examples drawn from files of any length: by a seed, in bounded memory, in one order.

What is drawn is decided by a digest of the seed and the id, never by where a line stands, so the
same files in any order give the same draw, and a larger draw contains the smaller one.
"""

import heapq
import logging
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import Generic, Protocol, TypeVar
from zlib import crc32

from guided_profile.evals.datasets.examples import Example

_Row = TypeVar("_Row")
_Value = TypeVar("_Value")

CANDIDATES = 50_000
"""How many users are held at a time, unless set otherwise."""

_SLOTS = 2**26
_log = logging.getLogger(__name__)


def priority(seed: int, key: str) -> int:
    """Return the place of a key in the draw of a seed: lower ones are drawn first."""
    return int.from_bytes(blake2b(f"{seed}:{key}".encode(), digest_size=8).digest(), "big")


def pseudonym(prefix: str, name: str) -> str:
    """Return an id for a person that does not reveal the name in the owner's file."""
    return f"{prefix}-{blake2b(name.encode(), digest_size=6).hexdigest()}"


class Lowest(Generic[_Value]):
    """Keeps the values with the lowest keys, up to a limit."""

    def __init__(self, limit: int, seed: int) -> None:
        self._limit = limit
        self._seed = seed
        self._heap: list[tuple[int, str]] = []
        self.values: dict[str, _Value] = {}

    def admits(self, key: str) -> bool:
        """Whether a key that is not there yet would be kept; once refused, it always is."""
        return len(self._heap) < self._limit or -priority(self._seed, key) > self._heap[0][0]

    def add(self, key: str, value: _Value) -> None:
        """Keep a value whose key is admitted and not there yet."""
        entry = (-priority(self._seed, key), key)
        if len(self._heap) < self._limit:
            heapq.heappush(self._heap, entry)
        else:
            del self.values[heapq.heapreplace(self._heap, entry)[1]]
        self.values[key] = value

    def drawn(self) -> Iterator[tuple[str, _Value]]:
        """Yield the keys and values, the first drawn first."""
        for _, key in sorted(self._heap, reverse=True):
            yield key, self.values[key]


def sample_users(
    rows: Callable[[], Iterable[tuple[str, _Row]]],
    *,
    at_least: int,
    seed: int,
    candidates: int = CANDIDATES,
) -> Iterator[tuple[str, list[_Row]]]:
    """Yield users and all of their rows, in the order of the draw; the rows are read twice.

    The first reading counts each user's rows in 64 MiB, whatever their number: users whose names
    share a slot are counted together, so nobody is missed. The second keeps the rows of the users
    drawn.

    Args:
        rows: Begins a reading of the file: who, and what of theirs.
        at_least: How many rows a user needs.
        seed: Of the draw.
        candidates: How many users are held, and so drawn at most.
    """
    counts = bytearray(_SLOTS)
    for user, _ in rows():
        slot = crc32(user.encode()) & (_SLOTS - 1)
        if counts[slot] < 255:
            counts[slot] += 1
    kept: Lowest[list[_Row]] = Lowest(candidates, seed)
    known = kept.values
    for user, row in rows():
        found = known.get(user)
        if found is not None:
            found.append(row)
        elif counts[crc32(user.encode()) & (_SLOTS - 1)] >= min(at_least, 255) and kept.admits(
            user
        ):
            kept.add(user, [row])
    full = len(known) == candidates
    _log.info("%d users hold %d rows or more%s", len(known), at_least, " (more left)" * full)
    for user, found in kept.drawn():
        if len(found) >= at_least:
            yield user, found


def chosen(examples: Iterable[Example], n: int | None, seed: int) -> Iterator[Example]:
    """Yield so many of the examples, drawn by the seed, in the order that they came in.

    Args:
        examples: All of them.
        n: How many; None: all.
        seed: Of the draw.
    """
    if n is None:
        yield from examples
        return
    kept: Lowest[tuple[int, Example]] = Lowest(n, seed)
    for number, example in enumerate(examples):
        if n and kept.admits(example.id):
            kept.add(example.id, (number, example))
    yield from (example for _, example in sorted(kept.values.values(), key=lambda pair: pair[0]))


class HasGroup(Protocol):
    """Something that belongs to a group."""

    @property
    def group(self) -> str:
        """Which."""


Grouped = TypeVar("Grouped", bound=HasGroup)


def in_turn(given: Iterable[Grouped]) -> list[Grouped]:
    """Return items in an order in which every beginning has its share of each group."""
    groups: dict[str, list[Grouped]] = {}
    for item in given:
        groups.setdefault(item.group, []).append(item)
    placed = [
        ((n + 0.5) / len(group), item) for group in groups.values() for n, item in enumerate(group)
    ]
    return [item for _, item in sorted(placed, key=lambda pair: pair[0])]
