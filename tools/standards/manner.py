"""How a person writes, as far as it can be counted: what a text in their style is held against."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.evidence import style

DECISIVE = 0.6
"""A text misses a habit if the share of the person's texts that show it is so far from the text's
own yes or no: what they do in half of their texts, a text may do or not."""
WEIGHT = 2.0
"""How many texts the usual share of a habit weighs as much as: of three texts, three that end
without a full stop say less than thirty of thirty do."""
MOST_TEXTS = 200
"""The newest; more say nothing new of how somebody writes."""
_OF_CONTENT = frozenset(
    {style.QUESTION, style.SHORT, style.VERY_SHORT, style.MEDIUM, style.LONG, style.LINES}
)
"""What a text says decides these, and not how."""
_OPPOSITES = frozenset(
    {style.LOWER_FIRST, style.CAPITAL_FIRST, style.FULL_STOP, style.OPEN_END, style.EXCLAMATION,
     style.NO_EXCLAMATION, style.EMOJI, style.NO_EMOJI, style.ABBREVIATION, style.NO_ABBREVIATION}
)  # fmt: skip
"""Whose opposite is a habit too: only one of the two is named."""


def own_texts(items: Sequence[HistoryItem]) -> tuple[str, ...]:
    """Return the texts of a history that show how the person writes, the newest last.

    What they did is in others' words: it counts where there is nothing else.
    """
    theirs = [item for item in items if item.role == "user"]
    said = [item.text for item in theirs if item.kind == "said"]
    return tuple((said or [item.text for item in theirs])[-MOST_TEXTS:])


@dataclass(frozen=True)
class Manner:
    """The habits of one person's texts."""

    texts: tuple[str, ...]

    @cached_property
    def shares(self) -> dict[str, float]:
        """The share of the person's texts that show each habit, drawn to the usual one."""
        return {
            habit.name: (showing + WEIGHT * habit.usual) / (of + WEIGHT)
            for habit, (showing, of) in style.shown_of(self.texts).items()
        }

    @cached_property
    def observed(self) -> dict[str, str]:
        """What is typical, in words, with the person's own examples, by the name of the habit."""
        return {
            observation.habit.name: observation.text
            for observation in style.observations(self.texts)
        }

    def share(self, habit: style.Habit) -> float:
        """Return the share of the person's texts that show a habit; 0.5 where none can."""
        return self.shares.get(habit.name, 0.5)

    def distance(self, text: str) -> float:
        """Return how far a text is from how the person writes, 0 to 1; 1 if it says nothing."""
        shown = style.style_of([text])
        return style.distance(shown, self.shares) if shown.keys() & self.shares.keys() else 1.0

    def missed(self, text: str) -> list[str]:
        """Return the decisive habits that a text does not keep, in words that follow on "I see"."""
        missed: dict[style.Habit, str] = {}
        for habit, (showing, _) in style.shown_of([text]).items():
            if habit in _OF_CONTENT or abs(showing - self.share(habit)) < DECISIVE:
                continue
            if not showing:
                missed[habit] = f"this person {self.observed.get(habit.name, habit.name)}"
            elif habit not in _OPPOSITES:
                missed[habit] = f"it {habit.name}, which this person hardly ever does"
        implied = {name for habit in missed for name in habit.implies}
        return [words for habit, words in missed.items() if habit.name not in implied]
