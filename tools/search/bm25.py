"""BM25: which texts share rare words with a query. In any script, and without an index.

The statistics are those of the texts at hand, one user's, so that filters and writes leave nothing
to keep in step. Only the texts' words are kept in memory, as hashes. A library (bm25s) would have
to index a user's whole history anew after each write.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from guided_profile.tools.text.words import terms

K1 = 1.2
"""How soon more of the same word stops to count (Lucene's default)."""
B = 0.75
"""How much a long text's words count less, 0 to 1 (Lucene's default)."""

_SLOTS = 1 << 16


@dataclass(frozen=True, slots=True)
class Words:
    """The words of some texts, as hashes: made once for texts that are searched again and again."""

    hashes: NDArray[np.uint32]
    """One text's after the other's."""
    lengths: NDArray[np.int64]
    """Of the texts, in words."""

    @classmethod
    def of(cls, texts: Sequence[str]) -> Self:
        """Return the words of texts."""
        return cls(*terms(texts))

    def plus(self, more: Self) -> Self:
        """Return these texts' words, and those of more texts after them."""
        return type(self)(
            np.concatenate([self.hashes, more.hashes]), np.concatenate([self.lengths, more.lengths])
        )

    def at(self, rows: NDArray[np.intp]) -> Self:
        """Return the words of some of the texts, in the order of the rows."""
        lengths = self.lengths[rows]
        begins = np.cumsum(self.lengths) - self.lengths
        moved = begins[rows] - (np.cumsum(lengths) - lengths)
        return type(self)(
            self.hashes[np.arange(lengths.sum()) + np.repeat(moved, lengths)], lengths
        )


def bm25(query: str, texts: Words) -> NDArray[np.float64]:
    """Return how well each text matches the query's words; 0 if it has none of them.

    Lucene's form of BM25 (Robertson & Zaragoza 2009, with a logarithm that is never negative).
    Words that many of the texts have count for little, so no list of function words is needed.

    Args:
        query: What is looked for.
        texts: Those to compare; how rare a word is, is counted among them.
    """
    found = _Matches.of(query, texts)
    if not len(found.rows):
        return np.zeros(found.texts)
    damping = K1 * (1 - B + B * found.lengths / found.lengths.mean())
    damped = found.frequency * (K1 + 1) / (found.frequency + damping[found.rows])
    return found.added(found.rarity[found.columns] * damped)


def share_of_words(query: str, texts: Words) -> NDArray[np.float64]:
    """Return the share of the query's words that each text has, weighed by rarity, 0 to 1.

    A word that no text has is the rarest of all, so a text that shares small words alone is near 0.
    """
    found = _Matches.of(query, texts)
    whole = float(found.rarity.sum())
    return found.added(found.rarity[found.columns] / whole) if whole else np.zeros(found.texts)


@dataclass(frozen=True, slots=True)
class _Matches:
    """Which of a query's words stand in which texts."""

    texts: int
    lengths: NDArray[np.int64]
    """Of the texts, in words."""
    rarity: NDArray[np.float64]
    """Of each of the query's words."""
    columns: NDArray[np.int64]
    """The word of each match."""
    rows: NDArray[np.int64]
    """The text of each match."""
    frequency: NDArray[np.int64]

    @classmethod
    def of(cls, query: str, texts: Words) -> Self:
        wanted, lengths = np.unique(terms([query])[0]), texts.lengths
        may = np.zeros(_SLOTS, np.bool)
        may[_slots(wanted)] = True
        places = np.flatnonzero(may[_slots(texts.hashes)])
        held = texts.hashes[places]
        rows = np.repeat(np.arange(len(lengths)), lengths)[places]
        columns = np.searchsorted(wanted, held)
        pairs = columns * len(lengths) + rows
        pairs = pairs[wanted.take(columns, mode="clip") == held] if len(wanted) else pairs[:0]
        pairs, frequency = _counted(pairs, len(wanted) * len(lengths))
        columns, rows = np.divmod(pairs, max(1, len(lengths)))
        holding = np.bincount(columns, minlength=len(wanted))
        rarity = np.log1p((len(lengths) - holding + 0.5) / (holding + 0.5))
        return cls(len(lengths), lengths, rarity, columns, rows, frequency)

    def added(self, shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """Add up what the matches give to each text."""
        return np.bincount(self.rows, shares, self.texts).astype(np.float64)


def _slots(hashes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return a number below `_SLOTS` for each hash: most that are not wanted share none with one.

    Few texts have much of a query, so most hashes are looked at no closer than that.
    """
    mixed: NDArray[np.uint32] = hashes * np.uint32(0x9E3779B1)  # Knuth's multiplicative hash
    return mixed >> np.uint32(16)


def _counted(numbers: NDArray[np.int64], end: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numbers below `end` that there are, each once, and how often."""
    if end > 8 * len(numbers):
        return np.unique(numbers, return_counts=True)
    counts = np.bincount(numbers, minlength=end)  # in less time than they are sorted
    found = np.flatnonzero(counts)
    return found, counts[found]
