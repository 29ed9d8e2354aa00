"""Habits of writing as evidence: counted lines, each with the items that show it.

A model is blind to capitals and punctuation, but it can tell whether a sentence says what was
counted. So sentences about style are held against the counts, and point to the items behind them.
"""

from collections.abc import Mapping, Sequence

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.evidence.base import MOST_EVIDENCE
from guided_profile.tools.evidence.style import observations

SOURCE = "counted"


def habits_of(items: Sequence[HistoryItem]) -> dict[HistoryItem, tuple[str, ...]]:
    """Return what can be counted about how a user writes, as lines of evidence.

    Returns:
        A line for each habit, with the ids of the items that show it, the newest first.
    """
    found = {}
    for number, habit in enumerate(observations([item.text for item in items]), start=1):
        line = HistoryItem(id=f"habit-{number}", text=habit.text, source=SOURCE)
        found[line] = tuple(items[n].id for n in reversed(habit.showing))
    return found


def behind(evidence: Sequence[str], showing: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the ids of the items behind lines of habits, by the lines' ids."""
    ids = dict.fromkeys(id_ for line in evidence for id_ in showing.get(line, ()))
    return tuple(ids)[:MOST_EVIDENCE]
