"""What is shortened in a text, and what is shouted: capitals that shorten nothing.

Abbreviations are known by their shape, in any script that writes its vowels, not from lists; only
those of English that have vowels are listed, and its words that lack an apostrophe.
"""

from functools import lru_cache
from unicodedata import normalize

from guided_profile.tools.evidence.marks import (
    RECENT,
    WORD,
    all_capitals,
    compiled,
    is_mostly,
    laughter,
)

_ENGLISH_ABBREVIATIONS = frozenset(
    "abt afaik aka asap b4 bc bday coz cuz cya def dunno eta fomo fwiw fyi gimme gonna gotta "
    "h8 hbu hmu idc idek idk iirc ikr ily imho imo irl kinda l8 l8r lemme lmao lmfao lol lolz m8 "
    "obv ofc omg oml omw pic pics ppl prob probs rofl sorta srsly str8 tho thru tmi ttyl tysm ur "
    "vid vids w8 wanna wbu wyd xoxo yolo gr8 2day 2moro 2morrow 2nite 4eva 4ever".split()
)
_LONE_U = compiled(
    r"\b(?:are|r|can|do|did|if|love|miss|see|for|thank|with|what|how|when) u\b"
    r"|\bu (?:r|are|can|have|know|want|guys|should|will|too|ok|get)\b"
)
"""English alone: what has vowels or is one, and so cannot be known by its shape."""
_CALLED_BY_LETTERS = frozenset(
    "cd css cv db dj dr dvd ftp gb gps hm hz html http kb kg km mb mhm ml mm mr mrs ms pc pdf php "
    "pm pst sms sql st tsk tv vr vs wc www xml cm".split()
)
_SPELLED = r"[\p{Latin}\p{Cyrillic}\p{Greek}\p{M}\p{N}]"
_TOKEN = compiled(
    rf"(?<!{_SPELLED}|['’.\-/#@&:]|\d\s)"
    rf"(?:w/o?(?!\S)|{_SPELLED}++(?!['’\-/&]|\.\s?[\p{{Ll}}\p{{N}}]|\.\p{{L}}))"
)
_VOWELS = frozenset("aeiouyæøœıəаеёиоуыэюяіїєөүәαεηιουω")
_LONE_LETTERS = frozenset("bcdfghjlmnpqrtx")
_HOOKED = compiled(r"[čďěňřšťůžćđľĺŕ]")
_JAMO = compiled(r"[ㄱ-ㅎ]{2,}")
_LONGEST_ABBREVIATION = 5
_SHORTEST_OPENING = 3
"""Letters of an abbreviation with a capital, as where it opens a text: Thx, but not Mr."""
_ABBREVIATING = compiled(r"[\p{Latin}\p{Cyrillic}\p{Greek}\p{Hangul}]+")
_NO_APOSTROPHE = compiled(
    r"\b(?:(?:did|does|is|was|could|would|should|has|have|are|were|ai)nt|cant|wont|ive|youre|theyre"
    r"|thats|whats|theres|(?:i|you|we|they) dont|dont (?:know|want|think|have|like|worry|care|need|"
    r"even|get|forget|do|be|go|you)|im (?:so|not|just|sure|still|a|really|very|too|sorry|going|"
    r"gonna|getting|doing|trying))\b"
)
"""Of English; "dont" and "im" are words of French and German, and so need another beside them."""


def abbreviations(text: str) -> list[str]:
    """Return the abbreviations of text-speak, in small letters.

    Where vowels are written, they are known by having none (tbh, mdr, спс), or by being a consonant
    on its own; in Korean, by being consonants alone. English has a list of more. Where r and l can
    be vowels, as in Czech (prst, vlk), a word that has one is none.
    """
    return list(_abbreviations(text))


@lru_cache(maxsize=RECENT)
def _abbreviations(text: str) -> tuple[str, ...]:
    low = text.lower()
    vowels = _VOWELS | {"r", "l"} if _HOOKED.search(low) else _VOWELS
    found = [word.lower() for word in _TOKEN.findall(text) if _is_abbreviated(word, vowels)]
    found += ["u"] * len(_LONE_U.findall(low))
    found += [jamo for jamo in _JAMO.findall(text) if set(jamo) - {"ㅋ", "ㅎ"}]
    return tuple(found)


def _holds(vowels: frozenset[str], word: str) -> bool:
    return not vowels.isdisjoint(normalize("NFKD", word.lower()))


def _is_abbreviated(word: str, vowels: frozenset[str]) -> bool:
    low = word.lower()
    if low in _ENGLISH_ABBREVIATIONS or low.startswith("w/"):
        return True
    if low in _CALLED_BY_LETTERS or not word.isalpha():
        return False
    if not (word.islower() or (word.istitle() and len(word) >= _SHORTEST_OPENING)):
        return False
    if len(word) == 1:
        return word in _LONE_LETTERS
    return len(word) <= _LONGEST_ABBREVIATION and word[-1] != word[-2] and not _holds(vowels, word)


@lru_cache(maxsize=RECENT)
def can_abbreviate(text: str) -> bool:
    """Return whether a text is in a script in which abbreviations are looked for."""
    return is_mostly(_ABBREVIATING, text)


def shouted(text: str) -> list[str]:
    """Return the words in capitals that stand out; short ones and some more are names, as USA."""
    if all_capitals(text):
        return []
    least = 2 if "!" in text else 4
    return [
        word
        for word in WORD.findall(text)
        if len(word) >= least
        and word.isupper()
        and word.isalpha()
        and _holds(_VOWELS, word)
        and word.lower() not in _ENGLISH_ABBREVIATIONS
        and not laughter(word)
    ]


def left_out(text: str) -> list[str]:
    """Return the English words that lack their apostrophe, in small letters."""
    return _NO_APOSTROPHE.findall(text.lower())
