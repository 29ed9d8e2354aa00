"""Revising a profile sentence by sentence, so that what still holds is kept word for word.

A new sentence joins one that says the same, or stands beside the others. A standing sentence that
the news contradict gives way; whether they do is the verifier's to say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from guided_profile.graph.records import HistoryItem, Replaced, Sentence
from guided_profile.graph.text import shortened
from guided_profile.tools.evidence.base import MOST_EVIDENCE

SAME = 1.0
"""The likeness from which two sentences may say the same."""
MOST_SENTENCES = 8
"""A profile is short: beyond this, the least sure sentences leave it, of equals the oldest."""
MOST_REPLACED = 20
"""How many replaced sentences, the last, are kept in the record."""

BY_TOKENS = 60
"""About how much of an item is kept as what ended a sentence."""

_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


class Sameness(Protocol):
    """What a revision asks: what says the same."""

    async def likeness(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return how like each text is to each other: 0 unrelated, 1 the same."""

    async def same(self, pairs: Sequence[tuple[str, str]]) -> list[bool]:
        """Return of each pair of sentences that are alike whether both say the same."""


@dataclass(frozen=True, slots=True)
class Revised:
    """What became of the sentences."""

    sentences: tuple[Sentence, ...]
    replaced: tuple[Replaced, ...]


async def revise(
    standing: Sequence[Sentence],
    fresh: Sequence[Sentence],
    replaced: Sequence[Replaced],
    *,
    over: Mapping[int, HistoryItem] | None = None,
    comparison: Sameness,
) -> Revised:
    """Join new sentences to the standing ones.

    Args:
        standing: The supported sentences so far; empty when a profile is built.
        fresh: The supported sentences that were just written.
        replaced: What was replaced before; it does not come back unless newer evidence says it.
            Where times do not show which is newer, what was just written is, in a revision.
        over: In a revision, the places of the standing sentences that no longer hold, each with the
            item that ended it; None when a profile is built.
        comparison: Says what says the same.

    Raises:
        ModelError: The verifier failed.
    """
    revising = over is not None
    over = over or {}
    alike = await _Likeness.of([*standing, *fresh], replaced, comparison)
    kept = [sentence for n, sentence in enumerate(standing) if n not in over]
    gone = [_replaced(standing[n], item, fresh) for n, item in sorted(over.items())]
    before = list(replaced)
    arriving: list[Sentence] = []
    for new in sorted(fresh, key=lambda sentence: sentence.since or _LONG_AGO):
        again = [old for old in before if alike.says_again(new, old)]
        if all(_newer(new, old, revising=revising) for old in again):
            before = [old for old in before if old not in again or (new.since and old.replaced)]
            arriving.append(new)
    kept = await _together(kept, arriving, alike, comparison)
    while len(kept) > MOST_SENTENCES:
        kept.remove(min(kept, key=_worth))
    return Revised(tuple(kept), (*before, *gone)[-MOST_REPLACED:])


async def _together(
    kept: Sequence[Sentence], arriving: Sequence[Sentence], alike: "_Likeness", comparison: Sameness
) -> list[Sentence]:
    """Join each new sentence to the nearest before it, if both say the same; else add it."""
    before = [*kept, *arriving]
    nearest = {
        at: max(range(at), key=lambda old: alike.of_two(before[old].text, before[at].text))
        for at in range(max(len(kept), 1), len(before))
    }
    near = {
        at: old
        for at, old in nearest.items()
        if alike.of_two(before[old].text, before[at].text) >= SAME
    }
    same = await comparison.same([(before[old].text, before[at].text) for at, old in near.items()])
    twins = {at: old for (at, old), yes in zip(near.items(), same, strict=True) if yes}
    merged: list[Sentence] = []
    place: list[int] = []  # where each sentence is in `merged`
    for at, sentence in enumerate(before):
        if at in twins:
            place.append(place[twins[at]])
            merged[place[at]] = _joined(merged[place[at]], sentence)
        else:
            place.append(len(merged))
            merged.append(sentence)
    return merged


@dataclass(frozen=True, slots=True)
class _Likeness:
    """How like the texts of a revision are to each other."""

    places: dict[str, int]
    matrix: NDArray[np.float64]

    @classmethod
    async def of(
        cls, sentences: Sequence[Sentence], replaced: Sequence[Replaced], comparison: Sameness
    ) -> Self:
        texts = dict.fromkeys(sentence.text for sentence in sentences)
        texts |= dict.fromkeys(text for old in replaced for text in (old.text, old.by))
        places = {text: n for n, text in enumerate(texts)}
        matrix = np.eye(len(texts)) if len(texts) < 2 else await comparison.likeness(list(texts))
        return cls(places, matrix)

    def of_two(self, first: str, other: str) -> float:
        return float(self.matrix[self.places[first], self.places[other]])

    def says_again(self, new: Sentence, old: Replaced) -> bool:
        """Whether a sentence says what was replaced, and not rather what took its place."""
        again = self.of_two(old.text, new.text)
        return again >= SAME and again > self.of_two(old.by, new.text)


def _worth(sentence: Sentence) -> tuple[float, datetime]:
    """Return what decides who leaves: in steps of a tenth, since no calibration knows more."""
    return round(sentence.confidence, 1), sentence.since or _LONG_AGO


def _newer(new: Sentence, old: Replaced, *, revising: bool) -> bool:
    """Whether a sentence's evidence came after what it says was replaced."""
    if new.since and old.replaced:
        return new.since > old.replaced
    return revising


def _replaced(old: Sentence, item: HistoryItem, fresh: Sequence[Sentence]) -> Replaced:
    """Return the record of a sentence that an item ended: by what now says so, if anything does."""
    by = next(
        (sentence.text for sentence in fresh if item.id in sentence.evidence),
        shortened(item.text, BY_TOKENS),
    )
    return Replaced(text=old.text, by=by, since=old.since, replaced=item.time)


def _joined(old: Sentence, new: Sentence) -> Sentence:
    """Return the fuller of the two sentences with the evidence of both, the new one's first."""
    newest = max((sentence.since for sentence in (old, new) if sentence.since), default=None)
    evidence = tuple(dict.fromkeys((*new.evidence, *old.evidence)))[:MOST_EVIDENCE]
    fuller = max((old, new), key=lambda sentence: len(sentence.text))
    return fuller.model_copy(
        update={
            "evidence": evidence,
            "confidence": max(old.confidence, new.confidence),
            "since": newest,
        }
    )
