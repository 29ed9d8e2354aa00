"""How the stages talk to a chat model: any LangChain one, with or without log probabilities."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import merge_configs
from langgraph.constants import TAG_NOSTREAM
from pydantic import SecretStr

from guided_profile.graph.records import Call
from guided_profile.graph.text import encodable
from guided_profile.tools.models.refusals import accepted, refuse, refused_setting

if TYPE_CHECKING:
    import httpx2
    from langchain_openai import ChatOpenAI

Result = TypeVar("Result")

LESS_REPETITION = 0.3
"""For lists and profiles, which a small model may go on with for ever."""
CHARACTERS_A_TOKEN = 20
"""More than tokens have on average: a longer text was not cut off at `max_tokens` as it should."""
MOST_FAILURES = 10
"""So many errors one after the other end a run: what is broken will not mend itself."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A text that a model wrote."""

    text: str
    finish_reason: str
    """`stop`, or `length` if the token limit cut it off."""
    call: Call
    tokens: list[dict[str, Any]] | None = None
    """Its tokens with their log probabilities, as the API has them; None if the endpoint tells
    none."""

    @property
    def confidence(self) -> float | None:
        """The geometric mean of its tokens' probabilities; None if the endpoint tells none."""
        logprobs = [token["logprob"] for token in self.tokens or ()]
        return math.exp(sum(logprobs) / len(logprobs)) if logprobs else None


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
    shown = config if streamed else unstreamed(config)
    done = await ask(chat, messages, settings, stage=stage, config=shown)
    longest = max_tokens * CHARACTERS_A_TOKEN
    if len(done.text) > longest:
        return replace(done, text=done.text[:longest], finish_reason="length")
    return done


def unstreamed(config: RunnableConfig | None) -> RunnableConfig:
    """Return a configuration whose run is left out where messages are streamed."""
    return merge_configs(config, {"tags": [TAG_NOSTREAM]})


async def ask(
    chat: BaseChatModel,
    messages: Sequence[BaseMessage],
    settings: Mapping[str, float],
    *,
    stage: str,
    config: RunnableConfig | None,
) -> Completion:
    """Call a model with the settings that it takes, and count what it took.

    Raises:
        ModelError: The endpoint failed.
    """
    started = perf_counter()

    async def invoke(wanted: Mapping[str, Any]) -> AIMessage:
        async with asyncio.timeout(getattr(chat, "deadline", None)):
            return await chat.ainvoke(list(messages), config, **wanted)

    message = await without_refused(chat, settings, invoke)
    metadata = message.response_metadata
    reason = str(metadata.get("finish_reason") or metadata.get("stop_reason") or "stop").lower()
    logprobs = metadata.get("logprobs")
    tokens = logprobs.get("content") if isinstance(logprobs, dict) else None
    return Completion(
        text=encodable(message.text.replace("\0", "\ufffd")),  # no file or database takes these
        finish_reason=_REASONS.get(reason, reason),
        call=call_of(message, stage, perf_counter() - started),
        tokens=tokens if isinstance(tokens, list) else None,
    )


async def without_refused(
    chat: BaseChatModel,
    settings: Mapping[str, Any],
    call: Callable[[Mapping[str, Any]], Awaitable[Result]],
) -> Result:
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


_REASONS = {"max_tokens": "length", "end_turn": "stop", "content_filter": "length"}
"""What other libraries call it; a text that a filter ended is as incomplete as any cut one."""


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
