"""Which language a person writes: the main one of some texts, found offline.

Product titles are full of names that belong to no language, and many people write two. So every
text votes with its length, and a text with words in a script other than Latin votes with those
words alone: brand names do not turn a Chinese purchase into an English one.
"""

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import islice
from math import ceil
from operator import itemgetter
from threading import Lock

from py3langid.langid import MODEL_FILE, LanguageIdentifier

MOST_READ = 4_000
"""How many characters are read, spread over all texts."""
LEAST_SHARE = 0.2
"""The share of the votes that the main language needs."""

_NAMES = dict(
    pair.split(":")
    for pair in (
        "af:Afrikaans am:Amharic an:Aragonese ar:Arabic as:Assamese az:Azerbaijani ba:Bashkir "
        "be:Belarusian bg:Bulgarian bn:Bengali br:Breton bs:Bosnian ca:Catalan cs:Czech cy:Welsh "
        "da:Danish de:German dz:Dzongkha el:Greek en:English eo:Esperanto es:Spanish et:Estonian "
        "eu:Basque fa:Persian fi:Finnish fo:Faroese fr:French fy:Frisian ga:Irish gd:Gaelic "
        "gl:Galician gn:Guarani gu:Gujarati ha:Hausa he:Hebrew hi:Hindi hr:Croatian ht:Haitian "
        "hu:Hungarian hy:Armenian id:Indonesian ig:Igbo is:Icelandic it:Italian ja:Japanese "
        "jv:Javanese ka:Georgian kk:Kazakh km:Khmer kn:Kannada ko:Korean ku:Kurdish ky:Kyrgyz "
        "lb:Luxembourgish lg:Ganda ln:Lingala lo:Lao lt:Lithuanian lv:Latvian mg:Malagasy "
        "mk:Macedonian ml:Malayalam mn:Mongolian mr:Marathi ms:Malay mt:Maltese my:Burmese "
        "ne:Nepali nl:Dutch nn:Nynorsk no:Norwegian oc:Occitan om:Oromo or:Odia pa:Punjabi "
        "pl:Polish ps:Pashto pt:Portuguese qu:Quechua ro:Romanian ru:Russian rw:Kinyarwanda "
        "sa:Sanskrit se:Sami si:Sinhala sk:Slovak sl:Slovenian sn:Shona so:Somali sq:Albanian "
        "sr:Serbian st:Sotho sv:Swedish sw:Swahili ta:Tamil te:Telugu tg:Tajik th:Thai tk:Turkmen "
        "tl:Tagalog tr:Turkish tt:Tatar ug:Uyghur uk:Ukrainian ur:Urdu uz:Uzbek vi:Vietnamese "
        "wa:Walloon xh:Xhosa yo:Yoruba zh:Chinese zu:Zulu"
    ).split()
)
_OFTEN = frozenset(
    "ar bg bn ca cs da de el en es fa fi fr he hi hr hu id it ja ko mr nl no pl pt ro ru sk sr "
    "sv sw ta th tr uk ur vi zh".split()
)
_SELDOM = 0.6
"""How much a vote for a language counts that is seldom written: of a few words, any of them may be
the best by chance."""
_NOTHING = "zxx"
"""What the detector calls numbers, identifiers and the like."""
_VARIETIES = {code: code for code in (*_NAMES, _NOTHING)} | {
    "ary": "ar",
    "arz": "ar",
    "grc": "el",
    "hbo": "he",
    "sdh": "ku",
    "uzs": "uz",
    "wuu": "zh",
    "yue": "zh",
}
"""Whose share goes to which language; the detector knows others, which have no code of two."""

_LONGEST = 200
"""How many characters of a text are read if there are many."""
_VOTE = 100
"""About how many characters are looked at together: short texts say little one by one."""
_LEAST_OTHER = 0.2
"""The share of a text's letters, in bytes, from which on a script but Latin stands for it."""
_LINK = re.compile(r"\w+://\S+|\S+@\S+")
_MARKS = "\u0300-\u036f\u0591-\u065f\u0670\u0900-\u109f\u135d-\u135f\u1712-\u17ff\u200c\u200d"
_WORD = re.compile(rf"[^\W\d_](?:[^\W\d_]|[{_MARKS}'’])*")


@dataclass(frozen=True, slots=True)
class Language:
    """A language."""

    code: str
    """ISO 639-1."""
    name: str
    """In English."""


def language_of(texts: Sequence[str]) -> Language | None:
    """Return the main language of some texts, each weighed by its length; None if it is unclear.

    Some 4,000 characters are read, spread over all texts. The first call takes about a second.
    """
    votes: defaultdict[str, float] = defaultdict(float)
    for words, weight in _ballots(_sample(texts)):
        for code, share in _shares(words).items():
            votes[code] += share * weight * (1.0 if code in _OFTEN else _SELDOM)
    if not votes:
        return None
    code, most = max(votes.items(), key=itemgetter(1))
    if code == _NOTHING or most < LEAST_SHARE * sum(votes.values()):
        return None
    return Language(code, _NAMES[code])


def _shares(words: str) -> dict[str, float]:
    """Return how likely it is that words are of each language."""
    shares: defaultdict[str, float] = defaultdict(float)
    for code, share in _detector().rank(words):
        if code in _VARIETIES:
            shares[_VARIETIES[code]] += share
    likely = sum(shares.values())
    return {code: share / likely for code, share in shares.items()} if likely else {}


def _detector() -> LanguageIdentifier:
    with _loading:  # else threads that come together each load a model of 75 MB
        return _load()


_loading = Lock()


@cache
def _load() -> LanguageIdentifier:
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


def _sample(texts: Sequence[str]) -> Iterator[str]:
    """Return texts from the whole sequence, shortened, no more characters than are read."""
    longest = max(_LONGEST, MOST_READ // max(1, len(texts)))
    step = ceil(sum(min(len(text), longest) for text in texts) / MOST_READ)
    return (_LINK.sub(" ", text[:longest]) for text in islice(texts, 0, None, max(1, step)))


def _ballots(texts: Iterable[str]) -> Iterator[tuple[str, float]]:
    """Yield what is looked at together, all in one script, with its weight."""
    open_ballots: defaultdict[str, list[str]] = defaultdict(list)
    weights: Counter[str] = Counter()
    for text in texts:
        script, words = _telling(text)
        if not words:
            continue
        ballot = open_ballots[script]
        ballot.append(words)
        weights[script] += len(text.encode("utf-8", "replace"))
        if sum(map(len, ballot)) >= _VOTE:
            yield "\n".join(open_ballots.pop(script)), weights.pop(script)
    for script, ballot in open_ballots.items():
        yield "\n".join(ballot), weights[script]


def _telling(text: str) -> tuple[str, str]:
    """Return the script that stands for a text, and its words in that script."""
    found = _WORD.findall(text)
    sizes: Counter[str] = Counter()
    for word in found:
        sizes[_script(word[0])] += len(word.encode("utf-8", "replace"))
    others = Counter({script: size for script, size in sizes.items() if script != "LATIN"})
    script = "LATIN"
    if others and others.most_common(1)[0][1] >= _LEAST_OTHER * sizes.total():
        script = others.most_common(1)[0][0]
    return script, " ".join(word for word in found if _script(word[0]) == script)


@lru_cache(maxsize=1 << 12)
def _script(letter: str) -> str:
    """Return the first word of a letter's name; Chinese characters and kana are one script."""
    script = unicodedata.name(letter, "?").split()[0]
    return "CJK" if script in {"HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"} else script
