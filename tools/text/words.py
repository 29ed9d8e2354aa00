"""A text's words, and the pieces of them by which search finds them again, in any script.

A word is looked up by its overlapping runs of four letters, its ends marked: `cats` has `_cat`,
`cats` and `ats_`, and shares the first with `cat`. Of all ways that need to know no language, this
finds best (McNamee & Mayfield 2004, "Character n-gram tokenization for European language text
retrieval"), inflected forms and parts of compounds too, and long words, which say more than short
ones, count for more. So no stemmer and no list of function words is needed.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

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
_OTHERWISE = re.compile(rf"[{_UNSPACED}{_SIGNS}]")
_PLAIN_WORD = re.compile(r"\d+|[^\W\d_]+")
"""A word of a text that has nothing of `_UNSPACED` and `_SIGNS`: found several times as fast."""

_SELF = 4
"""A piece of at most so many bytes is its own hash: no two of them have the same."""
_ENDS = np.array([0, 0xFF, 0xFFFF, 0xFFFFFF, 0xFFFFFFFF], np.uint32)
"""What is left of four bytes of which so many count."""


def words(text: str) -> Iterator[str]:
    """Yield a text's words, folded: no case, no accents; of unspaced scripts, its characters.

    Chinese, Japanese, Korean, Thai and the like give single characters and pairs of neighbours.
    Numbers are words of their own: `26cm` is two.
    """
    return _words_of(_folded(text))


def _folded(text: str) -> str:
    folded = text.casefold()
    if folded.isascii():
        return folded
    folded = unicodedata.normalize("NFKD", folded)
    return unicodedata.normalize("NFC", _DROPPED.sub("", folded))


def _words_of(folded: str) -> Iterator[str]:
    if not _OTHERWISE.search(folded):
        yield from _PLAIN_WORD.findall(folded)
        return
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


def terms(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return the hashes of the pieces of texts' words, one text's after the other's.

    Returns:
        The hashes, and how many of them each text has.
    """
    folded = [text if text.isascii() else _folded(text) for text in texts]
    held = {
        row: b"".join(map(_hashes, _words_of(text)))
        for row, text in enumerate(folded)
        if not text.isascii()
    }
    hashes, counts = _ascii_terms([text for text in folded if text.isascii()])
    if not held:
        return hashes, counts
    ascii_rows = np.fromiter((row not in held for row in range(len(texts))), np.bool, len(texts))
    lengths = np.empty(len(texts), np.int64)
    lengths[ascii_rows] = counts
    lengths[~ascii_rows] = [len(found) // 4 for found in held.values()]
    every = np.empty(lengths.sum(), np.uint32)
    is_ascii = np.repeat(ascii_rows, lengths)
    every[is_ascii] = hashes
    every[~is_ascii] = np.frombuffer(b"".join(held.values()), "<u4")
    return every, lengths


def _ascii_terms(texts: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return what `_hashes` gives for each word of ASCII texts, of all texts at once.

    The four letters of a piece stand around two letters that are neighbours, with marks in the
    place of what is no letter. So each piece is noted where the first of those two is.
    """
    if not texts:
        return np.zeros(0, np.uint32), np.zeros(0, np.int64)
    joined = "\n".join(["", *texts, "\n\n\n"]).lower().encode()
    text = np.frombuffer(joined, np.uint8)
    letter, digit = text - np.uint8(ord("a")) < 26, text - np.uint8(ord("0")) < 10
    marked = _fours(np.maximum(text * letter, np.uint8(ord("_"))))  # no letter is below the mark
    found = np.roll(marked, 1)
    begins = np.zeros(len(text), np.bool)
    begins[:-1] = letter[:-1] & letter[1:]
    alone = 1 + np.flatnonzero(letter[1:-1] & ~letter[:-2] & ~letter[2:])
    found[alone] = marked[alone - 1] & _ENDS[3]
    numbers = 1 + np.flatnonzero(digit[1:] & ~digit[:-1])
    sizes = 1 + np.flatnonzero(digit[:-1] & ~digit[1:]) - numbers
    found[numbers] = _fours(text)[numbers] & _ENDS[np.minimum(sizes, _SELF)]
    long = numbers[sizes > _SELF]
    ends = long + sizes[sizes > _SELF]
    pairs = zip(long.tolist(), ends.tolist(), strict=True)
    found[long] = [crc32(joined[begin:end]) for begin, end in pairs]
    begins[alone] = begins[numbers] = True
    lengths = np.fromiter(map(len, texts), np.int64, len(texts))
    starts = np.cumsum(lengths + 1) - lengths
    counts = np.add.reduceat(begins, starts, dtype=np.int32)
    return np.compress(begins, found), counts.astype(np.int64)


def _fours(data: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Return the four bytes from each byte on, as numbers; of the last three, nothing."""
    fours = np.zeros(len(data), np.uint32)
    for at in range(4):
        part = data[at : at + (len(data) - at) // 4 * 4].view("<u4")
        fours[at::4][: len(part)] = part
    return fours


@lru_cache(maxsize=1 << 16)
def _hashes(word: str) -> bytes:
    return b"".join(_hash(piece.encode()).to_bytes(4, "little") for piece in pieces(word))


def _hash(piece: bytes) -> int:
    return int.from_bytes(piece, "little") if len(piece) <= _SELF else crc32(piece)
