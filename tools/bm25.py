"""BM25: which texts share rare words with a query. In any script, and without an index.

The statistics are those of the texts at hand, one user's, so that filters and writes leave nothing
to keep in step. Only the texts' words are kept in memory, as hashes. A library (bm25s) would have
to index a user's whole history anew after each write.
"""

import re
import unicodedata
from array import array
from collections.abc import Iterator, Sequence
from functools import lru_cache, partial
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from guided_profile.tools.text_cache import TextCache
from guided_profile.tools.wording import stem

K1 = 1.2
"""How soon more of the same word stops to count (Lucene's default)."""
B = 0.75
"""How much a long text's words count less, 0 to 1 (Lucene's default)."""

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Japanese, Chinese
    "\uac00-\ud7af\U00020000-\U0003ffff"  # Korean, whose words carry endings; rare ideographs
)
_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0900-\u0dff\u200c\u200d"
_WORD = re.compile(rf"[{_UNSPACED}]+|(?:(?![{_UNSPACED}])[\w{_MARKS}])+")
_ACCENTS = re.compile("[\u0300-\u036f]")

FUNCTION_WORDS = frozenset(
    "a an the and or but if of at by for with about to from in on off is are was were be been am "
    "do does did doing have has had i me my mine we us our you your yours he him his she her it "
    "its they them their this that these those what which who whom whose when where why how as "
    "so than too very can could would should shall might must not no nor there here tell "
    "der das dem des und oder aber ein eine einen einem einer ist sind bist habe haben ich mich "
    "mir mein meine du dich dir dein deine wir uns ihr sie er wer wo wann warum wie welche welcher "
    "welches auf mit von aus bei zu im nicht "
    "el la los las un una unos unas y o pero de del al en con por para es soy eres yo tu mi mis su "
    "sus que quien donde cuando como cual lo le te se "
    "les et ou mais dans pour avec sur est sont je il elle nous vous mon ma mes ta tes qui quoi "
    "quand comment quel quelle pas ne ce cette "
    "gli uno di da che chi dove quando sono sei mio mia tuo tua non "
    "os um uma no na nas meu minha seu sua qual quem onde nao com "
    "het een zijn ik jij mijn jouw wat waar niet".split()
)
"""Folded; what a query is better looked up without, in the languages of most histories. A word that
says something in another of them (`son`, `hat`, `die`) is not here."""


def words(text: str) -> Iterator[str]:
    """Yield a text's words, folded: no case, no accents; of unspaced scripts, its characters.

    Chinese, Japanese, Korean, Thai and the like give single characters and pairs of neighbours.
    """
    folded = text.casefold()
    if not folded.isascii():
        apart = unicodedata.normalize("NFKD", folded)
        folded = unicodedata.normalize("NFC", _ACCENTS.sub("", apart))
    for word in _WORD.findall(folded):
        if _UNSPACED_CHARACTER.match(word):
            yield from word
            yield from map("".join, pairwise(word))
        else:
            yield word


_UNSPACED_CHARACTER = re.compile(rf"[{_UNSPACED}]")


@lru_cache(maxsize=1 << 16)
def _term(word: str) -> int:
    return crc32(stem(word).encode())


def _terms(text: str) -> bytes:
    """Return the hashes of a text's words, 32 bits each."""
    return array("I", map(_term, words(text))).tobytes()


_kept = TextCache(partial(map, _terms), most_bytes=64 << 20)


def _wanted(query: str) -> NDArray[np.uint32]:
    """Return the hashes of what a query looks for, sorted, each once."""
    asked = set(words(query))
    return np.array(sorted({_term(word) for word in asked - FUNCTION_WORDS or asked}), np.uint32)


def bm25(query: str, texts: Sequence[str]) -> NDArray[np.float64]:
    """Return how well each text matches the query's words; 0 if it has none of them.

    Lucene's form of BM25 (Robertson & Zaragoza 2009, with a logarithm that is never negative).
    Function words of the query do not count, unless it has no other.

    Args:
        query: What is looked for.
        texts: Those to compare; how rare a word is, is counted among them.
    """
    held = _kept.of(texts)
    wanted = _wanted(query)
    lengths = np.fromiter(map(len, held), np.int64, len(held)) // 4
    terms = np.frombuffer(b"".join(held), np.uint32)
    places = np.flatnonzero(np.isin(terms, wanted))
    rows = np.searchsorted(np.cumsum(lengths), places, side="right")
    columns = np.searchsorted(wanted, terms[places])
    pairs, frequency = np.unique(columns * len(held) + rows, return_counts=True)
    if not len(pairs):
        return np.zeros(len(held))
    columns, rows = np.divmod(pairs, len(held))
    holding = np.bincount(columns, minlength=len(wanted))
    rarity = np.log1p((len(held) - holding + 0.5) / (holding + 0.5))
    damping = K1 * (1 - B + B * lengths / lengths.mean())
    shares = rarity[columns] * frequency * (K1 + 1) / (frequency + damping[rows])
    scores: NDArray[np.float64] = np.bincount(rows, shares, len(held)).astype(np.float64)
    return scores
