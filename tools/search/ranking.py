"""In which order a user's items answer a query, and how many of them a prompt has room for.

Two exact scores, of meaning and of words, are added; then age and near-duplicates are weighed. A
`Recall` says which parts take part. Everything is a pure function.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from math import isqrt

import numpy as np
from numpy.typing import NDArray

from guided_profile.graph.context import Recall
from guided_profile.graph.prompts import history_line
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.text import shortened
from guided_profile.graph.tokens import approximate_tokens
from guided_profile.tools.embedders.base import Vector
from guided_profile.tools.search.bm25 import Words, bm25, share_of_words

WORDS_SHARE = 0.5
"""What all of a query's words add to an item's likeness, on whose scale 1 is saying the same.
Scores are added, and not ranks: in a short history even small talk ranks high by a word that it
shares (Bruch, Gai & Ingber 2023)."""
AGE_SHARE = 0.5
"""The share of its score that an item may lose to age: however old, a far better match stays
ahead of what is merely new."""
FURTHER = 100
"""How many items below those wanted may be the newest of what is nearly the same as one of them."""
SAME = 0.9999
"""The cosine from which two items are taken for the same, word for word."""
_TILE = 1 << 18
"""The most multiplications in one product of matrices: from a few times as many on, OpenBLAS waits
for all cores, which the chat model may be using (on two busy cores: 32 ms instead of 0.1)."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Candidates:
    """The items that are ranked, in the order that breaks ties."""

    words: Words
    """Of their texts."""
    days: Numbers
    """When each happened, in days since some day; NaN: it has no time."""
    vectors: Vector | None
    """Unit vectors, one row an item; needed if `Recall.needs_vectors`."""
    own: NDArray[np.bool] | None = None
    """Whether the user wrote it, and nobody else; None: all are by one and the same."""

    def by_age(self, rows: NDArray[np.intp]) -> list[int]:
        """Return a number for each row that is higher the newer its item is.

        Of two on the same day, or without a time, the one that was added later is newer; what has
        no time is older than all that has.
        """
        days = self.days[rows]
        order = np.lexsort((rows, np.nan_to_num(days), ~np.isnan(days)))
        ages = np.empty(len(rows), np.intp)
        ages[order] = np.arange(len(rows))
        numbers: list[int] = ages.tolist()
        return numbers


def rank(
    query: str, near: Numbers | None, candidates: Candidates, recall: Recall, limit: int
) -> list[int]:
    """Return the best rows of the candidates, the best first; equals keep their order.

    Args:
        query: What is looked for.
        near: Each candidate's likeness to it, on the scale of `embedders.base.likeness`; None if
            `recall.dense` is off.
        candidates: At least one.
        recall: Which parts of the ranking take part. With neither `dense` nor `bm25`, the newest
            items come first.
        limit: How many rows, at most.
    """
    scores = np.zeros(len(candidates.days))
    if near is not None:
        # rounded, since the same vector in another row may differ in its last bit
        scores += np.round(near, 6)
        if recall.bm25:
            scores += WORDS_SHARE * np.round(share_of_words(query, candidates.words), 6)
    elif recall.bm25:
        scores += np.round(bm25(query, candidates.words), 6)
    else:
        scores += np.nan_to_num(candidates.days, nan=-np.inf)
    if recall.half_life_days is not None:
        fresh = _freshness(candidates.days, recall.half_life_days)
        scores = np.where(scores > 0, scores * fresh, scores)
    order = np.argsort(-scores, kind="stable")
    if recall.most_alike is not None and candidates.vectors is not None:
        return _spread(order, candidates, candidates.vectors, recall.most_alike, limit)
    return [int(row) for row in order[:limit]]


def _freshness(days: Numbers, half_life: float) -> Numbers:
    """Return what is left of each score: all of it for the newest item, less with every day.

    Age is counted from the newest item and not from now, so that the same history makes the same
    prompt tomorrow. An item without a time counts as very old.
    """
    dated = days[~np.isnan(days)]
    if not dated.size:
        return np.ones_like(days)
    young = np.nan_to_num(0.5 ** ((dated.max() - days) / half_life), nan=0.0)
    freshness: Numbers = 1.0 - AGE_SHARE * (1.0 - young)
    return freshness


def cosines_of(vectors: Vector, wanted: Vector) -> NDArray[np.float32]:
    """Return the cosine of each row with a unit vector."""
    step = max(1, _TILE // 8 // len(wanted))
    parts = [vectors[start : start + step] @ wanted for start in range(0, len(vectors), step)]
    return np.concatenate(parts)


def _spread(
    order: NDArray[np.intp],
    candidates: Candidates,
    vectors: Vector,
    most_alike: float,
    limit: int,
) -> list[int]:
    """Put whatever is nearly the same as a better one behind all that is not, but for the newest.

    That comes right after the better one, since little but what holds today tells "I take 10 mg"
    from "I take 20 mg". It is looked for among what ranks not much lower than what is wanted.
    """
    size = max(1, isqrt(_TILE // vectors.shape[1]))
    best: list[int] = []
    twins: dict[int, list[int]] = {}  # by the one that they are nearly the same as
    for start in range(0, len(order), size):
        if len(best) >= limit and start >= limit + FURTHER:
            order = order[:start]
            break
        rows = order[start : start + size]
        block = vectors[rows]
        twin = np.full(len(rows), -1)
        for first in range(0, len(best), size):
            cosines = block @ vectors[best[first : first + size]].T
            nearest = cosines.argmax(axis=1)
            found = (cosines.max(axis=1) >= most_alike) & (twin < 0)
            twin[found] = first + nearest[found]
        alike = np.greater_equal(block @ block.T, most_alike)
        if (twin < 0).all() and np.count_nonzero(alike) == len(rows):  # each like itself alone
            best.extend(rows.tolist())
            continue
        for place, row in enumerate(rows.tolist()):
            if twin[place] < 0:
                twin[alike[place] & (twin < 0)] = len(best)
                best.append(row)
            else:
                twins.setdefault(best[twin[place]], []).append(row)
    return _newest_beside(best, twins, order, candidates, vectors)[:limit]


def _newest_beside(
    best: list[int],
    twins: dict[int, list[int]],
    order: NDArray[np.intp],
    candidates: Candidates,
    vectors: Vector,
) -> list[int]:
    """Put the newest of each one's twins after it, if it is newer, and the others behind all.

    What is the same word for word says nothing new, and what somebody else wrote is no news.
    """
    if not twins:
        return best
    age = dict(zip(order.tolist(), candidates.by_age(order), strict=True))
    beside: dict[int, int] = {}
    own = candidates.own
    for first, rows in twins.items():
        differs = vectors[rows] @ vectors[first] < SAME
        news = [
            row
            for row, other in zip(rows, differs.tolist(), strict=True)
            if other and age[row] > age[first] and (own is None or own[row] == own[first])
        ]
        if news:
            beside[first] = max(news, key=age.__getitem__)
    front = [row for first in best for row in (first, beside.get(first)) if row is not None]
    taken = set(front)
    return front + [row for row in order.tolist() if row not in taken]


def tokens_of(item: HistoryItem) -> int:
    """Return about how many tokens an item's line takes in a prompt."""
    return approximate_tokens(history_line(item)) + 1


def bounded(item: HistoryItem, tokens: int) -> HistoryItem:
    """Return an item whose line takes no more tokens than that: a longer one's text is cut."""
    over = tokens_of(item) - tokens
    if over <= 0:
        return item
    room = max(1, approximate_tokens(item.text) - over)
    return item.model_copy(update={"text": shortened(item.text, room) or item.text[:1]})


LEAST_TOKENS = 6
"""No item's line takes fewer: its number, a source and a text of one character."""

_DATE = 11
"""What a date adds to it: eight digits and three marks."""


def _at_least(item: HistoryItem) -> int:
    """Return what an item's line takes at the least, without writing the line."""
    text, least = item.text, LEAST_TOKENS + (_DATE if item.time else 0)
    shown_whole = text.isascii() and text.isprintable() and "://" not in text
    return least + (len(text) - 1) // 8 if shown_whole else least  # no letter is cheaper


def within(items: Sequence[HistoryItem], budget: int) -> list[HistoryItem]:
    """Return the items that fit a token budget together; the first is cut until it does.

    One that is too long for what is left is passed over, and shorter ones after it may fit.
    """
    kept: list[HistoryItem] = []
    left = budget
    for item in items:
        if left < LEAST_TOKENS and kept:
            break
        if kept and _at_least(item) > left:
            continue
        tokens = tokens_of(item)
        if tokens <= left or not kept:
            kept.append(item if tokens <= left else bounded(item, budget))
            left -= tokens
    return kept


def in_turns(rankings: Iterable[Sequence[int]]) -> list[int]:
    """Return rows of several rankings: the first of each, then the second of each, and so on."""
    return [row for rank in zip_longest(*rankings) for row in rank if row is not None]


def rows_within(rows: Iterable[int], items: Sequence[HistoryItem], budget: int) -> list[int]:
    """Return the rows whose items fit a token budget together, as they come, in the items' order.

    One that is too long for what is left is passed over; a row that comes twice counts once.
    """
    chosen: set[int] = set()
    for row in rows:
        if row not in chosen and (left := budget - tokens_of(items[row])) >= 0:
            budget = left
            chosen.add(row)
    return sorted(chosen)
