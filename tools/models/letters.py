"""How likely a model finds each of a few replies: the letters of a choice, Yes or No."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig

from guided_profile.graph.records import Call, Cost
from guided_profile.tools.models.calls import ask, unstreamed
from guided_profile.tools.models.refusals import refuse, refused

TOP_LOGPROBS = 20
"""How many tokens the OpenAI API tells the probability of, at most."""


@dataclass(frozen=True, slots=True)
class LetterScores:
    """How a model weighs the letters of a choice."""

    letters: dict[str, float] | None
    """Each letter's probability as the first token of the reply; they need not add up to 1. None:
    the endpoint tells no probabilities, and `text` is all there is."""
    text: str
    call: Call


@dataclass(frozen=True, slots=True)
class YesNo:
    """What a model replies to a question that is to be answered with Yes or No."""

    yes: float | None
    """The probability of Yes, of Yes and No together. None: the endpoint tells no probabilities, or
    the reply begins with neither; `text` is all there is."""
    text: str
    call: Call


async def ask_yes_no(
    chat: BaseChatModel,
    messages: Sequence[BaseMessage],
    *,
    stage: str,
    config: RunnableConfig | None = None,
) -> YesNo:
    """Ask a question that is to be answered with Yes or No, in one token.

    Raises:
        ModelError: The endpoint failed.
    """
    scores = await score_letters(
        chat, messages, ("Yes", "No"), stage=stage, config=config, folded=True
    )
    yes, no = ((scores.letters or {}).get(word, 0.0) for word in ("Yes", "No"))
    return YesNo(yes / (yes + no) if yes + no > 0 else None, scores.text, scores.call)


async def score_letters(
    chat: BaseChatModel,
    messages: Sequence[BaseMessage],
    letters: Sequence[str],
    *,
    stage: str,
    max_tokens_without: int = 16,
    config: RunnableConfig | None = None,
    folded: bool = False,
) -> LetterScores:
    """Ask which letter a model replies with, and how likely each is, in one token.

    Args:
        chat: The model.
        messages: The prompt, which asks for a letter.
        letters: Those to weigh, in capitals.
        stage: Named in the returned call.
        max_tokens_without: The limit of the plain reply asked for where there are no probabilities.
        config: Of the run that this call is part of; left out, it is taken from the context.
        folded: Whether "yes" counts as "Yes".

    Raises:
        ModelError: The endpoint failed.
    """
    spent: list[Call] = []
    config = unstreamed(config)
    settings = {"temperature": 0.0, "max_tokens": max_tokens_without}
    if "logprobs" not in refused(chat):
        weighed = {"max_tokens": 1, "logprobs": True, "top_logprobs": TOP_LOGPROBS}
        done = await ask(chat, messages, settings | weighed, stage=stage, config=config)
        if done.tokens is not None:
            return LetterScores(_weigh(done.tokens, letters, folded), done.text, done.call)
        if done.text:  # an empty reply has no tokens whose probability could be told
            refuse(chat, "logprobs")
        spent.append(done.call)
    done = await ask(chat, messages, settings, stage=stage, config=config)
    cost = Cost.of([*spent, done.call]).model_dump(exclude={"calls"})
    return LetterScores(None, done.text, Call(stage=stage, **cost))


def _weigh(
    tokens: Sequence[Mapping[str, Any]], letters: Sequence[str], folded: bool
) -> dict[str, float]:
    """Add up, for each letter, the first token's variants: "A" and " A" are one, "a" is a word."""
    scores = dict.fromkeys(letters, 0.0)
    for candidate in tokens[0].get("top_logprobs") or [] if tokens else []:
        letter = candidate["token"].strip()
        letter = letter.capitalize() if folded else letter
        if letter in scores:
            scores[letter] += math.exp(candidate["logprob"])
    return scores
