"""What was worked out about a text, kept in memory so that it is not worked out in every run."""

import sys
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from hashlib import blake2b
from typing import Generic, TypeVar

import numpy as np
from cachetools import LRUCache

T = TypeVar("T")

_ENTRY_BYTES = 230
"""What an entry takes beside its value, as measured with tracemalloc."""


class TextCache(Generic[T]):
    """Results by text, those least recently used forgotten first; threads may share one.

    It holds digests of the texts and not the texts themselves, so no history outlives its deletion
    here.
    """

    def __init__(self, make: Callable[[list[str]], Iterable[T]], *, most_bytes: int) -> None:
        """Take what makes the results of some texts, and how much memory they may take.

        Args:
            make: Returns a result for each text, that depends on nothing else.
            most_bytes: Of the results that are kept.
        """
        self._make = make
        self._kept: LRUCache[bytes, T] = LRUCache(most_bytes, getsizeof=_bytes_of)
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, texts: Iterable[str]) -> list[T]:
        """Return the result for each text, in order."""
        wanted = [(_key(text), text) for text in texts]
        with self._lock:
            found = {key: self._kept[key] for key, _ in wanted if key in self._kept}
        missing = {key: text for key, text in wanted if key not in found}
        if missing:  # made without the lock: it may take a while
            results = map(_without_base, self._make(list(missing.values())))
            made = dict(zip(missing, results, strict=True))
            found |= made
            with self._lock:
                for key, value in made.items():
                    with suppress(ValueError):  # larger than all that may be kept
                        self._kept[key] = value
        return [found[key] for key, _ in wanted]


def _key(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _bytes_of(value: object) -> int:
    return _ENTRY_BYTES + sys.getsizeof(value)


def _without_base(value: T) -> T:
    """Return an array that has its numbers to itself.

    A row of a matrix counts as 112 bytes, and keeps the whole matrix.
    """
    return value.copy() if isinstance(value, np.ndarray) else value
