"""What can be said of items without a model: how near they are to a question, or to options.

Nearness is likeness of vectors, on a scale that is the same for every embedder, and the share of
rare words; nothing here knows a language.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.evidence.base import MOST_EVIDENCE
from guided_profile.tools.search.bm25 import Words, share_of_words

WORDS = 1.0
"""What sharing all of a text's words adds to the nearness of an item."""
AS_GOOD = 0.85
"""An item stands beside the best one if it comes this near to it."""
AS_NEAR = 0.95
"""An item says the same of an option as the nearest one if it comes this near to it."""
ON_TOPIC = 0.4
"""The nearness from which an item is about what is asked."""
CHANCE = 0.06
"""Likeness up to which an item has nothing to do with a sentence."""
GROUNDING = 2.0
"""Brings what likeness exceeds `ON_TOPIC` by to the scale that a task's `grounding` is for."""

Numbers = NDArray[np.float64]


def nearness(asked: Sequence[str], items: Sequence[HistoryItem], likeness: Numbers) -> Numbers:
    """Return how near each item is to each text, 0 to about 1.3: a row a text.

    Args:
        asked: A question, options, or sentences.
        items: The history.
        likeness: Of each text (a row) and each item, on the scale of `HistoryStore.likeness`.
    """
    texts = Words.of(
        [f"{item.category} {item.text}" if item.category else item.text for item in items]
    )
    shares = np.array([share_of_words(text, texts) for text in asked]).reshape(likeness.shape)
    near: Numbers = likeness + WORDS * shares
    near[:, [item.role != "user" for item in items]] = 0.0  # no evidence about the user
    return near


def is_on_topic(asked: Sequence[str], items: Sequence[HistoryItem], likeness: Numbers) -> bool:
    """Return whether any item is about any of what is asked."""
    return bool(items) and bool((nearness(asked, items, likeness) >= ON_TOPIC).any())


def behind(
    texts: Sequence[str], items: Sequence[HistoryItem], likeness: Numbers
) -> tuple[str, ...]:
    """Return the ids of the items that an answer's sentences are about, the nearest first.

    Those of each sentence: the items behind one may be nearer to it than those behind another are.
    """
    if not texts or not items:
        return ()
    near = nearness(texts, items, likeness)
    best = near.max(axis=1, keepdims=True)
    return _best(items, np.where(near >= AS_GOOD * best, near, 0.0).max(axis=0), ON_TOPIC)


def speaking_for(
    chosen: int, options: Sequence[str], items: Sequence[HistoryItem], likeness: Numbers
) -> tuple[str, ...]:
    """Return the ids of the items that are nearer to one option than to any other."""
    if not items:
        return ()
    near = nearness(options, items, likeness)
    mine = np.where(near[chosen] >= near.max(axis=0), near[chosen], 0.0)
    return _best(items, mine, ON_TOPIC)


def _best(items: Sequence[HistoryItem], near: Numbers, floor: float) -> tuple[str, ...]:
    order = np.argsort(-near, kind="stable")[:MOST_EVIDENCE]
    return tuple(items[row].id for row in order.tolist() if near[row] >= floor)


def grounds(
    options: int,
    items: Sequence[HistoryItem],
    likeness: Numbers,
    categories: Mapping[str, Numbers],
    *,
    newest: bool = False,
) -> list[float]:
    """Return how much what a person did speaks for each option: the nearest item's likeness.

    Half of an item's likeness is its category's, if it has one. What the person said takes no part:
    "I avoid seafood" is about as near to a seafood restaurant as "I love seafood" is; that has to
    be understood, and not matched.

    Args:
        options: How many there are.
        items: The history; with `newest`, as it is listed, the newest last.
        likeness: Of each option (a row) and each item.
        categories: The likeness of each category and each option.
        newest: Whether the options are statements about the person, of which one may have taken
            the place of another. Then what was said counts too, and of the two that are nearest
            to the history the one whose item is older loses half.
    """
    likes: list[list[tuple[int, float]]] = [[] for _ in range(options)]
    for row, item in enumerate(items):
        if item.role != "user" or not (newest or item.kind == "did"):
            continue
        for option, near in enumerate(likes):
            like = float(likeness[option, row])
            if item.category:
                like = (like + float(categories[item.category][option])) / 2
            if like > ON_TOPIC:
                near.append((row, GROUNDING * (like - ON_TOPIC)))
    found = [max((like for _, like in near), default=0.0) for near in likes]
    if newest:
        older = _older(found, likes)
        if older is not None:
            found[older] /= 2
    return found


def _older(found: Sequence[float], likes: Sequence[Sequence[tuple[int, float]]]) -> int | None:
    """Return which of the two options nearest to the items rests on an older one; None: neither.

    An option rests on the last of the items that are about as near to it as the nearest.
    """
    nearest = sorted(range(len(found)), key=lambda option: -found[option])[:2]
    last = [
        max((row for row, like in likes[option] if like >= AS_NEAR * found[option]), default=-1)
        for option in nearest
    ]
    if len(last) < 2 or -1 in last or last[0] == last[1]:
        return None
    return nearest[last.index(min(last))]
