"""How the stages talk to a chat model: any LangChain one, with or without log probabilities."""

import asyncio
import math
import weakref
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

from guided_profile.graph.errors import ModelError
from guided_profile.graph.records import Call, Cost
from guided_profile.graph.text import encodable
from guided_profile.tools.models.dialect import dialect_of
from guided_profile.tools.models.thoughts import without_thoughts

if TYPE_CHECKING:
    import httpx2
    from langchain_openai import ChatOpenAI

    from guided_profile.tools.models.sharing import SharedServer

Result = TypeVar("Result")

LESS_REPETITION = 0.3
"""For lists and profiles, which a small model may go on with for ever."""
CHARACTERS_A_TOKEN = 20
"""More than tokens have on average: a longer text was not cut off at `max_tokens` as it should."""
ROOMS = (1024, 4096, 16384)
"""Tokens that a model is given for its thoughts, one after the other, until it comes to an end."""
MOST_FAILURES = 10
"""So many errors one after the other end a run: what is broken will not mend itself."""


@dataclass(frozen=True, slots=True)
class Completion:
    """A text that a model wrote."""

    text: str
    """Without the model's thoughts."""
    finish_reason: str
    """`stop`, `length` if the token limit cut it off, or `refusal` if the model would not."""
    call: Call
    tokens: list[dict[str, Any]] | None = None
    """The text's tokens with their log probabilities, as the API has them; None if the endpoint
    reports none."""
    thought: bool = False
    """Whether the model thought first."""
    message_id: str | None = None
    """Under which it was streamed."""

    @property
    def cut_off(self) -> bool:
        """Whether its last sentence may be incomplete."""
        return self.finish_reason != "stop"

    @property
    def confidence(self) -> float | None:
        """The geometric mean of its tokens' probabilities; None if the endpoint reports none."""
        logprobs = [token["logprob"] for token in self.tokens or ()]
        return math.exp(sum(logprobs) / len(logprobs)) if logprobs else None


def endpoint_model(
    model: str,
    *,
    base_url: str | None,
    api_key: str | None,
    timeout: float = 120,
    at_once: int | None = None,
    max_tokens: int | None = None,
    reasoning_effort: str | None = None,
    transport: "httpx2.AsyncBaseTransport | None" = None,
    server: "SharedServer | None" = None,
) -> "ChatOpenAI":
    """Return the chat model of an OpenAI-compatible endpoint.

    Args:
        model: The model's name at the endpoint.
        base_url: The endpoint; None: OpenAI's own.
        api_key: None for an endpoint that wants none.
        timeout: Of a call with its retries, in seconds; with `at_once`, of each try.
        at_once: How many calls it takes at the same time: others wait as long as they must. None:
            any number.
        max_tokens: Where a reply is cut off whose call does not say; None: where the endpoint does.
        reasoning_effort: How long it thinks before it answers, in the endpoint's own words; None:
            as it does by itself.
        transport: What answers in the place of the endpoint.
        server: The endpoint, if it is this machine's own: started again where it died.
    """
    # slow to import, and not every model needs it
    from guided_profile.tools.models.endpoint import EndpointChat
    from guided_profile.tools.models.errors import NO_KEY
    from guided_profile.tools.models.transport import async_client, sync_client

    client = sync_client(timeout)
    chat = EndpointChat(
        model=model,
        base_url=base_url,
        api_key=SecretStr(api_key or NO_KEY),
        temperature=0,
        timeout=timeout,
        max_completion_tokens=max_tokens,
        reasoning_effort=reasoning_effort,
        max_retries=2,
        stream_usage=True,
        use_responses_api=False,
        http_client=client,
        http_async_client=async_client(timeout, transport),
        deadline=None if at_once else timeout,
        at_once=at_once,
        server=server,
    )
    weakref.finalize(chat.root_client, client.close)  # its copies share it, and have no close
    return chat


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
    grammar: str | None = None,
    seed: int | None = None,
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
        grammar: What it may write, in GBNF; for an endpoint with `Dialect.takes_grammars`.
        seed: Of the draw, where the temperature is above 0: the same one draws the same text,
            as far as the endpoint can; left out where it refuses one.
        config: Of the run that this call is part of; left out, it is taken from the context.

    Raises:
        ModelError: The endpoint failed.
    """
    settings: dict[str, Any] = {
        "temperature": temperature,
        "max_tokens": max_tokens,
        "logprobs": True,
    }
    if repetition:
        settings["frequency_penalty"] = repetition
    if grammar:
        settings["grammar"] = grammar
    if seed is not None:
        settings["seed"] = seed
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
    settings: Mapping[str, Any],
    *,
    stage: str,
    config: RunnableConfig | None,
    patient: bool = True,
) -> Completion:
    """Call a model with the settings that it takes, and count what it took.

    A model that reached its limit while it was thinking is asked again with room for that, and has
    it from then on.

    Args:
        chat: The model.
        messages: The prompt.
        settings: Those wanted; `max_tokens` is that of the answer.
        stage: Named in the returned call.
        config: Of the run.
        patient: Whether it is given room to think.

    Raises:
        ModelError: The endpoint failed.
    """
    if not patient:
        return await _once(chat, messages, settings, stage=stage, config=config)
    dialect = dialect_of(chat)
    calls: list[Call] = []
    done: Completion | None = None
    for room in (dialect.room, *(room for room in ROOMS if room > dialect.room)):
        wanted = {**settings, "max_tokens": settings["max_tokens"] + room}
        try:
            done = await _once(chat, messages, wanted, stage=stage, config=config)
        except ModelError:
            if done:  # so much it does not take
                break
            if not room:
                raise
            done = await _once(chat, messages, settings, stage=stage, config=config)
            calls.append(done.call)
            break
        calls.append(done.call)
        starved = done.finish_reason == "length" and (done.thought or not done.text.strip())
        if room and (done.thought or not starved):
            dialect.room = max(room, dialect.room)
        if not starved or (room and not done.thought):
            break
    assert done is not None
    return replace(done, call=together(stage, calls))


def together(stage: str, calls: Sequence[Call]) -> Call:
    """Return what several calls that were made for one took."""
    return Call(stage=stage, **Cost.of(calls).model_dump(exclude={"calls"}))


async def _once(
    chat: BaseChatModel,
    messages: Sequence[BaseMessage],
    settings: Mapping[str, Any],
    *,
    stage: str,
    config: RunnableConfig | None,
) -> Completion:
    started = perf_counter()

    async def invoke(wanted: Mapping[str, Any]) -> AIMessage:
        async with asyncio.timeout(getattr(chat, "deadline", None)):
            return await chat.ainvoke(list(messages), config, **wanted)

    sent = [message.text for message in messages]
    message = await without_refused(chat, settings, invoke, sent)
    metadata = message.response_metadata
    reason = str(metadata.get("finish_reason") or metadata.get("stop_reason") or "stop").lower()
    if message.additional_kwargs.get("refusal"):
        reason = "refusal"
    logprobs = metadata.get("logprobs")
    tokens = logprobs.get("content") if isinstance(logprobs, dict) else None
    text, thoughts = without_thoughts(message.text)
    thought = thoughts.found or bool(metadata.get("thought")) or _reasoned(message)
    dialect = dialect_of(chat)
    dialect.thinks = dialect.thinks or thought
    return Completion(
        text=encodable(text.replace("\0", "\ufffd")),  # no file or database takes these
        finish_reason=_REASONS.get(reason, reason),
        call=call_of(message, stage, perf_counter() - started),
        tokens=_of_text(tokens, text) if isinstance(tokens, list) else None,
        thought=thought,
        message_id=message.id,
    )


def _reasoned(message: AIMessage) -> bool:
    """Whether a client library reports thoughts, or that tokens were spent on them."""
    usage = message.usage_metadata
    details: Mapping[str, Any] = (usage and usage.get("output_token_details")) or {}
    said = message.content if isinstance(message.content, list) else []
    kinds = {block.get("type") for block in said if isinstance(block, dict)}
    named = any(message.additional_kwargs.get(n) for n in ("reasoning_content", "reasoning"))
    return bool(details.get("reasoning")) or named or bool(kinds & {"thinking", "reasoning"})


def _of_text(tokens: list[dict[str, Any]], text: str) -> list[dict[str, Any]] | None:
    """Return the tokens of a text; None if they are not those of its end, thoughts before."""
    spelled = ["".join(spelling(token["token"]).split()) for token in tokens]
    at = "".join(spelled).rfind("".join(text.split()))
    if at < 0:
        return tokens if len(tokens) == 1 else None
    first = passed = 0
    while first < len(spelled) and passed + len(spelled[first]) <= at:
        passed += len(spelled[first])
        first += 1
    return tokens[first:] if at else tokens


def spelling(token: str) -> str:
    """Return a token as it stands in a text, where an endpoint writes it as its vocabulary does."""
    return token.translate(_VOCABULARY)


_VOCABULARY = {ord("\u2581"): " ", ord("\u0120"): " ", ord("\u010a"): "\n"}


async def without_refused(
    chat: BaseChatModel,
    settings: Mapping[str, Any],
    call: Callable[[Mapping[str, Any]], Awaitable[Result]],
    sent: Sequence[str] | None = None,
) -> Result:
    """Make a call of a model, without the settings that its endpoint refuses.

    Args:
        chat: The model.
        settings: Those wanted.
        call: Is given the settings that the endpoint takes; made again for each that it refuses.
        sent: The texts of the prompt, which errors must not quote; None: they quote nothing.

    Raises:
        ModelError: The endpoint failed.
    """
    dialect = dialect_of(chat)

    async def send(wanted: Mapping[str, Any], _: bool) -> Result:
        if "temperature" in settings and "temperature" not in wanted:
            wanted = {**wanted, "temperature": None}  # overrides the model's own
        return await call(wanted)

    try:
        if dialect.in_client:
            return await call(settings)
        return await dialect.speak(dict(settings), send)
    except failures() as error:
        from guided_profile.tools.models.errors import model_error

        failed = model_error(error, model_id(chat), sent)
        if failed is None:
            raise
        raise failed from error


_REASONS = {"max_tokens": "length", "end_turn": "stop", "content_filter": "refusal"}
"""What other libraries call it; what a filter ended or kept back, the endpoint declined."""


def call_of(message: BaseMessage, stage: str, seconds: float) -> Call:
    """Return what a call took, with the tokens that its reply reports."""
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
