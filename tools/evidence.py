"""Which history items support a sentence, found without a model call.

What a sentence claims is held against what items are about (`topics.py`); what it says about style
is counted (`style.py`). `evals/bench_evidence.py` measures it on labelled sentences.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from guided_profile.graph.state import HistoryItem, Sentence
from guided_profile.tools.said import Said
from guided_profile.tools.style import claimed_habits, own_words
from guided_profile.tools.text_cache import TextCache
from guided_profile.tools.topics import about, by_topic
from guided_profile.tools.wording import Claim, covered

MOST_EVIDENCE = 5
"""The most items that a sentence points to."""
UNRELATED = 0.18
"""Cosine up to which an item has nothing to do with an option."""
HALF_LIFE = 730.0
"""Days in which an item comes to count half for a sentence's confidence."""


def support(
    sentences: Sequence[str],
    items: Sequence[HistoryItem],
    *,
    sentence_vectors: NDArray[np.float32],
    item_vectors: NDArray[np.float32],
    style: bool,
) -> tuple[Sentence, ...]:
    """Tie each sentence to the items that support it.

    Args:
        sentences: The sentences of a profile.
        items: The history it was written from; only what the user wrote counts.
        sentence_vectors: Unit vectors, one row a sentence.
        item_vectors: Unit vectors, one row an item.
        style: Whether sentences are about how the user writes; one that claims no habit of
            writing is then held against what the items are about, like any other.
    """
    said = _by_the_user(items)
    ages = _ages(items)
    tied = []
    for text, vector in zip(sentences, sentence_vectors, strict=True):
        against: set[int] = set()
        scores = _by_style(text, {index: items[index].text for index in said}) if style else None
        if scores is None:
            cosines = _cosines(item_vectors, vector, said)
            scores, against = by_topic(text, cosines, said, ages)
        best = sorted(scores, key=lambda index: (-scores[index], index))[:MOST_EVIDENCE]
        tied.append(
            Sentence(
                text=text,
                evidence=tuple(items[index].id for index in best),
                support=round(max((scores[index] for index in best), default=0.0), 3),
                confidence=confidence(
                    [ages[index] for index in best], [ages[index] for index in against]
                ),
            )
        )
    return tuple(tied)


def speaking_for(
    chosen: int,
    options: Sequence[str],
    items: Sequence[HistoryItem],
    *,
    option_vectors: NDArray[np.float32],
    item_vectors: NDArray[np.float32],
) -> tuple[str, ...]:
    """Return the ids of the items that speak for one option more than for any other.

    An option is no claim: an item speaks for it by being about the same, unless it says that this
    is over.

    Args:
        chosen: The option's index.
        options: All the options.
        items: The history; only what the user wrote counts.
        option_vectors: Unit vectors, one row an option.
        item_vectors: Unit vectors, one row an item.
    """
    said = _by_the_user(items)
    scores: list[dict[int, float]] = []
    for option, vector in zip(options, option_vectors, strict=True):
        claim = Claim.of(option)
        cosines = _cosines(item_vectors, vector, said)
        scores.append({one.index: one.score(claim) for one in about(claim, cosines, said)})
    over = {
        index for index in said if covered(Claim.of(options[chosen]).telling, said[index].denied)
    }
    mine = {
        index: score
        for index, score in scores[chosen].items()
        if index not in over and score >= max(other.get(index, 0.0) for other in scores)
    }
    best = sorted(mine, key=lambda index: (-mine[index], index))[:MOST_EVIDENCE]
    return tuple(items[index].id for index in best)


def nearness(
    options: Sequence[str],
    items: Sequence[HistoryItem],
    *,
    option_vectors: NDArray[np.float32],
    item_vectors: NDArray[np.float32],
    category_vectors: Mapping[str, NDArray[np.float32]],
) -> list[float]:
    """Return how near the nearest item is to each option: its cosine, less what chance makes.

    An item that has a category stands midway between its text and its category. Items that say
    that what the option is about is over are not near to it. Those that tell of a dislike are near
    to nothing, and neither are those in which the person speaks: "I avoid seafood" is about as near
    to a seafood restaurant as "I love seafood" is.

    Args:
        options: All the options.
        items: The history; only what the user wrote counts.
        option_vectors: Unit vectors, one row an option.
        item_vectors: Unit vectors, one row an item.
        category_vectors: A unit vector of each category.
    """
    said = _by_the_user(items)
    about_each = [
        _midway(vector, category_vectors[item.category]) if item.category else vector
        for item, vector in zip(items, item_vectors, strict=True)
    ]
    found = []
    for option, vector in zip(options, option_vectors, strict=True):
        telling = Claim.of(option).telling
        near = [
            float(vector @ about_each[index])
            for index, item in said.items()
            if not (item.disliked or item.spoken) and not covered(telling, item.denied)
        ]
        found.append(max([0.0, *(cosine - UNRELATED for cosine in near)]))
    return found


def _midway(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the unit vector between two; the first one if they are opposite."""
    between = one + other
    length = float(np.linalg.norm(between))
    return between / length if length else one


def touched(
    asked: Sequence[str],
    items: Sequence[HistoryItem],
    *,
    asked_vectors: NDArray[np.float32],
    item_vectors: NDArray[np.float32],
) -> bool:
    """Return whether any item is about any of what is asked: a question, or options.

    Args:
        asked: The texts.
        items: The history; only what the user wrote counts.
        asked_vectors: Unit vectors, one row a text.
        item_vectors: Unit vectors, one row an item.
    """
    said = _by_the_user(items)
    return any(
        about(Claim.of(text), {index: float(vector @ item_vectors[index]) for index in said}, said)
        for text, vector in zip(asked, asked_vectors, strict=True)
    )


def confidence(ages: Sequence[float], against: Sequence[float] = ()) -> float:
    """Return how sure a sentence is, 0 to 1, from the amount, agreement and age of its evidence.

    It is F / (F + A + 1), where F sums up the items for it and A those against it, and an item
    counts 0.5 ** (age / HALF_LIFE). One new item gives 0.5, three give 0.75, one that is two years
    old a third, and so does a new one that another new one speaks against.

    Args:
        ages: Days by which each item for it is older than the newest of the history.
        against: The same, of items against it.
    """
    for_it, against_it = (sum(0.5 ** (age / HALF_LIFE) for age in side) for side in (ages, against))
    return float(round(for_it / (for_it + against_it + 1), 3))


def _cosines(
    item_vectors: NDArray[np.float32], vector: NDArray[np.float32], wanted: Iterable[int]
) -> dict[int, float]:
    """Return the cosines of some of the items, by their index."""
    cosines = (item_vectors @ vector).tolist()
    return {index: cosines[index] for index in wanted}


def _by_the_user(items: Sequence[HistoryItem]) -> dict[int, Said]:
    """Return what the user's own items say, by their index."""
    own = [index for index, item in enumerate(items) if item.role == "user"]
    told = (f"{items[index].category or ''}\0{items[index].text}" for index in own)
    return dict(zip(own, _read.of(told), strict=True))


def _read_item(told: str) -> Said:
    category, _, text = told.partition("\0")
    return Said.of(text, category)


_read: TextCache[Said] = TextCache(partial(map, _read_item), most_bytes=4 << 20)
"""The same items are read in every run; with its words, an item takes some ten times as much."""


def _ages(items: Sequence[HistoryItem]) -> list[float]:
    """Return how many days each item is older than the newest; 0 where the time is not known."""
    newest = max((item.time for item in items if item.time), default=None)
    return [
        (newest - item.time).total_seconds() / 86_400 if newest and item.time else 0.0
        for item in items
    ]


def _by_style(sentence: str, texts: Mapping[int, str]) -> dict[int, float] | None:
    """Score the items that show what a sentence says of style; None if it says nothing of it.

    A sentence stands only if everything it claims is typical of the texts.
    """
    claims = claimed_habits(sentence)
    if not claims:
        return None
    own = {index: own_words(text) for index, text in texts.items()}
    scores = dict.fromkeys(own, 0.0)
    for habit in claims:
        showing = [index for index, text in own.items() if text and habit.shows(text)]
        if len(showing) < habit.typical * len(own):
            return {}
        for index in showing:
            scores[index] += 1 / len(claims)
    return {index: score for index, score in scores.items() if score > 0}
