"""When an answer may use a sentence: in every one, where it bears, or where its subject is raised.

A chat model is asked, one token a sentence; where there are no probabilities, one call tells all in
words. What a small model leans to is weighed out: `uses.json` has, for each model that was fitted,
what is added to the logarithm of a letter's probability.
"""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from math import log

from langchain_core.language_models import BaseChatModel

from guided_profile.graph.prompts import USE, USE_LETTERS, USES, messages, render
from guided_profile.graph.records import Call, SentenceUse
from guided_profile.graph.text import as_data
from guided_profile.tools.models.calls import complete, model_id
from guided_profile.tools.models.dialect import dialect_of
from guided_profile.tools.models.letters import score_letters

LETTERS: dict[str, SentenceUse] = {"A": "always", "B": "topical", "C": "private"}
LEAST = 1e-4
"""A probability below this counts as this."""
_TOKENS = 8
"""Of a reply in words, for each sentence."""
_LINE = re.compile(r"(?m)^\W*(\d+)\W+([ABC])\b")


async def uses_of(
    chat: BaseChatModel, texts: Sequence[str], *, stage: str
) -> tuple[list[SentenceUse], list[Call]]:
    """Return the use of each sentence, and the calls that asking took.

    What a reply in words leaves out is `topical`.

    Raises:
        ModelError: The model failed.
    """
    if not texts:
        return [], []
    dialect = dialect_of(chat)
    if not dialect.weighs or dialect.thinks:
        return await _in_words(chat, texts, stage)
    asked = await asyncio.gather(*(_by_letter(chat, text, stage) for text in texts))
    calls = [call for _, call in asked]
    found = [use for use, _ in asked if use]
    if len(found) == len(texts):
        return found, calls
    told, more = await _in_words(chat, texts, stage)
    return [use or said for (use, _), said in zip(asked, told, strict=True)], [*calls, *more]


async def _by_letter(chat: BaseChatModel, text: str, stage: str) -> tuple[SentenceUse | None, Call]:
    asked = render(USE, note=as_data(text), uses=USE_LETTERS.text)
    scores = await score_letters(chat, messages([], asked), tuple(LETTERS), stage=stage)
    if scores.letters is None:
        return None, scores.call
    return use_by(scores.letters, leaning_of(model_id(chat))), scores.call


def use_by(letters: Mapping[str, float], leaning: Mapping[str, float]) -> SentenceUse:
    """Return the use whose letter is the likeliest.

    Args:
        letters: The letters' probabilities.
        leaning: By use, what is added to the logarithm of one.
    """
    weighed = {
        use: log(max(letters.get(letter, 0.0), LEAST)) + leaning.get(use, 0.0)
        for letter, use in LETTERS.items()
    }
    return max(weighed, key=weighed.__getitem__)


async def _in_words(
    chat: BaseChatModel, texts: Sequence[str], stage: str
) -> tuple[list[SentenceUse], list[Call]]:
    notes = "\n".join(f"{n}. {as_data(text)}" for n, text in enumerate(texts, start=1))
    done = await complete(
        chat,
        messages([], render(USES, notes=notes, uses=USE_LETTERS.text)),
        stage=stage,
        max_tokens=_TOKENS * (len(texts) + 1),
    )
    told = {int(number): LETTERS[letter] for number, letter in _LINE.findall(done.text)}
    return [told.get(n, "topical") for n in range(1, len(texts) + 1)], [done.call]


def leaning_of(model: str) -> Mapping[str, float]:
    """Return what is added for a model, by its name; nothing for one that was not fitted."""
    name = model.casefold()
    known = _known()
    return known.get(max((key for key in known if key in name), key=len, default=""), {})


@cache
def _known() -> Mapping[str, Mapping[str, float]]:
    text = (files("guided_profile.tools.evidence") / "uses.json").read_text("utf-8")
    known: Mapping[str, Mapping[str, float]] = json.loads(text)
    return known
