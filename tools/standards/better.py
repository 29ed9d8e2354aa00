"""Which of several texts in a person's style is the best, of those that say the same."""

from collections.abc import Sequence

import regex

from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.standards.manner import Manner

MEANING = 0.6
"""The likeness, on the scale of `HistoryStore.likeness`, from which on two texts say the same."""
LENGTHS = (0.4, 2.0)
"""How many times as long as what is rewritten a text may be."""
_NUMBER = regex.compile(r"\p{N}+")


def best(texts: Sequence[str], source: str, manner: Manner, history: HistoryStore) -> int:
    """Return the index of the text that says the same, and misses least of how a person writes.

    Of those that miss as much, it is the nearest to how the person writes. Where none says the
    same, it is the nearest in meaning. Of equals, the first is taken.

    Args:
        texts: What a model wrote, one or more.
        source: What they are to say.
        manner: How the person writes.
        history: Whose embedder says what is alike.
    """
    alike = _likeness(texts, source, history)

    def merit(index: int) -> tuple[bool, float, float]:
        text, near = texts[index], alike[index]
        if not _says_the_same(text, source, near):
            return False, near, 0.0
        return True, -len(manner.missed(text)), -manner.distance(text)

    return max(range(len(texts)), key=merit)


def is_farther(text: str, source: str, manner: Manner, history: HistoryStore) -> bool:
    """Return whether a text says the same as its source, and farther from how the person writes."""
    (near,) = _likeness([text], source, history)
    same = _says_the_same(text, source, near)
    return same and manner.distance(text) > manner.distance(source)


def _likeness(texts: Sequence[str], source: str, history: HistoryStore) -> list[float]:
    vectors = history.embed([source, *texts])
    return [float(likeness) for likeness in history.likeness(vectors[1:] @ vectors[0])]


def _says_the_same(text: str, source: str, near: float) -> bool:
    return (
        near >= MEANING
        and sorted(_NUMBER.findall(text)) == sorted(_NUMBER.findall(source))
        and LENGTHS[0] <= len(text) / len(source) <= LENGTHS[1]
    )
