"""What a sentence names to the letter and the history does not: numbers, and names."""

import re
import unicodedata
from collections.abc import Iterable

from guided_profile.graph.records import HistoryItem

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_START = re.compile(r"(?:^|[.!?:]\s)\W*([^\W\d_][\w'’-]*)")
MOST_CAPITALS = 0.3
"""A sentence with a larger share of capitalized words is in a language that capitalizes its nouns,
or is a headline: its capitals mark no names."""


def missing_literals(sentence: str, items: Iterable[HistoryItem]) -> tuple[str, ...]:
    """Return a sentence's numbers and names that stand in none of the items.

    A name is a word with a capital that does not begin the sentence; scripts without capitals have
    none that can be found out. An ending of one or two letters (Anna's, Annas) may differ.
    """
    text = unicodedata.normalize("NFKC", sentence)
    history = _folded(" ".join(_whole(item) for item in items))
    numbers = [number for number in _NUMBER.findall(text) if not _stands_in(number, history)]
    names = [name for name in _names(text) if _stem(_folded(name)) not in history]
    return tuple(dict.fromkeys(numbers + names))


def _whole(item: HistoryItem) -> str:
    date = item.time.date().isoformat() if item.time else ""
    return f"{item.text} {item.category or ''} {item.source} {date}"


def _stands_in(number: str, text: str) -> bool:
    """Whether a number stands in a text, and not only as part of another: the 7 of 2017."""
    return re.search(rf"(?<!\d){re.escape(number)}(?!\d)", text) is not None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _stem(name: str) -> str:
    return name[: max(3, len(name) - 2)]


def _names(text: str) -> list[str]:
    words = _WORD.findall(text)
    first = set(_START.findall(text))
    names = [word for word in words if word[0].isupper() and word not in first and len(word) > 1]
    return names if len(names) <= MOST_CAPITALS * len(words) else []
