"""Which history items support a sentence, found without a model call.

What a sentence is about is compared with what an item is about by embedding and by shared words;
what it says about style is counted (`style.py`). A claim of fact stands if

- the items that it is about share enough of its telling words, between them: the nearer the
  nearest of them is in meaning, the fewer are enough; what the claim ends on is among them;
- its names, numbers and words for relatives stand in those items as they are;
- no newer item denies it, and if it denies something, an item denies the same.

An interest ("enjoys gardening") may also stand on several items that are near it in meaning alone.
`evals/bench_evidence.py` measures all this.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from guided_profile.graph.state import HistoryItem, Sentence
from guided_profile.tools.style import claimed_habits, own_words
from guided_profile.tools.wording import Claim, Said, covered

MOST_EVIDENCE = 5
"""The most items that a sentence points to."""
HALF_LIFE = 730.0
"""Days in which an item comes to count half for a sentence's confidence."""
_SIMILAR = 0.36
"""Cosine from which an item is about what a sentence is about, whatever its words."""
_RELATED = 0.18
"""Cosine from which an item is, if it shares a telling word; two are enough by themselves."""
_COVERED = 0.66
"""The share of its telling words that makes a claim stand."""
_COVERED_IF_NEAR = 0.5
"""The same, if an item is nearer than `_NEAR`."""
_NEAR = 0.65
_INTEREST = re.compile(
    r"\b(?:enjoy|like|love|interest|passion|fan of|hobby|keen|gern|gusta|aficion|aime)", re.I
)


@dataclass(frozen=True, slots=True)
class _Shared:
    """What an item has in common with a claim."""

    index: int
    cosine: float
    words: frozenset[str]

    def score(self, claim: Claim) -> float:
        share = len(self.words) / max(1, len(claim.telling))
        return min(1.0, max(0.0, self.cosine) / 2 + share / 2)


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
    own = [index for index, item in enumerate(items) if item.role == "user"]
    said = {index: Said.of(items[index].text, items[index].category) for index in own}
    ages = _ages(items)
    tied = []
    for text, vector in zip(sentences, sentence_vectors, strict=True):
        against: set[int] = set()
        scores = _by_style(text, {index: items[index].text for index in own}) if style else None
        if scores is None:
            cosines = {index: float(vector @ item_vectors[index]) for index in own}
            scores, against = _by_topic(text, cosines, said, ages)
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


def _ages(items: Sequence[HistoryItem]) -> list[float]:
    """Return how many days each item is older than the newest; 0 where the time is not known."""
    newest = max((item.time for item in items if item.time), default=None)
    return [
        (newest - item.time).total_seconds() / 86_400 if newest and item.time else 0.0
        for item in items
    ]


def _by_topic(
    sentence: str, cosines: Mapping[int, float], said: Mapping[int, Said], ages: Sequence[float]
) -> tuple[dict[int, float], set[int]]:
    """Score the items that support a sentence by what they are about; find those against it."""
    claim = Claim.of(sentence)
    there = _about(claim, cosines, said)
    over = {
        one.index: covered(claim.telling, said[one.index].denied) - claim.names for one in there
    }
    against = {index for index, words in over.items() if words and not claim.denies}
    there = [_without_what_is_over(one, over, against, ages) for one in there]
    words = frozenset().union(*(one.words for one in there))
    if claim.denies:
        if not any(covered(claim.denied, said[one.index].denied) for one in there):
            return {}, set()
    elif any(over[index] - words for index in against):
        return {}, set()
    if not _stands(claim, words, there, said):
        return _by_interest(sentence, claim, cosines, said), set()
    chosen = _chosen(claim, there)
    return {one.index: one.score(claim) for one in chosen}, against - {o.index for o in chosen}


def _about(
    claim: Claim, cosines: Mapping[int, float], said: Mapping[int, Said]
) -> list[_Shared]:
    """Return the items that are about what a claim is about."""
    found = []
    for index, cosine in cosines.items():
        item = said[index]
        if item.of_kin and item.of_kin not in claim.kin and not claim.names & item.words:
            continue
        words = frozenset(covered(claim.telling, item.telling))
        if cosine >= _SIMILAR or len(words) > 1 or (words and cosine >= _RELATED):
            found.append(_Shared(index, cosine, words))
    return found


def _without_what_is_over(
    one: _Shared, over: Mapping[int, set[str]], against: set[int], ages: Sequence[float]
) -> _Shared:
    """Take from what an item shares the words that it or a newer item says to be over."""
    gone = {
        word
        for index in against
        for word in over[index]
        if (ages[index], -index) <= (ages[one.index], -one.index)
    }
    return _Shared(one.index, one.cosine, one.words - gone)


def _stands(
    claim: Claim, words: frozenset[str], there: Sequence[_Shared], said: Mapping[int, Said]
) -> bool:
    """Whether what items share with a claim of fact carries it."""
    sharing = [one for one in there if one.words]
    if not sharing:
        return False
    near = max(one.cosine for one in sharing) >= _NEAR
    if len(words) < (_COVERED_IF_NEAR if near else _COVERED) * len(claim.telling):
        return False
    if claim.last not in words and not near:
        return False
    items = [said[one.index] for one in sharing]
    return (
        claim.names <= frozenset().union(*(item.words for item in items))
        and claim.numbers <= frozenset().union(*(item.numbers for item in items))
        and claim.kin <= frozenset().union(*(item.kin for item in items))
    )


def _chosen(claim: Claim, there: Sequence[_Shared]) -> list[_Shared]:
    """Return the best item, and those that add a word to it or say almost as much."""
    ranked = sorted((one for one in there if one.words), key=lambda one: -one.score(claim))
    chosen: list[_Shared] = []
    words: set[str] = set()
    for one in ranked:
        if one.words - words or one.score(claim) >= 0.75 * ranked[0].score(claim):
            chosen.append(one)
            words |= one.words
    return chosen


def _by_interest(
    sentence: str, claim: Claim, cosines: Mapping[int, float], said: Mapping[int, Said]
) -> dict[int, float]:
    """Score the items near an interest in meaning; one alone is none."""
    if not _INTEREST.search(sentence) or claim.names or claim.numbers or claim.denies or claim.kin:
        return {}
    near = {
        index: cosine
        for index, cosine in cosines.items()
        if cosine >= _SIMILAR and not said[index].of_kin
    }
    return near if len(near) > 1 and len(claim.telling) < 3 else {}


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
