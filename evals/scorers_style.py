"""How far a text's style is from another's, whatever they say.

The four aspects are the paper's (section 5.2), and length. The habits are `tools.style`'s.
"""

from math import log

from guided_profile.tools import style

ASPECTS: dict[str, tuple[style.Habit, ...]] = {
    "capitals": (style.NO_CAPITAL, style.SHOUTED, style.CAPITAL_FIRST),
    "punctuation": (
        style.EXCLAMATION,
        style.QUESTION_MARK,
        style.DOTS,
        style.OPEN_END,
        style.FULL_STOP,
    ),
    "emoji": (style.EMOJI,),
    "abbreviations": (style.ABBREVIATION,),
}


def style_aspects(text: str, reference: str) -> dict[str, float]:
    """Return, for each aspect, how far two texts are apart: 0 the same, 1 all of it differs.

    Capitals, punctuation, emoji and abbreviations: the share of their habits that one text shows
    and the other does not. Length: 0 for as many characters, 1 for twice or half as many.
    """
    ours, theirs = style.own_words(text), style.own_words(reference)
    apart = {
        aspect: sum(habit.shows(ours) != habit.shows(theirs) for habit in habits) / len(habits)
        for aspect, habits in ASPECTS.items()
    }
    ratio = log((len(ours) + 1) / (len(theirs) + 1))
    return apart | {"length": min(1.0, abs(ratio) / log(2))}


def style_distance(text: str, reference: str) -> float:
    """Return the mean over the five aspects, 0 (the same style) to 1; less is better."""
    apart = style_aspects(text, reference)
    return sum(apart.values()) / len(apart)
