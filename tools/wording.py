"""What can be read from a text's words: what it is about, what it denies, of whom it tells.

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
_KIN = frozenset(
    "wife husband spouse partner girlfriend boyfriend fiance fiancee son daughter child children "
    "kid kids baby brother sister sibling mother father mom mum dad parent grandson granddaughter "
    "grandchild grandmother grandfather grandma grandpa cousin uncle aunt nephew niece married "
    "single divorced widow widower widowed engaged male female man woman boy girl teenager "
    "frau mann sohn tochter kind kinder bruder schwester mutter vater oma opa hermano hermana hijo "
    "hija padre madre marido esposa novio novia abuelo abuela primo prima hombre mujer frère sœur "
    "fils fille père mère mari femme copain copine homme".split()
)
_ENDING = re.compile(
    r"\b(?:"
    r"no more|no longer|no(?!\.? ?\d)|not|cannot|never|without|instead of|rather than|any ?more|"
    r"quit|quits|stop(?:s|ped)?|sold|sell(?:s|ing)?|cancel\w*|drop(?:ped)|uninstall\w*|retired?|"
    r"return(?:s|ed)|g[ai]ven?s? (?:up|away)|gave (?P<given>.{1,40}?) (?:away|to)|"
    r"sen[dt]s? (?P<sent>.{0,40}?)\bback|"
    r"left (?=the|my|our|a |their)|refuses?|avoids?|hates?|dislikes?|allergic|broken?|stolen|died|"
    r"(?:switch|mov|chang|convert)\w* (?:.{1,40}? )?from|prefers? .{1,40}? (?:to|over)|"
    r"nicht|kein\w*|nie|ohne|statt|verkauft\w*|aufgehört|gekündigt|"
    r"nunca|sin|en vez de|vend(?:í|ió|ido|imos)|dej(?:é|ó|ado)|"
    r"pas|jamais|sans|vendu\w*|arrêté|quitté"
    r")\b|n['’]t\b",
    re.IGNORECASE,
)
"""Denies something, or says that it is over; what follows in its clause is denied."""
_DISLIKE = re.compile(
    r"\b(?:"
    r"(?:one|two|1|2)[ -]stars?|[12](?: out of |/)5|disappoint(?:ed|ing|s)|regret(?:s|ted)?|"
    r"waste of (?:money|time|space)|(?:do|did|would)(?:n['’]t| not) (?:buy|recommend|like|enjoy)|"
    r"can(?:not|['’]t) stand|"
    r"(?:ein(?:en)?|zwei) sterne?|enttäusch(?:t|end)|bereue|"
    r"(?:una|dos) estrellas?|decepcion(?:ó|ante|ado)|(?:une|deux) étoiles?|déçue?|décevante?"
    r")\b",
    re.IGNORECASE,
)
"""Says of what a text is about that it was not liked."""
_SPEAKS = re.compile(
    r"\b(?:i|i['’](?:m|ve|d|ll)|ich|yo|je|j['’]\w+)\b(?!['’.])|\?\s*$|"
    r"\b(?:you|du|tú|usted|vous)\b[^.?!]*\?",
    re.IGNORECASE,
)
"""Somebody says it, of themselves or to ask; a title or an entry in a log does not."""
_CLAUSE = re.compile(
    r"[,;:!?()\n]|(?<!\b[Nn]o)\.(?!\d)|(?<=\b[Nn]o)\.(?! ?\d)|"  # No. 5 is one thing
    r"\b(?:and|but|if|so|und|aber|y|pero|et|mais)\b"
)
_CHANGED_TO = re.compile(r"\b(?:to|auf|a|à)\b", re.IGNORECASE)
_NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten eleven twelve".split()
    )
}
_GERMAN = re.compile(r"\b(?:der|das|und|ist|ein|eine[nrm]?|sie|auf|mit|diese[rsnm]?|nicht)\b", re.I)
_NAMED = re.compile(r"\b(?:named|called|namens|heißt|llamad[oa]|llama|appelée?)\s+(\w+)", re.I)
_OF_KIN = re.compile(
    r"^\W*(?:my|our|meine?|unsere?|mis?|mon|ma|mes|nuestr[oa])\s+(\w+)", re.IGNORECASE
)
_FIRST_PERSON = re.compile(
    r"\b(?:I|I['’]\w+|we|me|us|ich|wir|yo|nosotros|je|nous)\b", re.IGNORECASE
)


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

    That is what follows the ending in its clause or, if nothing does, what comes before it; of what
    was given or sent away, it is that thing.
    """
    denied: set[str] = set()
    for clause in _CLAUSE.split(text):
        found = _ENDING.search(clause)
        if not found:
            continue
        after = clause[found.end() :]
        if found[0].casefold().endswith("from"):
            after = _CHANGED_TO.split(after)[0]
        gone = telling_words(found["given"] or found["sent"] or "")
        denied |= gone or telling_words(after) or telling_words(clause[: found.start()])
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
            kin=frozenset(_kin(sentence)),
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


def _kin(text: str) -> set[str]:
    words = re.findall(r"\w+", text.casefold())
    return {
        word for word in (w if w in _KIN else w.removesuffix("s") for w in words) if word in _KIN
    }


@dataclass(frozen=True, slots=True)
class Said:
    """What an item of a history says."""

    words: frozenset[str]
    """All its words, folded."""
    telling: frozenset[str]
    heads: frozenset[str]
    """The heads of its telling words."""
    labels: frozenset[str]
    """The stems of its category's telling words."""
    numbers: frozenset[str]
    kin: frozenset[str]
    denied: frozenset[str]
    disliked: bool
    """Whether it says of what it is about that it was not liked."""
    spoken: bool
    """Whether the person speaks in it: what one says has to be understood, and not matched."""
    of_kin: str
    """The relative that it tells of instead of the user; empty: it tells of the user."""

    @classmethod
    def of(cls, text: str, category: str | None) -> "Said":
        """Read an item."""
        whole = f"{category or ''} {text}"
        whose = _OF_KIN.match(text)
        kin = _kin(whose[1]) if whose else set()
        telling = frozenset(telling_words(whole))
        return cls(
            words=frozenset(re.findall(r"\w+", whole.casefold())),
            telling=telling,
            heads=frozenset(map(head, telling)),
            labels=frozenset(telling_words(category or "")),
            numbers=frozenset(numbers(text)),
            kin=frozenset(_kin(whole)),
            denied=frozenset(denied_words(text)),
            disliked=bool(_DISLIKE.search(text)),
            spoken=bool(_SPEAKS.search(text)),
            of_kin="" if not kin or _FIRST_PERSON.search(text) else kin.pop(),
        )
