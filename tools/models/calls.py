"""How the stages talk to a chat model: any LangChain one, with or without log probabilities."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import merge_configs
from langgraph.constants import TAG_NOSTREAM
from pydantic import SecretStr

from guided_profile.graph.records import Call, Cost
from guided_profile.graph.text import encodable
from guided_profile.tools.models.refusals import accepted, refuse, refused, refused_setting

if TYPE_CHECKING:
    import httpx2
    from langchain_openai import ChatOpenAI

Reply = TypeVar("Reply")

LESS_REPETITION = 0.3
"""For lists and profiles, which a small model may go on with for ever."""
TOP_LOGPROBS = 20
"""How many tokens the OpenAI API tells the probability of, at most."""
LONGEST_TOKEN = 20
"""Characters that no tokens have on average: an endpoint bounds no longer text at `max_tokens`."""
MOST_FAILURES = 10
"""So many errors one after the other end a run: what is broken will not mend itself."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A text that a model wrote."""

    text: str
    finish_reason: str
    """`stop`, or `length` if the token limit cut it off."""
    call: Call
    confidence: float | None
    """The geometric mean of its tokens' probabilities; None if the endpoint tells none."""


@dataclass(frozen=True, slots=True)
class LetterScores:
    """How a model weighs the letters of a choice."""

    letters: dict[str, float] | None
    """Each letter's probability as the first token of the reply; they need not add up to 1. None:
    the endpoint tells no probabilities, and `text` is all there is."""
    text: str
    finish_reason: str
    call: Call


def endpoint_model(
    model: str,
    *,
    base_url: str | None,
    api_key: str | None,
    timeout: float = 120,
    max_tokens: int | None = None,
    transport: "httpx2.AsyncBaseTransport | None" = None,
) -> "ChatOpenAI":
    """Return the chat model of an OpenAI-compatible endpoint.

    Args:
        model: The model's name at the endpoint.
        base_url: The endpoint; None: OpenAI's own.
        api_key: None for an endpoint that wants none.
        timeout: Of a call with its retries, in seconds.
        max_tokens: Where a reply is cut off whose call does not say; None: where the endpoint does.
        transport: What answers in the place of the endpoint.
    """
    # slow to import, and not every model needs it
    from guided_profile.tools.models.endpoint import EndpointChat
    from guided_profile.tools.models.errors import NO_KEY
    from guided_profile.tools.models.transport import async_client, sync_client

    return EndpointChat(
        model=model,
        base_url=base_url,
        api_key=SecretStr(api_key or NO_KEY),
        temperature=0,
        timeout=timeout,
        max_completion_tokens=max_tokens,
        max_retries=2,
        stream_usage=True,
        use_responses_api=False,
        http_client=sync_client(timeout),
        http_async_client=async_client(timeout, transport),
        deadline=timeout,
    )


def failures() -> tuple[type[Exception], ...]:
    """Return what a model may raise, for `errors.model_error`; looked up when one does."""
    from guided_profile.tools.models.errors import FAILURES

    return FAILURES


def model_id(chat: BaseChatModel) -> str:
    """Return the model's name, for fingerprints and for people."""
    for attribute in ("model_name", "model", "model_id"):
        name = getattr(chat, attribute, None)
        if isinstance(name, str) and name:
            return name
    return chat._llm_type


async def complete(
    chat: BaseChatModel,
    messages: Sequence[BaseMessage],
    *,
    stage: str,
    max_tokens: int,
    temperature: float = 0.0,
    repetition: float = 0.0,
    streamed: bool = False,
    config: RunnableConfig | None = None,
) -> Completion:
    """Have a model write a text.

    Args:
        chat: The model.
        messages: The prompt.
        stage: Named in the returned call.
        max_tokens: Where the text is cut off.
        temperature: 0 for the likeliest text.
        repetition: What a token that was written costs it to be written again (OpenAI's
            `frequency_penalty`); left out where an endpoint refuses it.
        streamed: Whether a graph that streams messages shows this one; a user is not meant to read
            what the other stages have a model write.
        config: Of the run that this call is part of; left out, it is taken from the context.

    Raises:
        ModelError: The endpoint failed.
    """
    settings = {"temperature": temperature, "max_tokens": max_tokens, "logprobs": True}
    if repetition:
        settings["frequency_penalty"] = repetition
    shown = config if streamed else _unseen(config)
    message, call = await _ask(chat, messages, settings, stage, shown)
    logprobs = [token["logprob"] for token in _token_logprobs(message) or []]
    text, longest = _text(message), max_tokens * LONGEST_TOKEN
    return Completion(
        text=text[:longest],
        finish_reason="length" if len(text) > longest else _finish_reason(message),
        call=call,
        confidence=math.exp(sum(logprobs) / len(logprobs)) if logprobs else None,
    )


@dataclass(frozen=True, slots=True)
class YesNo:
    """What a model says to a question that is to be answered with Yes or No."""

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
    config = _unseen(config)
    if "logprobs" not in refused(chat):
        settings = {"temperature": 0.0, "max_tokens": 1, "logprobs": True}
        message, call = await _ask(
            chat, messages, settings | {"top_logprobs": TOP_LOGPROBS}, stage, config
        )
        spent.append(call)
        tokens = _token_logprobs(message)
        if tokens is not None:
            scores = _weigh(tokens, letters, folded)
            return LetterScores(scores, _text(message), _finish_reason(message), call)
        if message.text:  # an empty reply has no tokens whose probability could be told
            refuse(chat, "logprobs")
    settings = {"temperature": 0.0, "max_tokens": max_tokens_without}
    message, call = await _ask(chat, messages, settings, stage, config)
    return LetterScores(None, _text(message), _finish_reason(message), _together([*spent, call]))


def _unseen(config: RunnableConfig | None) -> RunnableConfig:
    """Return a configuration whose run is left out where messages are streamed."""
    return merge_configs(config, {"tags": [TAG_NOSTREAM]})


async def _ask(
    chat: BaseChatModel,
    messages: Sequence[BaseMessage],
    settings: Mapping[str, float],
    stage: str,
    config: RunnableConfig | None,
) -> tuple[AIMessage, Call]:
    """Call a model, and count what it took."""
    started = perf_counter()

    async def invoke(wanted: Mapping[str, Any]) -> AIMessage:
        async with asyncio.timeout(getattr(chat, "deadline", None)):
            return await chat.ainvoke(list(messages), config, **wanted)

    message = await without_refused(chat, settings, invoke)
    return message, call_of(message, stage, perf_counter() - started)


async def without_refused(
    chat: BaseChatModel,
    settings: Mapping[str, Any],
    call: Callable[[Mapping[str, Any]], Awaitable[Reply]],
) -> Reply:
    """Make a call of a model, without the settings that its endpoint refuses.

    Args:
        chat: The model.
        settings: Those wanted.
        call: Is given the settings that the endpoint takes; made again for each that it refuses.

    Raises:
        ModelError: The endpoint failed.
    """
    while True:
        wanted = accepted(chat, settings)
        try:
            return await call(wanted)
        except failures() as error:
            from guided_profile.tools.models.errors import model_error

            named = refused_setting(error, wanted)
            if named is None:
                failed = model_error(error, model_id(chat))
                if failed is None:
                    raise
                raise failed from error
            refuse(chat, named)


def _token_logprobs(message: AIMessage) -> list[dict[str, Any]] | None:
    """Return the tokens of a reply with their log probabilities, or None if it has none."""
    told = message.response_metadata.get("logprobs")
    content = told.get("content") if isinstance(told, dict) else None
    return content if isinstance(content, list) else None


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


_REASONS = {"max_tokens": "length", "end_turn": "stop", "content_filter": "length"}
"""What other libraries call it; a text that a filter ended is as incomplete as any cut one."""


def _text(message: AIMessage) -> str:
    """Return what a model wrote, without what no file or database takes."""
    return encodable(message.text.replace("\0", "\ufffd"))


def _finish_reason(message: AIMessage) -> str:
    told = message.response_metadata
    reason = str(told.get("finish_reason") or told.get("stop_reason") or "stop").lower()
    return _REASONS.get(reason, reason)


def call_of(message: BaseMessage, stage: str, seconds: float) -> Call:
    """Return what a call took, with the tokens that its reply tells of."""
    usage = message.usage_metadata if isinstance(message, AIMessage) else None
    if usage is None:
        return Call(stage=stage, seconds=seconds)
    return Call(
        stage=stage,
        seconds=seconds,
        input_tokens=usage["input_tokens"],
        output_tokens=usage["output_tokens"],
        cached_tokens=usage.get("input_token_details", {}).get("cache_read") or 0,
    )


def _together(calls: Sequence[Call]) -> Call:
    cost = Cost.of(calls).model_dump(exclude={"calls"})
    return Call(stage=calls[0].stage, **cost)
