"""Limits that a person stated for every answer: which can be counted, and which a reply breaks.

What a sentence sets a limit on, and whether that is the most or the least, is asked of the model,
once a sentence, in any language: "answers under 40 words", "ohne Emoji". That is counted then. All
other limits, such as "never nuts", are asked about in one question, where the endpoint gives log
probabilities.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from math import inf

import regex
from langchain_core.language_models import BaseChatModel

from guided_profile.graph.prompts import BREAKS, HOW_MANY, LEAST_OR_MOST, LIMITED, messages, render
from guided_profile.graph.records import Call, Sentence
from guided_profile.graph.text import as_data
from guided_profile.tools.evidence import marks
from guided_profile.tools.models.calls import complete, model_id
from guided_profile.tools.models.choices import named_letter
from guided_profile.tools.models.dialect import dialect_of
from guided_profile.tools.models.letters import LetterScores, ask_yes_no, score_letters
from guided_profile.tools.text.language import language_of
from guided_profile.tools.text.sentences import split_sentences

STAGE = "review"
MOST = 6
"""Limits that an answer is held against."""
SURE = 0.5
"""The share of the letters' weight from which on a reading counts."""
BROKEN = 0.9
"""The probability from which on a Yes counts: a small model says Yes too readily."""
_DIGITS = regex.compile(r"\p{Nd}+")
_BULLET = regex.compile(r"(?m)^\s*(?:[-*+•‣⁃◦∙▪●–—·]|\d{1,3}[.)])\s+\S")
_MOST_READINGS = 1000


@dataclass(frozen=True, slots=True)
class Countable:
    """Something of a reply that can be counted, and that a limit may name."""

    name: str
    count: Callable[[str], float]


COUNTABLE = (
    Countable("the number of words in a reply", marks.length),
    Countable("the number of sentences", lambda text: len(split_sentences(text))),
    Countable("the number of characters", lambda text: len("".join(text.split()))),
    Countable("emoji", lambda text: len(marks.emoji(text))),
    Countable("exclamation marks", lambda text: len(marks.EXCLAMATION_MARK.findall(text))),
    Countable("lists with bullet points", lambda text: len(_BULLET.findall(text))),
    Countable("capital letters", lambda text: sum(map(str.isupper, text))),
)
ELSE = "something else, such as a subject, food, a language or a tone"
LETTERS = "ABCDEFGH"
BOUNDS = "ABCDE"
"""None, the most, the least, exactly, something else."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit as it was read; it holds nobody's words."""

    counts: Countable | None = None
    """None: it cannot be counted."""
    least: float = 0
    most: float = inf

    def broken(self, reply: str) -> bool:
        """Whether a reply has more, or less, of what can be counted than the limit lets."""
        return self.counts is not None and not self.least <= self.counts.count(reply) <= self.most


@dataclass(frozen=True, slots=True)
class Broken:
    """The limits that a reply breaks, and what it took to find out."""

    limits: tuple[str, ...]
    calls: tuple[Call, ...]


def limits_among(sentences: Sequence[Sentence]) -> list[str]:
    """Return the sentences that an answer is held against: those that hold for every answer."""
    return [sentence.text for sentence in sentences if sentence.use == "always"][:MOST]


async def broken_limits(
    chat: BaseChatModel, sentences: Sequence[str], request: str, reply: str
) -> Broken:
    """Return which of a person's limits a reply breaks.

    Raises:
        ModelError: The endpoint failed.
    """
    limits: list[Limit] = []
    calls: list[Call] = []
    for text in sentences:
        limit, took = await _read(chat, text)
        limits.append(limit)
        calls += took
    read = list(zip(sentences, limits, strict=True))
    broken = [text for text, limit in read if limit.broken(reply)]
    rest = [text for text, limit in read if limit.counts is None]
    if rest and dialect_of(chat).weighs:
        language = language_of([reply])
        question = render(
            BREAKS,
            rules=as_data("\n".join(f"- {text}" for text in rest)),
            question=as_data(request),
            language=language.name if language else "no language",
            reply=as_data(reply),
        )
        asked = await ask_yes_no(chat, messages([], question), stage=STAGE)
        calls.append(asked.call)
        if asked.yes is not None and asked.yes >= BROKEN:
            broken += rest
    return Broken(tuple(broken), tuple(calls))


@cache
def _readings() -> dict[bytes, Limit]:
    return {}  # by digests: what was deleted must not stay here


async def _read(chat: BaseChatModel, text: str) -> tuple[Limit, list[Call]]:
    """Return what a sentence sets a limit on; the model is asked the first time."""
    known = _readings()
    key = blake2b(f"{model_id(chat)}\n{text}".encode(), digest_size=16).digest()
    if key in known:
        return known[key], []
    listed = "\n".join(
        f"{letter}. {name}"
        for letter, name in zip(
            LETTERS, [*(countable.name for countable in COUNTABLE), ELSE], strict=True
        )
    )
    asked = messages([], render(LIMITED, rule=as_data(text), options=listed))
    scores = await score_letters(chat, asked, LETTERS, stage=STAGE)
    calls, limit = [scores.call], Limit()
    letter = _surest(scores, LETTERS)
    if letter and letter != LETTERS[-1]:
        limit, took = await _bounds(chat, text, COUNTABLE[LETTERS.index(letter)])
        calls += took
    if len(known) >= _MOST_READINGS:
        known.clear()
    known[key] = limit
    return limit, calls


async def _bounds(chat: BaseChatModel, text: str, counts: Countable) -> tuple[Limit, list[Call]]:
    """Return how much of something a sentence lets there be; what is not clear is not counted."""
    question = render(LEAST_OR_MOST, rule=as_data(text), counted=counts.name)
    scores = await score_letters(chat, messages([], question), BOUNDS, stage=STAGE)
    letter = _surest(scores, BOUNDS)
    if letter == "A":
        return Limit(counts, most=0), [scores.call]
    if letter not in ("B", "C", "D"):
        return Limit(), [scores.call]
    number, calls = await _number(chat, text)
    if number is None:
        return Limit(), [scores.call, *calls]
    least, most = 0 if letter == "B" else number, inf if letter == "C" else number
    return Limit(counts, least, most), [scores.call, *calls]


def _surest(scores: LetterScores, among: str) -> str | None:
    if scores.letters is None:
        return named_letter(scores.text, among)
    best = max(scores.letters, key=scores.letters.__getitem__)
    return best if scores.letters[best] >= SURE * sum(scores.letters.values()) else None


async def _number(chat: BaseChatModel, text: str) -> tuple[int | None, list[Call]]:
    """Return the number that a limit names, in digits or in words; None: it names none."""
    found = _DIGITS.findall(text)
    if found:
        return (int(found[0]) if len(found) == 1 else None), []
    asked = messages([], render(HOW_MANY, rule=as_data(text)))
    done = await complete(chat, asked, stage=STAGE, max_tokens=8)
    said = _DIGITS.findall(done.text)
    return (int(said[0]) if len(said) == 1 else None), [done.call]
