"""What can be counted about how a person writes, in any script.

A `Habit` is a yes or no per text, counted only in texts that it applies to: nothing is said of
capitals in a script that has none. Habits that are typical of a person's texts become
`Observation`s for the models that write or judge sentences about style. To the paper's aspects
(section 5.2) laughter, stretched words, scripts and length are added.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log

from guided_profile.graph.errors import InputError
from guided_profile.tools.evidence import marks
from guided_profile.tools.evidence.abbreviations import (
    abbreviations,
    can_abbreviate,
    left_out,
    shouted,
)


@dataclass(frozen=True, slots=True)
class Habit:
    """Something that a text does or does not do."""

    name: str
    """In words that follow "This person"."""
    found: Callable[[str], object]
    """What shows it in a text: a list holds words that can be cited as examples."""
    typical: float
    """The share of the texts it applies to that has to show it before it is the person's."""
    usual: float
    """About what share of people's texts shows it; from a half on, it is ordinary. A rough middle
    of prose and of 3,800 tweets and chat messages: it settles the order alone."""
    applies: Callable[[str], bool] = bool
    """Whether a text can show it at all."""
    implies: tuple[str, ...] = ()
    """Names of habits that need no word beside it."""

    def shows(self, text: str) -> bool:
        """Return whether a text that it applies to, of the person's own words, shows it."""
        return bool(self.found(text))


# the two numbers: the share that makes it typical, and the usual share
LOWER_FIRST = Habit(
    "begins without a capital", marks.opens_in_lower_case, 0.6, 0.3, marks.opens_with_letter
)
CAPITAL_FIRST = Habit(
    "begins with a capital",
    lambda text: not marks.opens_in_lower_case(text),
    0.6,
    0.7,
    marks.opens_with_letter,
)
LOWER_CASE = Habit(
    "writes everything in lower case",
    lambda text: text == text.lower(),
    0.6,
    0.2,
    marks.has_case,
    implies=(LOWER_FIRST.name,),
)
SHOUTING = Habit("puts words in CAPITALS", shouted, 0.25, 0.05, marks.has_case)
ALL_CAPITALS = Habit(
    "writes whole texts in CAPITALS",
    marks.all_capitals,
    0.25,
    0.02,
    marks.has_case,
    implies=(SHOUTING.name, CAPITAL_FIRST.name),
)
FULL_STOP = Habit("ends with a full stop", marks.ends_with_stop, 0.5, 0.5, marks.has_stops)
OPEN_END = Habit(
    "puts no full stop or other mark at the end", marks.ends_open, 0.6, 0.4, marks.has_stops
)
NO_PUNCTUATION = Habit(
    "writes without punctuation, even at the end",
    marks.is_unpunctuated,
    0.75,
    0.3,
    marks.has_clause,
    implies=(OPEN_END.name,),
)
EXCLAMATION = Habit("uses exclamation marks", marks.EXCLAMATION_MARK.search, 0.4, 0.2)
NO_EXCLAMATION = Habit(
    "uses no exclamation marks", lambda text: not marks.EXCLAMATION_MARK.search(text), 0.9, 0.8
)
REPEATED_MARKS = Habit(
    "repeats exclamation or question marks",
    marks.SEVERAL_MARKS.search,
    0.25,
    0.07,
    implies=(EXCLAMATION.name,),
)
QUESTION = Habit("asks questions", marks.QUESTION_MARK.search, 0.5, 0.2)
OPENING_MARKS = Habit(
    "opens questions or exclamations with ¿ or ¡", marks.OPENING_MARK.search, 0.25, 0.02
)
TRAILING_DOTS = Habit("trails off with dots", marks.DOTS.search, 0.25, 0.1)
DASH = Habit("uses dashes", marks.DASH_SIGN.search, 0.4, 0.05)
ASIDE = Habit("puts asides in brackets", marks.has_aside, 0.3, 0.04)
EMOJI = Habit("uses emoji", marks.emoji, 0.25, 0.1)
EMOJI_ROW = Habit(
    "puts several emoji in a row", marks.emoji_rows, 0.25, 0.04, implies=(EMOJI.name,)
)
NO_EMOJI = Habit("uses no emoji", lambda text: not marks.EMOJI_SIGN.search(text), 0.9, 0.9)
EMOTICON = Habit("uses emoticons", marks.emoticons, 0.25, 0.05)
LAUGHTER = Habit("writes out laughter", marks.laughter, 0.25, 0.06)
STRETCHING = Habit("stretches words", marks.stretched, 0.25, 0.05)
ABBREVIATION = Habit("uses text-speak abbreviations", abbreviations, 0.25, 0.15, can_abbreviate)
NO_ABBREVIATION = Habit(
    "uses no text-speak abbreviations",
    lambda text: not abbreviations(text),
    0.9,
    0.85,
    can_abbreviate,
)
NO_APOSTROPHE = Habit("leaves out apostrophes", left_out, 0.25, 0.05)
MIXED_SCRIPTS = Habit("mixes in words in Latin letters", marks.latin_words, 0.3, 0.05)
HASHTAG = Habit("uses hashtags", marks.HASHTAG_WORD.search, 0.25, 0.03)
LINES = Habit("breaks texts into several lines", lambda text: "\n" in text, 0.5, 0.05)
SHORT = Habit("writes short texts, up to 15 words", lambda text: marks.length(text) <= 15, 0.6, 0.7)
VERY_SHORT = Habit(
    "writes very short texts, up to 4 words",
    lambda text: marks.length(text) <= 4,
    0.75,
    0.3,
    marks.has_letters,
    implies=(SHORT.name,),
)
MEDIUM = Habit(
    "writes texts of 16 to 30 words", lambda text: 15 < marks.length(text) <= 30, 0.6, 0.5
)
LONG = Habit("writes long texts, over 30 words", lambda text: marks.length(text) > 30, 0.5, 0.05)

HABITS: tuple[Habit, ...] = (
    LOWER_CASE, LOWER_FIRST, CAPITAL_FIRST, SHOUTING, ALL_CAPITALS, FULL_STOP, OPEN_END,
    NO_PUNCTUATION, EXCLAMATION, NO_EXCLAMATION, REPEATED_MARKS, QUESTION, OPENING_MARKS,
    TRAILING_DOTS, DASH, ASIDE, EMOJI, EMOJI_ROW, NO_EMOJI, EMOTICON, LAUGHTER, STRETCHING,
    ABBREVIATION, NO_ABBREVIATION, NO_APOSTROPHE, MIXED_SCRIPTS, HASHTAG, LINES, SHORT, VERY_SHORT,
    MEDIUM, LONG,
)  # fmt: skip
_ORDINARY = 0.5
_MOST = 8
_MOST_EXAMPLES = 3
_LONGEST_EXAMPLE = 15
_LEAST_APPLIES = 1 / 3
"""The share of texts that a habit has to apply to before it is observed."""
_MOSTLY_IMPLIED = 0.75


@dataclass(frozen=True, slots=True)
class Observation:
    """A habit that is typical of some texts."""

    text: str
    """In English, with the number of texts that show it."""
    showing: tuple[int, ...]
    """The indices of the texts that show it."""
    of: int
    """How many texts it was looked for in: those that it applies to."""
    habit: Habit

    @property
    def share(self) -> float:
        """The share of the texts it applies to that shows it."""
        return len(self.showing) / self.of


def kept(habit: Habit, text: str) -> bool | None:
    """Return whether a text keeps a habit; None if the habit does not apply to it."""
    own = marks.own_words(text)
    return habit.shows(own) if habit.applies(own) else None


def observations(texts: Sequence[str]) -> list[Observation]:
    """Return the habits that are typical of some texts, the most distinctive first.

    Ordinary habits, such as to begin with a capital, come last. At most eight are returned.
    """
    own = [marks.own_words(text) for text in texts]
    spoken = sum(map(bool, own))
    found = {
        count.habit.name: _observation(count)
        for count in _counts(own)
        if _is_typical(count, spoken)
    }
    for observed in list(found.values()):
        for name in observed.habit.implies:
            if name in found and len(observed.showing) >= _MOSTLY_IMPLIED * len(
                found[name].showing
            ):
                del found[name]
    return sorted(found.values(), key=_rank)[:_MOST]


@dataclass(slots=True)
class _Count:
    habit: Habit
    of: int = 0
    """How many texts it applies to."""
    showing: list[int] = field(default_factory=list)
    """The indices of the texts that show it."""
    examples: Counter[str] = field(default_factory=Counter)
    """Words that show it, with the number of texts they are in."""


def _counts(own: Sequence[str]) -> list[_Count]:
    """Count each habit, text by text: so the marks can remember what several habits ask of one."""
    counts = [_Count(habit) for habit in HABITS]
    for index, text in enumerate(own):
        for count in counts if text else ():
            if count.habit.applies(text):
                count.of += 1
                if found := count.habit.found(text):
                    count.showing.append(index)
                    if isinstance(found, list):
                        count.examples.update(list(dict.fromkeys(found)))
    return counts


def _is_typical(count: _Count, texts: int) -> bool:
    least = max(min(2, texts), count.habit.typical * count.of, 1)
    return len(count.showing) >= least and count.of >= _LEAST_APPLIES * texts


def _observation(count: _Count) -> Observation:
    words = count.habit.name
    if count.examples:
        most = (word[:_LONGEST_EXAMPLE] for word, _ in count.examples.most_common(_MOST_EXAMPLES))
        words += f", such as {', '.join(most)}"
    text = f"{words} ({len(count.showing)} of {count.of} texts)"
    return Observation(text, tuple(count.showing), count.of, count.habit)


def _rank(observed: Observation) -> tuple[bool, float]:
    """Rank by how far the share is from the usual one, as Kullback and Leibler measure it."""
    pairs = (observed.share, observed.habit.usual), (1 - observed.share, 1 - observed.habit.usual)
    return observed.habit.usual >= _ORDINARY, -sum(p * log(p / q) for p, q in pairs if p > 0)


def shown_of(texts: Sequence[str]) -> dict[Habit, tuple[int, int]]:
    """Return how many texts show each habit, of how many that it applies to, if any."""
    counts = _counts([marks.own_words(text) for text in texts])
    return {count.habit: (len(count.showing), count.of) for count in counts if count.of}


def style_of(texts: Sequence[str]) -> dict[str, float]:
    """Return the share of texts that shows each habit, of those that it applies to."""
    return {habit.name: showing / of for habit, (showing, of) in shown_of(texts).items()}


def distance(first: Mapping[str, float], second: Mapping[str, float]) -> float:
    """Return the mean difference of two styles over the habits that apply to both, 0 to 1."""
    shared = first.keys() & second.keys()
    if not shared:
        raise InputError("no habit applies to both styles; take each of texts that hold something")
    return sum(abs(first[name] - second[name]) for name in shared) / len(shared)
