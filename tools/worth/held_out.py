"""Which of a person's items are held out, and which sentences may stand beside each.

A sentence that rests on a held-out item would give it away. So items are held out that no sentence
rests on; where these are too few, others are, each without the sentences that rest on it. What was
left out of view in no other way, such as what the writer saw and did not cite, stays: the worth of
a profile on the past it was written from is rather too high than too low.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from guided_profile.graph.records import HistoryItem, Sentence
from guided_profile.graph.tokens import approximate_tokens

T = TypeVar("T")

LEAST_TOKENS = 5
"""A shorter text ("thanks!") is anybody's."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """An item, and the sentences that do not rest on it."""

    item: HistoryItem
    sentences: tuple[Sentence, ...]


def held_out(
    items: Sequence[HistoryItem], sentences: Sequence[Sentence], most: int
) -> list[HeldOut]:
    """Return items to hold out, spread over their order.

    Args:
        items: The person's own, in order of time.
        sentences: Those of the profile that are used.
        most: How many items are held out at most.
    """
    long_enough = {
        item.text: HeldOut(item, tuple(each for each in sentences if item.id not in each.evidence))
        for item in items
        if approximate_tokens(item.text) >= LEAST_TOKENS
    }
    with_rest = [each for each in long_enough.values() if each.sentences]
    free = [each for each in with_rest if len(each.sentences) == len(sentences)]
    cited = [each for each in with_rest if len(each.sentences) < len(sentences)]
    chosen = spread(free, most)
    chosen += spread(cited, most - len(chosen))
    place = {item.id: n for n, item in enumerate(items)}
    return sorted(chosen, key=lambda each: place[each.item.id])


def spread(given: Iterable[T], most: int) -> list[T]:
    """Return so many at most, evenly spaced."""
    all_ = list(given)
    if len(all_) <= most:
        return all_
    return [all_[int((n + 0.5) * len(all_) / most)] for n in range(max(0, most))]
