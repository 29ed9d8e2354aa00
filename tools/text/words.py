"""A text's words, and the pieces of them by which search finds them again, in any script.

A word is looked up by its overlapping runs of four letters, its ends marked: `cats` has `_cat`,
`cats` and `ats_`, and shares the first with `cat`. Of all that needs to know no language this finds
best (McNamee & Mayfield 2004, "Character n-gram tokenization for European language text
retrieval"), inflected forms and parts of compounds too, and long words, which say more than short
ones, count for more. So no stemmer and no list of function words is needed.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from zlib import crc32

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"  # Japanese, Chinese
    "\uac00-\ud7af\U00020000-\U0003ffff"  # Korean, whose words carry endings; rare ideographs
)
_SIGNS = (
    "\u0900-\u0963\u0971-\u0dff\u0f18-\u0fbc\u135d-\u135f\u1712-\u1734\u1a17-\u1aff\u1b00-\u1bff"
)
"""Vowel signs, which are parts of words, and the letters between them."""
_DROPPED = re.compile(
    "[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0711\u0730-\u074a\u093c\u09bc\u0a3c\u200b-\u200f\u2060]"
)
"""Accents, vowel points, the dots of borrowed letters and joiners: few people type them always."""
_WORD = re.compile(rf"[{_UNSPACED}]+|\d+|(?:(?![{_UNSPACED}\d])[^\W_]|(?!\d)[{_SIGNS}])+")
_UNSPACED_CHARACTER = re.compile(rf"[{_UNSPACED}]")


def words(text: str) -> Iterator[str]:
    """Yield a text's words, folded: no case, no accents; of unspaced scripts, its characters.

    Chinese, Japanese, Korean, Thai and the like give single characters and pairs of neighbours.
    Numbers are words of their own: `26cm` is two.
    """
    folded = text.casefold()
    if not folded.isascii():
        folded = unicodedata.normalize("NFKD", folded)
        folded = unicodedata.normalize("NFC", _DROPPED.sub("", folded))
    for word in _WORD.findall(folded):
        if _UNSPACED_CHARACTER.match(word):
            yield from word
            yield from map("".join, pairwise(word))
        else:
            yield word


def pieces(word: str) -> list[str]:
    """Return what stands for a word in the index: forms of one word have some of them in common.

    Four letters each, the word's ends marked. Three, where a letter says more: in Ethiopic, whose
    letters are syllables, and, unmarked, in Hebrew, Arabic and their kin, which write few vowels
    and join articles and pronouns to the word. Numbers and characters of unspaced scripts stand
    for themselves.
    """
    first = word[0]
    if first.isdigit() or _UNSPACED_CHARACTER.match(first):
        return [word]
    if "\u0590" <= first < "\u0900":
        return _overlapping(word, 3)
    return _overlapping(f"_{word}_", 3 if "\u1200" <= first < "\u13a0" else 4)


def _overlapping(word: str, size: int) -> list[str]:
    return [word[at : at + size] for at in range(max(1, len(word) - size + 1))]


def terms(text: str) -> bytes:
    """Return the hashes of the pieces of a text's words, 32 bits each, in order."""
    return b"".join(map(_hashes, words(text)))


@lru_cache(maxsize=1 << 16)
def _hashes(word: str) -> bytes:
    return b"".join(crc32(piece.encode()).to_bytes(4, "little") for piece in pieces(word))
