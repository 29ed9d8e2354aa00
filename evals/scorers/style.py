"""How far a text's style is from another's, whatever they say.

The four aspects are the paper's (section 5.2), and length. The habits are those of
`tools.evidence.style`, each compared where it applies to both texts.
"""

from math import log

from guided_profile.tools.evidence import style
from guided_profile.tools.evidence.marks import own_words

ASPECTS: dict[str, tuple[style.Habit, ...]] = {
    "capitals": (style.LOWER_CASE, style.SHOUTING, style.CAPITAL_FIRST),
    "punctuation": (
        style.EXCLAMATION,
        style.REPEATED_MARKS,
        style.QUESTION,
        style.TRAILING_DOTS,
        style.OPEN_END,
        style.FULL_STOP,
    ),
    "emoji": (style.EMOJI, style.EMOTICON),
    "abbreviations": (style.ABBREVIATION,),
}


def style_aspects(text: str, reference: str) -> dict[str, float]:
    """Return, for each aspect, how far two texts are apart: 0 the same, 1 all of it differs.

    Capitals, punctuation, emoji and abbreviations: the share of their habits that one text shows
    and the other does not, of those that apply to both; an aspect with none that do is left out.
    Length: 0 for as many characters, 1 for twice or half as many.
    """
    apart = {}
    for aspect, habits in ASPECTS.items():
        pairs = [(style.kept(habit, text), style.kept(habit, reference)) for habit in habits]
        differ = [ours != theirs for ours, theirs in pairs if None not in (ours, theirs)]
        if differ:
            apart[aspect] = sum(differ) / len(differ)
    ratio = log((len(own_words(text)) + 1) / (len(own_words(reference)) + 1))
    return apart | {"length": min(1.0, abs(ratio) / log(2))}


def style_distance(text: str, reference: str) -> float:
    """Return the mean over the aspects, of five, that apply: 0 (the same style) to 1."""
    apart = style_aspects(text, reference)
    return sum(apart.values()) / len(apart)
