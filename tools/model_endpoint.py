"""A chat model behind an OpenAI-compatible endpoint, which may be a poor one.

What is no reply of the API is a ValueError of ours, and never a crash somewhere behind it; a stream
that breaks off is no reply; and no reply goes on for ever.
"""

import math
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import httpx2
import openai
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI

from guided_profile.tools.model_errors import NOT_OF_THE_API, EndlessReplyError

_DETAILS = ("audio", "cached", "cache_write", "reasoning")
LARGEST_REPLY = 32_000_000
"""Bytes after which a reply is not read on: 100,000 tokens with their probabilities have fewer."""


class EndpointChat(ChatOpenAI):
    """ChatOpenAI that bounds its replies, and looks at them before it reads them."""

    deadline: float = 120
    """Seconds in which a call is over, its retries included."""

    def _get_request_payload(
        self, input_: LanguageModelInput, *, stop: list[str] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        """Send the limit by the name that the endpoint knows.

        ChatOpenAI sends `max_completion_tokens`, which Ollama ignores without a word: a reply of
        one token then goes on until the context is full. OpenAI's own models want the new name.
        """
        payload: dict[str, Any] = super()._get_request_payload(input_, stop=stop, **kwargs)
        if self.openai_api_base and "max_completion_tokens" in payload:
            payload["max_tokens"] = payload.pop("max_completion_tokens")
        if payload.get("temperature") is None:
            payload.pop("temperature", None)
        return payload

    def _create_chat_result(
        self, response: Any, generation_info: dict[str, Any] | None = None
    ) -> ChatResult:
        if isinstance(response, openai.BaseModel):
            response = response.model_dump(warnings=False)
        if isinstance(response, dict) and not response.get("error") and "choices" in response:
            response = sound(response, "message")
        return super()._create_chat_result(response, generation_info)

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], *args: Any
    ) -> ChatGenerationChunk | None:
        return super()._convert_chunk_to_generation_chunk(sound(chunk, "delta"), *args)

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        ended = False
        for chunk in super()._stream(messages, stop, run_manager, **kwargs):
            ended = ended or _ends(chunk)
            yield chunk
        _check_ended(ended)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        ended = False
        async for chunk in super()._astream(messages, stop, run_manager, **kwargs):
            ended = ended or _ends(chunk)
            yield chunk
        _check_ended(ended)


def _ends(chunk: ChatGenerationChunk) -> bool:
    return bool((chunk.generation_info or {}).get("finish_reason"))


def _check_ended(ended: bool) -> None:
    if not ended:
        raise httpx2.RemoteProtocolError("the reply broke off")


def sound(reply: Mapping[str, Any], part: str) -> dict[str, Any]:
    """Return a reply, or a chunk of one, without figures that are none.

    Args:
        reply: As the endpoint sent it.
        part: What its choices have: `message`, or `delta` in a chunk.

    Raises:
        ValueError: It is not of the API; nothing of it is quoted.
    """
    choices = reply.get("choices")
    if part == "delta" and choices is None:
        choices = []
    if not isinstance(choices, list) or not (choices or part == "delta"):
        raise ValueError(NOT_OF_THE_API)
    usage = reply.get("usage")
    return {
        **reply,
        "choices": [_sound_choice(one, part) for one in choices],
        "usage": usage if _is_usage(usage) else None,
    }


def _sound_choice(choice: Any, part: str) -> dict[str, Any]:
    said = choice.get(part) if isinstance(choice, dict) else None
    if not isinstance(said, dict) or not _is_content(said.get("content")):
        raise ValueError(NOT_OF_THE_API)
    if choice.get("finish_reason") == "error":
        _check_ended(False)
    probabilities = choice.get("logprobs")
    return {
        **choice,
        part: {**said, "role": "assistant"},
        "logprobs": probabilities if _are_logprobs(probabilities) else None,
    }


def _is_content(content: Any) -> bool:
    if isinstance(content, list):
        return all(isinstance(one, dict | str) for one in content)
    return content is None or isinstance(content, str)


def _is_usage(usage: Any) -> bool:
    """Whether counts are counts; what some of them are made up of is told in dictionaries."""
    if not isinstance(usage, dict):
        return False
    counts = [usage.get(f"{one}_tokens") for one in ("prompt", "completion", "total")]
    for name in ("prompt_tokens_details", "completion_tokens_details"):
        details = usage.get(name) or {}
        if not isinstance(details, dict):
            return False
        counts += [details.get(f"{one}_tokens") for one in _DETAILS]
    return all(count is None or isinstance(count, int) for count in counts)


def _are_logprobs(told: Any) -> bool:
    content = told.get("content") if isinstance(told, dict) else None
    return isinstance(content, list) and all(
        _is_token(one) and all(map(_is_token, one.get("top_logprobs") or ())) for one in content
    )


def _is_token(told: Any) -> bool:
    if not isinstance(told, dict) or not isinstance(told.get("token"), str):
        return False
    logprob = told.get("logprob")
    # a hair above 0 is a rounding error
    return isinstance(logprob, int | float) and not math.isnan(logprob) and logprob < 0.01


class _Bounded(httpx2.AsyncByteStream):
    """A reply's bytes, up to a bound."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for piece in self._stream:
            read += len(piece)
            if read > LARGEST_REPLY:
                raise EndlessReplyError
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _bound(response: httpx2.Response) -> None:
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _Bounded(response.stream)


def async_client(
    timeout: float, transport: httpx2.AsyncBaseTransport | None = None
) -> httpx2.AsyncClient:
    """Return what requests are sent by; it keeps no connection and reads no reply without end.

    A connection belongs to the event loop that opened it: kept for a later `asyncio.run()`, it
    raises "Event loop is closed" there. So none is kept, in a client that nothing else shares.
    """
    return openai.DefaultAsyncHttpxClient(
        timeout=timeout,
        limits=httpx2.Limits(max_keepalive_connections=0),
        event_hooks={"response": [_bound]},
        transport=transport,
    )
