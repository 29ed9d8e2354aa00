"""What can be read from a text's words: what it is about, what it denies, what it claims.

Words are compared by their stems, so any language that separates words will do. A few short lists
(words that say nothing, kin, endings) are in English, German, Spanish and French.
"""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache

_EMPTY = frozenset(
    # English: function words, and what every sentence of a profile says
    "this that these those they them their theirs there here person people user someone individual "
    "history show shows shown like likes liked love loves enjoy enjoys prefer prefers interest "
    "interested interests often also such with from have has had having been being very more most "
    "many some any other various which what when where while who how about into over than then "
    "through because would could should will the for are was were not but and his her him she you "
    "your its our use uses used using seem seems appear thing things kind kinds type types variety "
    "taste item items product products range wide different particularly especially including "
    "include includes well tend tends can may does did doing suggests suggest indicates something "
    "longer anymore only just too all own owns owned named called name buy buys bought get gets "
    "got take takes keep keeps live lives lived living work works worked working play plays give "
    "gives drink drinks know knows learn learns learning make makes ride rides sometimes usually "
    # German, Spanish, French: the same, fewer
    "der die das den dem des und oder ein eine einen einem einer ist sind hat haben sie ihr ihre "
    "auf mit für von aus bei auch gern gerne sehr diese dieser dieses namens heißt wird als nach "
    "gibt besitzt fährt spielt wohnt lebt arbeitet kauft trinkt "
    "una uno los las del con por para que esta este son muy tiene gusta sus como llama llamado "
    "llamada persona vive trabaja toca juega compra bebe "
    "les des une est dans pour avec sur elle ses son cette personne aime ".split()
)
_STATES = frozenset("married single divorced widowed engaged male female".split())
"""Words for marriage and gender."""
RELATIVES = frozenset(
    "wife husband spouse partner girlfriend boyfriend fiance fiancee son daughter child children "
    "kid kids baby brother sister sibling mother father mom mum dad parent grandson granddaughter "
    "grandchild grandmother grandfather grandma grandpa cousin uncle aunt nephew niece "
    "widow widower man woman boy girl teenager "
    "frau mann sohn tochter kind kinder bruder schwester mutter vater oma opa hermano hermana hijo "
    "hija padre madre marido esposa novio novia abuelo abuela primo prima hombre mujer frère sœur "
    "fils fille père mère mari femme copain copine homme".split()
)
_KIN = RELATIVES | _STATES
_WHEN = (
    r"since|on|in|at|from|by|for|last|again|yesterday|today|this|now|when|while|before|after|"
    r"seit|am|im|letzte\w*|gestern|heute|vor|wieder"
)
_ENDING = re.compile(
    r"\b(?:"
    r"(?P<gone>died|passed away|broke down|(?-i:(?:is|are|was|were|['’]s) dead)|"
    r"gestorben|gestohlen|kaputt|murió|fue robad[oa]|est morte?|été volée?|"
    rf"(?:sold|cancel\w*ed|returned|stolen|broken|verkauft|gekündigt)(?= (?:{_WHEN})\b))|"
    r"no more|no longer|no(?!\.? ?\d)|not|cannot|never|without|instead of|rather than|any ?more|"
    r"neither|(?:i|we|they|he|she|who|person)(?: also| always| often)? used to|(?<!\w\W)used to|"
    r"(?:nobody|(?:rarely|seldom)(?! (?:used|worn|miss\w*|skip\w*)\b)|"
    r"(?:hardly|barely)(?! (?:\w+ed|made|got|worn|wait|miss|skip)\b))(?-i:(?= [a-z]))|"  # no title
    r"quit|quits|stop(?:s|ped)?|sold|sell(?:s|ing)?|cancel\w*|drop(?:ped)|uninstall\w*|retired?|"
    r"return(?:s|ed)|g[ai]ven?s? (?:up|away)|gave (?P<given>.{1,40}?) (?:away|to)|"
    r"sen[dt]s? (?P<sent>.{0,40}?)\bback|"
    r"left (?=the|my|our|a |their)|refuses?|avoids?|hates?|detests?|loathes?|despises?|dislikes?|"
    r"allergic|broken?|stolen|"
    r"(?:switch|mov|chang|convert)\w* (?:.{1,40}? )?from|prefers? .{1,40}? (?:to|over)|"
    r"nicht|kein\w*|nie|niemand|kaum|ohne|statt|verkauft\w*|aufgehört|gekündigt|"
    r"nunca|nadie|apenas|sin|en vez de|vend(?:í|ió|ido|imos)|dej(?:é|ó|ado)|"
    r"pas|jamais|rarement|sans|vendu\w*|arrêté|quitté"
    r")\b|n['’]t\b",
    re.IGNORECASE,
)
"""Denies something, or says that it is over; what follows in its clause is denied. If something is
`gone`, what comes before is ("My bike was stolen on Tuesday").
"""
_CLAUSE = re.compile(
    r"[,;:!?()\n]|(?<!\b[Nn]o)\.(?!\d)|(?<=\b[Nn]o)\.(?! ?\d)|"  # No. 5 is one thing
    r"\b(?:and|but|if|so|und|aber|y|pero|et|mais)\b"
)
_WISHES = re.compile(r"\b(?:wish\w*|wants?|would|hop(?:es?|ing)|dream\w*)\b", re.IGNORECASE)
_CHANGED_TO = re.compile(r"\b(?:to|auf|a|à)\b", re.IGNORECASE)
_NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split()
    )
}
_GERMAN = re.compile(r"\b(?:der|das|und|ist|ein|eine[nrm]?|sie|auf|mit|diese[rsnm]?|nicht)\b", re.I)
_NAMED = re.compile(r"\b(?:named|called|namens|heißt|llamad[oa]|llama|appelée?)\s+(\w+)", re.I)


@lru_cache(maxsize=1 << 14)
def stem(word: str) -> str:
    """Return a word without its ending, crudely."""
    word = re.sub(r"(?:ies|y)$", "i", word)
    word = re.sub(r"(?:ing|ed|es|s|e)$", "", word) if len(word) > 4 else word.rstrip("s")
    return re.sub(r"([bdgkmnprt])\1$", r"\1", word)


def telling_words(text: str) -> set[str]:
    """Return the stems of a text's words that say something; numbers are apart."""
    return set(_telling(text))


def _telling(text: str) -> list[str]:
    words = re.findall(r"[^\W\d_]{3,}", text.casefold())
    return [stem(word) for word in words if word not in _EMPTY and word not in _NUMBERS]


def numbers(text: str) -> set[str]:
    """Return a text's numbers, in digits."""
    found = {_NUMBERS[word] for word in re.findall(r"\w+", text.casefold()) if word in _NUMBERS}
    return found | set(re.findall(r"\d+(?:[.,]\d+)*", text))


def content_words(text: str) -> set[str]:
    """Return what two texts share if they say the same: the telling words' stems, and numbers."""
    return telling_words(text) | numbers(text)


def head(word: str) -> str:
    """Return what words that are `alike` have in common, as others may too."""
    return word[:5]


def alike(one: str, other: str) -> bool:
    """Whether two stems are forms of one word, or one begins the other, as in a compound."""
    if one == other:
        return True
    if head(one) != head(other) or len(one) < 5 or len(other) < 5:
        return False
    short, long = sorted((one, other), key=len)
    same = next(
        (i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short)
    )
    return same == len(short) or same >= 0.7 * len(long)


def covered(wanted: Iterable[str], there: Collection[str]) -> set[str]:
    """Return the stems that have a form of theirs in a text."""
    return {word for word in wanted if word in there or any(alike(word, other) for other in there)}


def denied_words(text: str) -> set[str]:
    """Return the stems of what a text denies or says to be over.

    That is what follows the ending in its clause or, if nothing does, what comes before it, and the
    other way round for what is gone; of what was given or sent away, it is that thing.
    """
    denied: set[str] = set()
    for clause in _CLAUSE.split(text):
        found = _ENDING.search(clause)
        if not found:
            continue
        after = clause[found.end() :]
        if found[0].casefold().endswith("from"):
            after = _CHANGED_TO.split(after)[0]
        sides = [telling_words(after), telling_words(clause[: found.start()])]
        first, second = reversed(sides) if found["gone"] else sides
        denied |= telling_words(found["given"] or found["sent"] or "") or first or second
    return denied


def denies(text: str) -> bool:
    """Whether a text denies something or says that it is over."""
    return bool(_ENDING.search(text))


@dataclass(frozen=True, slots=True)
class Claim:
    """What a sentence about a person says."""

    telling: frozenset[str]
    """The stems of its telling words."""
    last: str
    """The last of them: mostly what the claim is about; empty if there is none."""
    parts: tuple[frozenset[str], ...]
    """The same stems, for each of its clauses and each thing that it lists."""
    names: frozenset[str]
    """Its names, folded: only their very words support them."""
    numbers: frozenset[str]
    kin: frozenset[str]
    """Its words for relatives, gender and marriage, folded."""
    wishes: bool
    """Whether it speaks of what somebody would do or like."""
    denies: bool
    denied: frozenset[str]

    @classmethod
    def of(cls, sentence: str) -> "Claim":
        """Read a sentence."""
        in_order = _telling(_ENDING.sub(" ", sentence))
        return cls(
            telling=frozenset(in_order),
            last=in_order[-1] if in_order else "",
            parts=tuple(part for part in map(_stems, _CLAUSE.split(sentence)) if part),
            names=frozenset(_names(sentence)),
            numbers=frozenset(numbers(sentence)),
            kin=frozenset(kin(sentence)),
            wishes=bool(_WISHES.search(sentence)),
            denies=denies(sentence),
            denied=frozenset(denied_words(sentence)),
        )


def _stems(clause: str) -> frozenset[str]:
    return frozenset(_telling(_ENDING.sub(" ", clause)))


def _names(sentence: str) -> set[str]:
    """Return the capitalized words within a sentence; German capitalizes every noun."""
    if _GERMAN.search(sentence):
        found = _NAMED.findall(sentence)
    else:
        found = re.findall(r"(?<![.!?] )(?<!^)\b[A-Z\u00c0-\u00de][\w]*", sentence)
        found += _NAMED.findall(sentence)
    return {name.casefold() for name in found} - {"i"} - _EMPTY


def kin(text: str) -> set[str]:
    """Return a text's words for relatives, gender and marriage, folded and without a plural s."""
    words = re.findall(r"\w+", text.casefold())
    return {
        word for word in (w if w in _KIN else w.removesuffix("s") for w in words) if word in _KIN
    }
