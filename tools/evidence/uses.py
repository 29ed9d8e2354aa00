"""When an answer may use a sentence: in every one, where it bears, or where its subject is raised.

A chat model is asked two short questions of each: whether it is for every answer, and whether it is
private. Where there are no probabilities, one call tells of all in words. A small model's Yes does
not lie around a half: `uses.json` says, for each model that was fitted, from where on it counts.
"""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from math import log

from langchain_core.language_models import BaseChatModel

from guided_profile.graph.prompts import FOR_EVERY_ANSWER, PRIVATE, USES, Prompt, messages, render
from guided_profile.graph.records import Call, SentenceUse
from guided_profile.graph.text import as_data
from guided_profile.tools.models.calls import complete, model_id
from guided_profile.tools.models.dialect import dialect_of
from guided_profile.tools.models.letters import YesNo, ask_yes_no

LETTERS: dict[str, SentenceUse] = {"A": "always", "B": "topical", "C": "private"}
LEAST = 1e-4
"""A probability below this, or this near to 1, counts as this."""
HALF = 0.5
"""The Yes from which on it counts, of a model that was not fitted."""
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

    async def ask(question: Prompt, text: str) -> YesNo:
        asked = messages([], render(question, note=as_data(text)))
        return await ask_yes_no(chat, asked, stage=stage)

    questions = [(question, text) for question in (FOR_EVERY_ANSWER, PRIVATE) for text in texts]
    asked = await asyncio.gather(*(ask(*question) for question in questions))
    calls = [reply.call for reply in asked]
    likely = [reply.yes for reply in asked if reply.yes is not None]
    if len(likely) < len(asked):
        told, more = await _in_words(chat, texts, stage)
        return told, [*calls, *more]
    always, private = likely[: len(texts)], likely[len(texts) :]
    counts = counts_from(model_id(chat))
    return [use_by(*both, counts) for both in zip(always, private, strict=True)], calls


def use_by(always: float, private: float, counts: Mapping[str, float]) -> SentenceUse:
    """Return the use of a sentence: that of the question whose Yes is the clearer one, if any is.

    Args:
        always: The probability that it is for every answer.
        private: The probability that it is a private matter.
        counts: From where on either counts.
    """
    sure = {
        "always": _log_odds(always) - _log_odds(counts.get("always", HALF)),
        "private": _log_odds(private) - _log_odds(counts.get("private", HALF)),
    }
    if max(sure.values()) < 0:
        return "topical"
    return "always" if sure["always"] > sure["private"] else "private"


def _log_odds(share: float) -> float:
    share = min(max(share, LEAST), 1 - LEAST)
    return log(share / (1 - share))


async def _in_words(
    chat: BaseChatModel, texts: Sequence[str], stage: str
) -> tuple[list[SentenceUse], list[Call]]:
    notes = "\n".join(f"{n}. {as_data(text)}" for n, text in enumerate(texts, start=1))
    done = await complete(
        chat,
        messages([], render(USES, notes=notes)),
        stage=stage,
        max_tokens=_TOKENS * (len(texts) + 1),
    )
    told = {int(number): LETTERS[letter] for number, letter in _LINE.findall(done.text)}
    return [told.get(n, "topical") for n in range(1, len(texts) + 1)], [done.call]


def counts_from(model: str) -> Mapping[str, float]:
    """Return from where on a model's Yes counts, by its name: `always`, `private`, `differs`."""
    name = model.casefold()
    known = _known()
    return known.get(max((key for key in known if key in name), key=len, default=""), {})


@cache
def _known() -> Mapping[str, Mapping[str, float]]:
    text = (files("guided_profile.tools.evidence") / "uses.json").read_text("utf-8")
    known: Mapping[str, Mapping[str, float]] = json.loads(text)
    return known
