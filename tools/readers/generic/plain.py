"""Whether a text reads as what a person writes down: notes, a list, a diary.

Anything is plain text: a program, a log, a novel. Notes are lines of words that each make sense by
themselves, with no further structure. Where a text has one, whoever adds it is asked.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import groupby, pairwise
from typing import TypeVar

from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.times import is_date_line

_LINK = re.compile(
    r"https?://\S+|www\.\S+|&[a-z]{2,6};|<3+|[=:;^xX]-?[)(DPpO^_]+|\^[_.]?\^|[\w.+-]{1,64}@[\w-]+\.[\w.-]+"
)
"""Addresses, and faces made of signs."""
_BULLET = re.compile(r"\s*(?:[-*+•–·]|\d{1,3}[.)]|#{1,6}|\[[ xX]\])\s+")
_CODE = re.compile(
    r"[{}<>=\\|$^`~]|;$|;[\w}]|\w\(\)|\w\([^()]{3,}\)|[^\W_]_|_[^\W_]|::|@@|^\s*(?:[+-]{3}|\[[\w.-]+\]$)|--\w|\"\S*\","
)
"""What programs, their settings and markup are full of."""
_CELLS = re.compile(r"\S[,\t][^\s\d\"]|[^\s\d\"][,\t]\S")
"""A comma without a space, but in a number: cells of a table, of which too little is there."""
_KEY = re.compile(r"\s*(?:-\s+)?[a-z][\w.-]*:(?:\s|$)", re.ASCII)
_SECONDS = re.compile(r"(?<!\d)\d\d:\d\d:\d\d(?!\d)")
_LAID_OUT = re.compile(r"\S(?: {3,}|\t+)\S")
_COMMENT = re.compile(r"\s*(?:#|%|//|;|--|!)")
_LETTER = re.compile(r"[^\W\d_]")
_TECHNICAL = re.compile(
    r"^/[^\W\d_]|[^\W\d_][/:_=+][^\W_]|[^\W_][/:_=+][^\W\d_]|[^\W\d_][.-]?\d|\d[^\W\d_][\w.]{3}|[^\W\d_]\.[^\W_]{2}",
    re.ASCII,
)
"""A word with a sign or a digit inside, as paths, options and versions have."""
_UNBROKEN = re.compile(r"[!-~]{40}")
_ENDED = tuple(".!?…。！？:;)\"”»«'’")
_STAMP = re.compile(r"[\W\d]*\d[\W\d]*")
_Lines = TypeVar("_Lines", str, tuple[str, str])
WIDE = 50
"""Characters of a line; shorter ones were not broken to fit a page."""
LONG = 250
"""Characters of a line that is a paragraph."""
MOST_PROSE = 700
"""Characters in paragraphs; with more, and no dates between them, it was written for others."""
WORD_LIST = 25
_FEW = 4


def reads_as_notes(head: Head) -> bool:
    """Whether a text can be taken for a person's own notes without asking."""
    if head.text.lstrip()[:1] in ("{", "[", "<"):
        return False
    lines = [_LINK.sub("", line.rstrip()) for line in head.lines]
    written = [line for line in lines if line.strip()]
    if not written:
        # an empty text is refused elsewhere, as nothing to add; links alone are nobody's words
        return bool(head.text) and not head.text.strip()
    own = [_BULLET.sub("", line).strip() for line in written]
    return not (
        _share(written, lambda line: _CODE.search(line)) > 0.15
        or _share(written, lambda line: _CELLS.search(line)) > 0.4
        or _share(written, lambda line: _KEY.match(line)) > 0.5
        or _share(written, lambda line: _SECONDS.search(line)) > 0.25
        or _share(written, lambda line: _LAID_OUT.search(line)) > 0.25
        or _share(written, lambda line: _UNBROKEN.search(line)) > 0.2
        or _share(written, lambda line: line[:4].isspace() and not _BULLET.match(line)) > 0.3
        or _share([*pairwise(written)], lambda two: all(map(_COMMENT.match, two))) > 0.3
        or _hardly_words(own)
        or (len(own) >= _FEW and _share(own, lambda line: line.isupper()) > 0.25)
        or (len(own) >= WORD_LIST and _share(own, lambda line: len(line.split()) == 1) > 0.9)
        or _is_wrapped(lines)
        or _is_prose(own)
        or _is_verse(lines)
    )


def _share(lines: Sequence[_Lines], matches: Callable[[_Lines], object]) -> float:
    return sum(bool(matches(line)) for line in lines) / max(1, len(lines))


def _hardly_words(lines: Sequence[str]) -> bool:
    """Whether there is little of letters, or many numbers, as in an invoice."""
    numbers = [line for line in lines if not is_date_line(line) and not _LETTER.search(line)]
    if len(numbers) > 0.4 * len(lines):
        return True
    lines = [_STAMP.sub("", line, count=1) if _STAMP.match(line) else line for line in lines]
    text = "".join(lines)
    signs = [char for char in text if not char.isspace()]
    letters = sum(char.isalpha() or unicodedata.category(char)[0] in "MS" for char in signs)
    words = [word for line in lines for word in line.split()]
    with_digits = sum(any(map(str.isdigit, word)) for word in words)
    technical = sum(bool(_TECHNICAL.search(word)) for word in words)
    return bool(words) and (
        letters < 0.5 * len(signs)
        or with_digits > max(1, 0.4 * len(words))
        or technical > max(1, 0.15 * len(words))
    )


def _is_wrapped(lines: Sequence[str]) -> bool:
    """Whether sentences go on from line to line, which were broken to fit a page."""
    widest = max(map(len, lines))
    pairs = [
        (line, next_line)
        for line, next_line in pairwise(lines)
        if line.strip() and next_line.strip()
    ]
    going_on = [
        len(line) >= 0.8 * widest and not line.endswith(_ENDED) and not next_line[:1].isupper()
        for line, next_line in pairs
    ]
    return widest >= WIDE and len(pairs) >= _FEW and sum(going_on) > 0.3 * len(pairs)


def _is_prose(lines: Sequence[str]) -> bool:
    """Whether it is paragraph after paragraph, and no diary, whose days have their dates."""
    paragraphs = sum(len(line) for line in lines if len(line) >= LONG)
    dated = sum(map(is_date_line, lines)) > 1
    return not dated and paragraphs > max(MOST_PROSE, sum(map(len, lines)) // 2)


def _is_verse(lines: Sequence[str]) -> bool:
    """Whether it has a refrain, or stanzas of as many lines, some of which end in a comma."""
    sizes = [
        len([*group]) for blank, group in groupby(lines, lambda line: not line.strip()) if not blank
    ]
    said = Counter(line.strip() for line in lines if len(line.split()) >= 3)
    again = sum(count for count in said.values() if count > 1)
    if len(sizes) > 2 and said.total() > 2 * _FEW and again > 0.25 * said.total():
        return True
    alike = Counter(sizes).most_common(1)[0]
    commas = _share(
        [line for line in lines if line.strip()], lambda line: line.endswith((",", ";"))
    )
    return alike[0] >= 3 and alike[1] >= 3 and alike[1] * 3 > 2 * len(sizes) and commas > 0.25
