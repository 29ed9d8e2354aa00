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

    def __init__(self, make: Callable[[list[str]], Iterable[T]], *, most_bytes: int) -> None:
        """Take what makes the results of some texts, and about how much memory they may take.

        Args:
            make: Returns a result for each text, that depends on nothing else.
            most_bytes: Of the results that are kept.
        """
        self._make = make
        self._left = most_bytes
        self._kept: OrderedDict[bytes, T] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def of(self, texts: Iterable[str]) -> list[T]:
        """Return the result for each text, in order."""
        wanted = [(_key(text), text) for text in texts]
        with self._lock:
            found = {key: self._kept[key] for key, _ in wanted if key in self._kept}
            for key in found:
                self._kept.move_to_end(key)
        missing = {key: text for key, text in wanted if key not in found}
        if missing:  # made without the lock: it may take a while
            made = dict(zip(missing, self._make(list(missing.values())), strict=True))
            found |= made
            with self._lock:
                self._keep(made)
        return [found[key] for key, _ in wanted]

    def _keep(self, made: dict[bytes, T]) -> None:
        for key, value in made.items():
            if key not in self._kept:
                self._kept[key] = value
                self._left -= _ENTRY + sys.getsizeof(value)
        while self._left < 0 and self._kept:
            _, gone = self._kept.popitem(last=False)
            self._left += _ENTRY + sys.getsizeof(gone)


def _key(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
