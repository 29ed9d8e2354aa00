"""What was worked out about a text, kept in memory so that it is not worked out in every run."""

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Generic, TypeVar

T = TypeVar("T")

_ENTRY = 200
"""About how many bytes an entry takes beside its value."""


class TextCache(Generic[T]):
    """Results by text, those least recently used forgotten first; threads may share one.

    It holds digests of the texts and not the texts themselves, so no history outlives its deletion
    here.
    """

    def __init__(self, make: Callable[[str], T], *, most_bytes: int) -> None:
        """Take what makes a result, a pure function, and about how much memory they may take."""
        self._make = make
        self._left = most_bytes
        self._kept: OrderedDict[bytes, T] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, texts: Iterable[str]) -> list[T]:
        """Return the result for each text, in order."""
        with self._lock:
            return [self._one(text) for text in texts]

    def _one(self, text: str) -> T:
        key = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        made = self._kept[key] = self._make(text)
        self._left -= _ENTRY + sys.getsizeof(made)
        while self._left < 0 and self._kept:
            _, gone = self._kept.popitem(last=False)
            self._left += _ENTRY + sys.getsizeof(gone)
        return made
