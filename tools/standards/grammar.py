"""Countable habits that bind the decoding: a grammar of what a person never writes.

It is a GBNF grammar, as llama.cpp takes it. It says which signs a text may have, and how often a
sentence may end with a full stop; nothing of words. Literal pieces of the text that is rewritten,
such as an address or a decimal number, always pass.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

import regex

from guided_profile.tools.evidence import style
from guided_profile.tools.evidence.marks import compiled, ends_with_stop
from guided_profile.tools.standards.manner import Manner
from guided_profile.tools.text.sentences import split_sentences

BINDING = 0.8
"""The share, drawn to the usual one, from which on a habit leaves the model no choice."""
FEWEST = 3
"""Texts of a person from which on anything binds."""
_CAPITALS = r"[\p{Lu}\p{Lt}]"
_SMALL = r"\p{Changes_When_Uppercased}"
_STOPS = r"[\p{Sentence_Terminal}--[!?！？؟‼⁇⁈⁉]]"
_EXCLAMATIONS = r"[!！‼⁈⁉՜]"
_EMOJI = r"[\p{Emoji_Presentation}\uFE0F\u200D]"
_SIGNS = r"[[\p{Terminal_Punctuation}…‥()（）\[\]\"“”„«»—–「」]--[?？؟]]"
_LINES = r"[\n\r]"
_SPACES = r"\s"
_LITERAL = compiled(r"\S*[\p{L}\p{N}][.:/@_#]+[\p{L}\p{N}]\S*")
_LAST = 0x1FAFF
"""The last emoji; beyond it nothing has case or is punctuation that people write."""


def grammar_of(manner: Manner, source: str) -> str | None:
    """Return the grammar of a text that says what `source` says, as a person writes.

    Returns:
        None where nothing binds.
    """
    if len(manner.texts) < FEWEST:
        return None
    share = manner.share
    left_out = [
        signs
        for signs, never in (
            (_CAPITALS, share(style.LOWER_CASE)),
            (_SMALL, share(style.ALL_CAPITALS)),
            (_EXCLAMATIONS, share(style.NO_EXCLAMATION)),
            (_EMOJI, share(style.NO_EMOJI)),
            (_SIGNS, share(style.NO_PUNCTUATION)),
        )
        if never >= BINDING
    ]
    open_end = share(style.OPEN_END) >= BINDING
    if not left_out and not open_end:
        return None
    if share(style.LINES) <= 1 - BINDING and "\n" not in source:
        left_out.append(_LINES)
    kept = [_quoted(word) for word in dict.fromkeys(_LITERAL.findall(source))]
    never = [*left_out, _STOPS] if open_end else left_out
    part = " | ".join([f"[^{_class(never)}]", *kept])
    if not open_end or _SIGNS in left_out:
        return f"root ::= part+\npart ::= {part}\n"
    solid = " | ".join([f"[^{_class([*never, _SPACES])}]", *kept])
    inner = sum(map(ends_with_stop, split_sentences(source)[:-1]))
    return (
        f'root ::= part+ ([{_class([_STOPS])}] " "* solid part*){{0,{inner}}}\n'
        f"part ::= {part}\nsolid ::= {solid}\n"
    )


def _quoted(word: str) -> str:
    return '"' + "".join(f"\\U{ord(sign):08X}" for sign in word) + '"'


def _class(patterns: Iterable[str]) -> str:
    signs = sorted({sign for pattern in patterns for sign in _signs(pattern)})
    return "".join(
        f"\\U{first:08X}" if first == last else f"\\U{first:08X}-\\U{last:08X}"
        for first, last in _runs(signs)
    )


def _runs(signs: list[int]) -> Iterator[tuple[int, int]]:
    """Yield the first and last of each run of numbers that follow each other."""
    breaks = [
        n for n, (sign, following) in enumerate(pairwise(signs), start=1) if following > sign + 1
    ]
    for first, last in pairwise([0, *breaks, len(signs)]):
        if first < last:
            yield signs[first], signs[last - 1]


@lru_cache(maxsize=16)
def _signs(pattern: str) -> tuple[int, ...]:
    every = "".join(chr(n) for n in range(10, _LAST + 1) if not 0xD800 <= n < 0xE000)
    return tuple(ord(sign) for sign in regex.findall(pattern, every, regex.V1))
