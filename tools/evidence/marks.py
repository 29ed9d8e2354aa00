"""Marks of writing in a text, in any script: what `style.py` counts habits by.

Letters, words and capitals; emoji, faces, laughter and stretched words; punctuation. What is
shortened or shouted is in `abbreviations.py`. The finders take a person's `own_words`.
"""

from collections.abc import Iterable
from functools import lru_cache
from operator import eq
from unicodedata import normalize

import regex

RECENT = 8
"""Texts whose counts are remembered: several habits ask the same of one text, then of the next."""


def compiled(words: str) -> regex.Pattern[str]:
    """Return a pattern that may subtract and join sets of letters."""
    return regex.compile(words, regex.V1)


def _without(patterns: Iterable[regex.Pattern[str]], text: str) -> str:
    for pattern in patterns:
        text = pattern.sub(" ", text)
    return text


_LINK_OR_HANDLE = compiled(r"https?://\S+|www\.\S+|@\w+")


def own_words(text: str) -> str:
    """Return a text without the links and handles in it, which say nothing about its style."""
    return normalize("NFC", _LINK_OR_HANDLE.sub("", text)).strip()


# Letters and words

_LETTER = compiled(r"\p{L}")
_LETTER_OR_DIGIT = compiled(r"[\p{L}\p{N}]")
_LETTERS = compiled(r"\p{L}+")
_CASED = compiled(r"[\p{Lu}\p{Lt}\p{Changes_When_Titlecased}]+")
WORD = compiled(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}'’]*")
_HALF_WORD = compiled(r"[\p{Han}\p{Hiragana}\p{Katakana}]")
_QUARTER_WORD = compiled(r"[[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]&&\p{L}]")
_ALMOST_ALL = 0.8


def has_letters(text: str) -> bool:
    """Return whether a text says anything in letters."""
    return bool(_LETTER.search(text))


def _signs(runs: regex.Pattern[str], text: str) -> int:
    return sum(map(len, runs.findall(text)))


@lru_cache(maxsize=RECENT)
def _letters(text: str) -> int:
    return _signs(_LETTERS, text)


def is_mostly(runs: regex.Pattern[str], text: str) -> bool:
    """Return whether almost all letters of a text are of a kind, of which a pattern finds runs."""
    letters = _letters(text)
    return letters > 0 and _signs(runs, text) >= _ALMOST_ALL * letters


@lru_cache(maxsize=RECENT)
def has_case(text: str) -> bool:
    """Return whether a text is in a script that has capitals and uses them (not Georgian)."""
    return is_mostly(_CASED, text)


def opens_with_letter(text: str) -> bool:
    """Return whether a text in a script that has capitals opens with a letter, not a digit."""
    first = _LETTER_OR_DIGIT.search(text)
    return first is not None and first.group().isalpha() and has_case(text)


def opens_in_lower_case(text: str) -> bool:
    """Return whether the first letter is small."""
    first = _LETTER.search(text)
    return first is not None and first.group().islower()


def all_capitals(text: str) -> bool:
    """Return whether a text is in capitals throughout, and too long to be an abbreviation."""
    return text == text.upper() and _signs(_CASED, text) > 4


@lru_cache(maxsize=RECENT)
def length(text: str) -> float:
    """Return the number of words; where they are not spaced, about as many as there would be."""
    halves, quarters = len(_HALF_WORD.findall(text)), len(_QUARTER_WORD.findall(text))
    spaced = _without((_HALF_WORD, _QUARTER_WORD), text) if halves or quarters else text
    return len(WORD.findall(spaced)) + halves / 2 + quarters / 4


# Emoji, faces, laughter, stretches

HASHTAG_WORD = compiled(r"#[\p{L}_][\p{L}\p{M}\p{N}_]*")
_ONE_EMOJI = (
    r"[\p{Emoji}--[0-9#*©®™ℹ‼⁉〰〽\p{RI}\p{Emoji_Modifier}\p{InArrows}\p{InGeometric_Shapes}]]"
)
_TONED = r"[\uFE0F\p{Emoji_Modifier}]"
EMOJI_SIGN = compiled(
    rf"\p{{RI}}{{2}}|[0-9#*]\uFE0F?\u20E3|{_ONE_EMOJI}(?:{_TONED}|\u200D{_ONE_EMOJI})*"
)
_EMOJI_ROW = compiled(rf"{_ONE_EMOJI}{_TONED}* ?{_ONE_EMOJI}{_TONED}*")
_FACES = (
    compiled(
        r"[(（](?=[^()（）]{0,12}[\^_°•´`｀ωд∀▽≧≦⌒￣＾＿<>;；・*])"
        r"[^()（）\n0-9a-np-zA-NPRSU-Z]{2,14}[)）]"
    ),
    compiled(r"(?<!\p{N})[:;][\-'’^]?(?:[)]+|[(]+|D+|[pPoO3*/\\|])(?![\p{L}\p{N}/])"),
    compiled(r"(?<![\p{L}\p{N}=])=(?:[)]+|[(]+|D+|[pP])(?![\p{L}\p{N}])"),
    compiled(r"(?<![\p{L}\p{N}])[xX]D+(?![\p{L}\p{N}])"),
    compiled(r"</?3+(?!\d)|\^[_.\-]?\^|\(ツ\)|[ㅠㅜ]+|[♡♪♫☆★]"),
    compiled(r"(?<![\p{L}\p{N}\-])[ToOQ;ಠ>\-][_.]{1,2}[ToOQ;ಠ<\-](?![\p{L}\p{N}\-])"),
)
_LONE_BRACKETS = compiled(r"(?<=\p{L}{2}\s?|[!?.…]\s?)(?:[)]+|[(]{2,})(?=\s|$|[.,!?])")
_AH = "[aeiouаеиоαεηιοაეիաեի]"
_H = "[hjхχჰհ]"
_LAUGHTER = (
    compiled(rf"({_H})({_AH})\1{{1,3}}\2(?:\1|\2){{0,60}}+(?!\p{{L}})"),
    compiled(rf"(?<!\p{{L}})({_AH})({_H})\1{{1,3}}\2(?:\1|\2){{0,60}}+(?!\p{{L}})"),
    compiled(r"(?<![a-z])(?:(rs|wk|js|hs|ks)\1+[a-z]?|k{3,}|h{3,})(?![a-z])"),
    compiled(r"[ㅋㅎ]{2,}|ㅋ|하하+|헤헤+|히히+|흐흐+|호호+|크크+|[哈呵嘿嘻]{2,}"),
    compiled(r"[هخ]{3,}|ח{3,}|([हহਹહஹహಹഹහ]\p{M}?)\1+"),
    compiled(r"(?<=\p{Thai}\s?)5{3,}|(?<!5)5{3,}+(?=\s?\p{Thai})|ฮ่าๆ|(?:ฮ่า){2,}"),
    compiled(r"(?<=[\p{Hiragana}\p{Katakana}\p{Han}ー〜！？!?。、])[wｗ]+(?![\p{L}\p{N}])"),
    compiled(r"(?<=[\p{Hiragana}\p{Katakana}ー〜！？!?。、\s])笑+(?=$|[\s。！!])|[(（]笑[)）]"),
    compiled(r"は{3,}|あはは+|ハハ+|ふふ+|へへ+"),
)
"""In small letters: a sound of h repeated, in the letters that write it, and what stands for it."""
_STRETCHES = (
    compiled(r"([\p{L}--[\p{Latin}]]|\p{M}|[aeiouyàáâãäåèéêëìíîïòóôõöøùúûüýıœæ])\1{2,}"),
    compiled(r"([\p{Latin}--[wx]])\1{3,}"),
    compiled(r"(?<=\p{L})([\p{Latin}--[wx\p{Lu}]])\1{2}(?!\p{L})"),
    compiled(r"(?<=\p{Lu})([\p{Lu}--[IX]])\1{2,}"),
    compiled(r"ー{2,}|ـ{2,}"),
    compiled(r"\p{L}[~～〜]+(?![\p{L}\p{N}])"),
)
"""Three consonants in the middle of a Latin word are spelling, as in Schifffahrt."""
_TILDE = compiled(r"[~～〜]")
_STRETCHED_WORD = compiled(r"[\p{L}\p{N}][\p{L}\p{M}\p{N}'’~～〜]*")


def emoji(text: str) -> list[str]:
    """Return the emoji of a text."""
    return EMOJI_SIGN.findall(text)


def emoji_rows(text: str) -> list[str]:
    """Return the pairs of emoji that stand side by side."""
    return _EMOJI_ROW.findall(text)


@lru_cache(maxsize=RECENT)
def _faces(text: str) -> tuple[tuple[str, ...], str]:
    """Return the faces that are more than a bracket, and the text without them."""
    found: list[str] = []
    for face in _FACES:
        if faces := face.findall(text):
            found += faces
            text = face.sub(" ", text)
    return tuple(found), text


def emoticons(text: str) -> list[str]:
    """Return the faces made of signs; brackets that close nothing smile too, as in Russian."""
    faces, rest = _faces(text)
    alone = _LONE_BRACKETS.findall(rest) if rest.count("(") != rest.count(")") else []
    return [*faces, *alone]


def laughter(text: str) -> list[str]:
    """Return the laughs of a text, in small letters."""
    low = text.lower()
    return [laugh.group() for pattern in _LAUGHTER for laugh in pattern.finditer(low)]


def stretched(text: str) -> list[str]:
    """Return the stretched words, in small letters; of words that are not spaced, the end."""
    if not (_TILDE.search(text) or any(map(eq, text, text[1:]))):
        return []
    if not any(pattern.search(text) for pattern in _STRETCHES):
        return []
    found = []
    for word in _STRETCHED_WORD.findall(_without(_LAUGHTER, text.lower())):
        stretch = next(filter(None, (pattern.search(word) for pattern in _STRETCHES)), None)
        if stretch:
            spaced = not (_HALF_WORD.search(word) or _QUARTER_WORD.search(word))
            found.append(word if spaced else word[max(0, stretch.start() - 2) : stretch.end()])
    return found


# Scripts

_LATIN_WORD = compiled(r"(?<!\p{Latin})[a-z]{3,}(?!\p{Latin})")
_OTHER_LETTER = compiled(r"[\p{L}--[\p{Latin}]]")


def latin_words(text: str) -> list[str]:
    """Return the words in Latin letters, but for names, of a text that has another script too."""
    if len(_OTHER_LETTER.findall(text)) < 2:
        return []
    words = _LATIN_WORD.findall(_faces(text)[1])
    return [word for word in words if not laughter(word) and word != "www"]


# Punctuation

_CLOSING = " \t\n\u3000\u200d\ufe0f\"'”’»›」』（()）]【】》〉~～〜"
_TAIL = 100
"""Characters of a text that its end is looked for in."""
_STOP = compiled(r"[\p{Sentence_Terminal}--[!?！？؟‼⁇⁈⁉]]")
DOTS = compiled(r"\.{2,}|[…‥]|。{2,}|・{2,}|、{2,}|،{2,}")
SEVERAL_MARKS = compiled(r"[!?！？؟]{2,}|[‼⁇⁈⁉]")
EXCLAMATION_MARK = compiled(r"[!！‼⁈⁉՜]")
QUESTION_MARK = compiled(r"[?？؟⁇⁈⁉՞፧]|(?<=\p{Greek});")
OPENING_MARK = compiled(r"[¿¡]")
_SIGN = r"[\p{Terminal_Punctuation}…‥()（）\[\]\"“”„«»—–「」]"
_PUNCTUATION = compiled(rf"(?<!\d){_SIGN}|{_SIGN}(?!\d)")
DASH_SIGN = compiled(r"\s[\-–—]\s|—")
_BRACKETED = compiled(r"[(（][^()（）]+[)）]")
_TWO_LETTERS = compiled(r"\p{L}{2}")
_OPEN = compiled(r"[\p{L}\p{M}\p{N}%€$]")
_NO_STOPS = compiled(r"[\p{Thai}\p{Lao}]")
_A_CLAUSE = 3


def has_stops(text: str) -> bool:
    """Return whether a text is in a script that ends sentences with a sign (not Thai)."""
    return has_letters(text) and not _NO_STOPS.search(text)


def has_clause(text: str) -> bool:
    """Return whether a text is long enough to need punctuation, or has some."""
    return has_stops(text) and (length(text) >= _A_CLAUSE or not is_unpunctuated(text))


@lru_cache(maxsize=RECENT)
def _undecorated(text: str) -> str:
    return _without((EMOJI_SIGN, HASHTAG_WORD), _faces(text)[1])


def _end(text: str) -> str:
    return _undecorated(text[-_TAIL:]).rstrip(_CLOSING)[-2:]


def ends_with_stop(text: str) -> bool:
    """Return whether a text ends with one full stop, whatever faces and brackets follow it."""
    end = _end(text)
    return bool(_STOP.fullmatch(end[-1:])) and not DOTS.fullmatch(end)


def ends_open(text: str) -> bool:
    """Return whether the last thing that a text says has no sign after it, faces left out."""
    end = _end(text)
    return not end or bool(_OPEN.fullmatch(end[-1:]))


def is_unpunctuated(text: str) -> bool:
    """Return whether no sign parts or ends the sentences of a text."""
    if not _PUNCTUATION.search(text):
        return True
    return not _PUNCTUATION.search(_LONE_BRACKETS.sub(" ", _undecorated(text)))


def has_aside(text: str) -> bool:
    """Return whether words stand in brackets."""
    return any(_TWO_LETTERS.search(aside) for aside in _BRACKETED.findall(text))
