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
from functools import cache, lru_cache
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

_LETTER, _DIGIT = 1, 2
_KINDS = np.zeros(128, np.uint8)
_KINDS[ord("a") : ord("z") + 1] = _LETTER
_KINDS[ord("0") : ord("9") + 1] = _DIGIT


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
    folded = list(map(_folded, texts))
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


def _ascii_terms(folded: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """Return what `_hashes` gives for each word of ASCII texts, of all texts at once.

    The four letters of a piece stand around two letters that are neighbours, with marks in the
    place of what is no letter. So each piece is noted where the first of those two is.
    """
    lengths = np.fromiter(map(len, folded), np.int64, len(folded))
    text = np.frombuffer(f"\n{chr(10).join(folded)}\n\n".encode(), np.uint8)
    kinds = _KINDS[text]
    letter, digit = kinds == _LETTER, kinds == _DIGIT
    marked = np.where(letter, text, np.uint8(ord("_")))
    found = np.zeros(len(text), np.uint32)
    pieces = 1 + np.flatnonzero(letter[1:-2] & letter[2:-1])
    found[pieces] = _hashes_at(marked, pieces - 1, 4)
    alone = 1 + np.flatnonzero(letter[1:-1] & ~letter[:-2] & ~letter[2:])
    found[alone] = _hashes_at(marked, alone - 1, 3)
    numbers = 1 + np.flatnonzero(digit[1:] & ~digit[:-1])
    sizes = 1 + np.flatnonzero(digit[:-1] & ~digit[1:]) - numbers
    for size in np.unique(sizes).tolist():
        of_size = numbers[sizes == size]
        found[of_size] = _hashes_at(text, of_size, size)
    has_term = np.zeros(len(text), np.bool)
    for places in (pieces, alone, numbers):
        has_term[places] = True
    if not len(lengths):
        return found[:0], lengths
    ends = np.cumsum(lengths + 1)
    counts = np.diff(np.cumsum(has_term)[ends], prepend=0)
    return found[has_term], counts.astype(np.int64)


def _hashes_at(text: NDArray[np.uint8], places: NDArray[np.intp], size: int) -> NDArray[np.uint32]:
    """Return the CRC-32 of so many bytes at each place: it adds up from what each byte gives."""
    hashes = np.full(len(places), crc32(bytes(size)), np.uint32)
    for at in range(size):
        hashes ^= _shares(size, at)[text[places + at]]
    return hashes


@cache
def _shares(size: int, at: int) -> NDArray[np.uint32]:
    """Return what each byte at a place gives to the CRC-32 of so many."""
    nothing = crc32(bytes(size))
    rows = (bytes(at) + bytes([byte]) + bytes(size - at - 1) for byte in range(128))
    return np.fromiter((crc32(row) ^ nothing for row in rows), np.uint32, 128)


@lru_cache(maxsize=1 << 16)
def _hashes(word: str) -> bytes:
    return b"".join(crc32(piece.encode()).to_bytes(4, "little") for piece in pieces(word))
