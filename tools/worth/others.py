"""What other people did and said: invented, and shipped with the package.

A line of `others.jsonl` is one thing that one of some forty invented people did or said. A user's
data never stands beside another user's, so these do.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from math import log

from guided_profile.graph.records import HistoryItem

LIKEST = 8
"""From how many of the likest items, for each one that is wanted, they are taken."""


@dataclass(frozen=True, slots=True)
class Other:
    """One thing that an invented person did or said."""

    person: str
    text: str
    kind: str
    """`did` or `said`."""
    source: str
    category: str | None
    language: str
    """ISO 639-1."""


@cache
def shipped() -> tuple[Other, ...]:
    """Return the items that come with the package."""
    text = (files(__package__) / "others.jsonl").read_text("utf-8")
    names = Other.__slots__
    rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    return tuple(Other(**{name: row.get(name) for name in names}) for row in rows)


def languages(others: Sequence[Other]) -> frozenset[str]:
    """Return the languages, as ISO 639-1, that others speak."""
    return frozenset(other.language for other in others)


def beside(
    item: HistoryItem, language: str, count: int, others: Sequence[Other]
) -> tuple[str, ...]:
    """Return the texts of others that are as like an item as there are.

    What they have alike is what says nothing of the person: the language, whether it was done or
    said, the source, and the length. Which of the likest are taken depends on the item alone.

    Args:
        item: One of the user's.
        language: What the user writes.
        count: How many texts are wanted.
        others: What to take from; in this language there have to be as many.
    """

    def unlike(other: Other) -> tuple[bool, bool, float]:
        longer = abs(log(len(other.text) / len(item.text)))
        return other.kind != item.kind, other.source != item.source, longer

    def drawn(other: Other) -> bytes:
        return blake2b(f"{item.text} {other.text}".encode(), digest_size=8).digest()

    spoken = [each for each in others if each.language == language and each.text != item.text]
    likest = sorted(spoken, key=unlike)[: count * LIKEST]
    return tuple(other.text for other in sorted(likest, key=drawn)[:count])
