"""When an answer may use a sentence: in every one, where it bears, or where its subject is raised.

A chat model is asked two short questions of each: whether it is for every answer, and whether it is
private. Where there are no probabilities, one call asks about all in words. A small model's Yes
does not lie around a half, and it takes an allergy for a private matter: `uses.json` has, for each
model that was fitted, the weights of a regression, which
`python -m guided_profile.evals.benches.selection` writes.
"""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import log
from typing import Any

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
_TOKENS = 8
"""Of a reply in words, for each sentence."""
_LINE = re.compile(r"(?m)^\W*(\d+)\W+([ABC])\b")


@dataclass(frozen=True, slots=True)
class Weights:
    """What is made of a model's Yes; as it stands, that of a model that was not fitted."""

    always: Sequence[float] = (0.0, 1.0, 0.0)
    """Of a constant and the log odds of both questions, against a sentence that is topical."""
    private: Sequence[float] = (0.0, 0.0, 1.0)
    differs: float | None = 0.5
    """From where on a Yes says that a good answer differs (`tools/restraint`); None: this model's
    word on that is not asked for."""
    depends: float = 0.5
    """From where on a Yes says that a good answer depends on who is asking."""
    fitted: str = ""
    """When, and on how many sentences."""


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
    if not dialect_of(chat).weighs_first:
        return await _in_words(chat, texts, stage)

    async def ask(question: Prompt, text: str) -> YesNo:
        asked = messages([], render(question, note=as_data(text)))
        return await ask_yes_no(chat, asked, stage=stage)

    questions = [(question, text) for question in (FOR_EVERY_ANSWER, PRIVATE) for text in texts]
    asked = await asyncio.gather(*(ask(*question) for question in questions))
    calls = [reply.call for reply in asked]
    likely = [reply.yes for reply in asked if reply.yes is not None]
    if len(likely) < len(asked):
        uses, more = await _in_words(chat, texts, stage)
        return uses, [*calls, *more]
    always, private = likely[: len(texts)], likely[len(texts) :]
    weights = weights_of(model_id(chat))
    return [use_by(*both, weights) for both in zip(always, private, strict=True)], calls


def use_by(always: float, private: float, weights: Weights) -> SentenceUse:
    """Return the use of a sentence: the likeliest by a regression on both questions.

    Args:
        always: The probability that it is for every answer.
        private: The probability that it is a private matter.
        weights: Of the model.
    """
    features = features_of(always, private)
    scores: dict[SentenceUse, float] = {
        "topical": 0.0,
        "always": _weighed(weights.always, features),
        "private": _weighed(weights.private, features),
    }
    return max(scores, key=scores.__getitem__)


def features_of(always: float, private: float) -> list[float]:
    """Return what the weights are for."""
    return [1.0, _log_odds(always), _log_odds(private)]


def _weighed(weights: Sequence[float], features: Sequence[float]) -> float:
    return sum(weight * feature for weight, feature in zip(weights, features, strict=True))


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
    uses = {int(number): LETTERS[letter] for number, letter in _LINE.findall(done.text)}
    return [uses.get(n, "topical") for n in range(1, len(texts) + 1)], [done.call]


def weights_of(model: str) -> Weights:
    """Return the weights of a model, by its name; those of any other where it was not fitted."""
    name = model.casefold()
    known = _known()
    return Weights(**known.get(max((key for key in known if key in name), key=len, default=""), {}))


@cache
def _known() -> Mapping[str, Mapping[str, Any]]:
    text = (files("guided_profile.tools.evidence") / "uses.json").read_text("utf-8")
    known: Mapping[str, Mapping[str, Any]] = json.loads(text)
    return known
