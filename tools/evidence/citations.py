"""The line numbers that a model's reply cites: a hint where to look, never a proof."""

import re
from collections.abc import Mapping

_CITATION = re.compile(
    r"\s?[\[(（［【] ?(?:(?:lines?|items?) )?"
    r"((?!(?:19|20)\d\d)\d{1,4}(?: ?[,，、;–-] ?\d{1,4}){0,30}) ?[\])）］】]",
    re.IGNORECASE,
)
"""Numbers in brackets; a year in them is none of a line."""
_NUMBERS = re.compile(r"(\d{1,4})(?:[ ]?[–-][ ]?(\d{1,4}))?")
_MOST = 12
"""A span of more lines than this cites nothing in particular."""


def cited(text: str, lines: Mapping[int, str]) -> tuple[str, ...]:
    """Return the ids that a text cites, as in "likes trains [3, 7-9]", each once, in order.

    Args:
        text: What a model wrote.
        lines: The ids of the items by the numbers of their lines; other numbers cite nothing.
    """
    found: dict[str, None] = {}
    for group in _CITATION.findall(text):
        for first, last in _NUMBERS.findall(group):
            span = range(int(first), int(last or first) + 1)
            if len(span) <= _MOST:
                found |= {lines[number]: None for number in span if number in lines}
    return tuple(found)


def without_citations(text: str) -> str:
    """Return a text without the line numbers that it cites."""
    return _CITATION.sub("", text).strip()
