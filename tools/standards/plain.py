"""A person's text without what can be counted of their style: worked examples begin with it.

A model follows "this text became that one" far better than a list of habits. What a person wrote is
there; what they would have written without their habits is made from its signs, in any script:
nothing here knows a word.
"""

import regex

from guided_profile.tools.evidence import marks
from guided_profile.tools.evidence.abbreviations import shouted

_SPACES = regex.compile(r"\s+")
_STRONG = regex.compile(r"\s*[!！‼⁉?？؟⁇⁈]*[!！‼⁉][!！‼⁉?？؟⁇⁈]*")
_DOTS = regex.compile(rf"\s*(?:{marks.DOTS.pattern})", regex.V1)
_OPENING = regex.compile(r"(?:^|(?<=[.?؟՞]\s))\p{Ll}")
_FULL_WIDTH = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}]")
_DANDA = regex.compile(r"[\p{Devanagari}\p{Bengali}\p{Gurmukhi}]")
_ASKS = regex.compile(r"[?？؟⁇⁈]")


def plain(text: str) -> str:
    """Return a text with capitals where sentences begin, one sign where they end, and no more.

    Emoji, faces made of signs and links go; words in capitals are written small; several marks, and
    dots that trail off, become one.
    """
    shown = marks.EMOJI_SIGN.sub(" ", marks.own_words(text))
    for face in marks.emoticons(shown):
        shown = shown.replace(face, " ")
    if marks.has_case(shown):
        loud = {shown} if marks.all_capitals(shown) else set(shouted(shown))
        for word in loud:
            shown = shown.replace(word, word.lower())
    shown = _SPACES.sub(" ", shown).strip()
    if not marks.has_letters(shown) or not marks.has_stops(shown):
        return shown
    stop = "。" if _FULL_WIDTH.search(shown) else "।" if _DANDA.search(shown) else "."
    shown = _STRONG.sub(lambda found: "?" if _ASKS.search(found[0]) else stop, shown)
    shown = _DOTS.sub(stop, shown)
    if marks.ends_open(shown):
        shown += stop
    return _OPENING.sub(lambda found: found[0].upper(), shown)
