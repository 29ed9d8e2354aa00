"""How likely a model finds each of a few replies: the letters of a choice, Yes or No."""

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_core.runnables import RunnableConfig

from guided_profile.graph.records import Call
from guided_profile.tools.models.calls import ask, spelling, together, unstreamed
from guided_profile.tools.models.choices import named_letter
from guided_profile.tools.models.dialect import dialect_of

_log = logging.getLogger(__name__)

TOP_LOGPROBS = 20
"""How many tokens the OpenAI API gives the probability of, at most."""


@dataclass(frozen=True, slots=True)
class LetterScores:
    """How a model weighs the letters of a choice."""

    letters: dict[str, float] | None
    """Each letter's probability as the first token of the reply, or as the one that says which it
    is; they need not add up to 1. None: no letter has any, and `text` is all there is."""
    text: str
    call: Call
    finish_reason: str = "stop"
    """`length` if the token limit cut a reply in words off."""


@dataclass(frozen=True, slots=True)
class YesNo:
    """What a model replies to a question that is to be answered with Yes or No."""

    yes: float | None
    """The probability of Yes, of Yes and No together. None: the endpoint gives no probabilities, or
    the reply begins with neither; `text` is all there is."""
    text: str
    call: Call

    @property
    def said(self) -> bool | None:
        """What the words say; None: neither."""
        return {"Yes": True, "No": False, None: None}[named_letter(self.text, ("Yes", "No"))]


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
    names: Callable[[str], str | None] | None = None,
) -> LetterScores:
    """Ask which letter a model replies with, and how likely each is, in one token if it will do.

    A model that thinks first, or writes something else before the letter, is asked for more, and
    the letter is weighed where it stands. Where no letter has weight, the words are left.

    Args:
        chat: The model.
        messages: The prompt, which asks for a letter.
        letters: Those to weigh, in capitals.
        stage: Named in the returned call.
        max_tokens_without: The limit of the plain reply asked for where there are no probabilities.
        config: Of the run that this call is part of; left out, it is taken from the context.
        folded: Whether "yes" counts as "Yes".
        names: Says which letter a reply in words means that does not begin with it.

    Raises:
        ModelError: The endpoint failed.
    """
    dialect = dialect_of(chat)
    config = unstreamed(config)
    weighed = {"logprobs": True, "top_logprobs": TOP_LOGPROBS}
    spent: list[Call] = []
    if dialect.weighs_first and not dialect.begins_with_words:
        settings = {"temperature": 0.0, "max_tokens": 1} | weighed
        done = await ask(chat, messages, settings, stage=stage, config=config, patient=False)
        spent.append(done.call)
        scores = _weigh(done.tokens or (), letters, folded)
        if any(scores.values()):
            dialect.unweighed_for = 0.0
            return LetterScores(scores, done.text, done.call)
        if named_letter(done.text, letters):  # it says one, and no probability does
            _weighs_nothing(chat)
            return LetterScores(None, done.text, done.call)
        if done.text and done.tokens is None:
            _weighs_nothing(chat)
    settings = {"temperature": 0.0, "max_tokens": max_tokens_without}
    if dialect.weighs:
        settings |= weighed
    done = await ask(chat, messages, settings, stage=stage, config=config)
    call = together(stage, [*spent, done.call])
    alone = named_letter(done.text, letters)
    letter = alone or (names(done.text) if names else None)
    if letter and dialect.weighs:
        scores = _weigh(_from_letter(done.tokens or (), letter, folded), letters, folded)
        if any(scores.values()):
            dialect.begins_with_words = dialect.begins_with_words or bool(spent)
            return LetterScores(scores, done.text, call)
        if alone:
            _weighs_nothing(chat)
    return LetterScores(None, done.text, call, done.finish_reason)


def _weighs_nothing(chat: BaseChatModel) -> None:
    dialect = dialect_of(chat)
    if dialect.weighs and not dialect.unweighed_for:
        _log.warning(
            "the endpoint of %r gives no probabilities of letters: the words of its replies count",
            dialect.model,
        )
    dialect.left_out_weights()


def _from_letter(
    tokens: Sequence[Mapping[str, Any]], letter: str, folded: bool
) -> Sequence[Mapping[str, Any]]:
    """Return the tokens from that which says the letter on; none if there are no alternatives."""
    for place, token in enumerate(tokens):
        if _letter(token["token"], folded) == letter:
            return tokens[place:] if len(token.get("top_logprobs") or ()) > 1 else ()
    return ()


def _letter(token: str, folded: bool) -> str:
    letter = spelling(token).strip()
    return letter.capitalize() if folded else letter


def _weigh(
    tokens: Sequence[Mapping[str, Any]], letters: Sequence[str], folded: bool
) -> dict[str, float]:
    """Add up, for each letter, the first token's variants: "A" and " A" are one, "a" is a word."""
    scores = dict.fromkeys(letters, 0.0)
    for candidate in tokens[0].get("top_logprobs") or [] if tokens else []:
        letter = _letter(candidate["token"], folded)
        if letter in scores:
            scores[letter] += math.exp(candidate["logprob"])
    return scores
