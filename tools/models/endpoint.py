"""A chat model behind an OpenAI-compatible endpoint, which may be a poor one.

What is no reply of the API is a ValueError of ours, and never a crash somewhere behind it; and a
stream that breaks off is no reply.
"""

import json
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
from langchain_openai.chat_models.base import _handle_openai_api_error, _handle_openai_bad_request

from guided_profile.tools.models.errors import NOT_OF_THE_API

_DETAILS = ("audio", "cached", "cache_write", "reasoning")
_FOR_THE_CLIENT = {"response_format", "extra_headers", "extra_query", "extra_body", "timeout"}
"""What of a request is no part of its body as it stands."""


class EndpointChat(ChatOpenAI):
    """ChatOpenAI that looks at its replies before it reads them."""

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

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        """Send and take plain JSON: made into typed objects and back, a call takes twice as long.

        That is the processor's time, of which one call takes little and many at once take all.
        """
        payload = self._get_request_payload(messages, stop=stop, **kwargs)
        if not payload.keys().isdisjoint(_FOR_THE_CLIENT):
            return await super()._agenerate(messages, stop, run_manager, **kwargs)
        try:
            reply = await self.root_async_client.post(
                "/chat/completions", body=payload, cast_to=object
            )
        except openai.BadRequestError as error:
            _handle_openai_bad_request(error)
        except openai.APIError as error:
            _handle_openai_api_error(error)
        return self._create_chat_result(reply)

    def _create_chat_result(
        self, response: Any, generation_info: dict[str, Any] | None = None
    ) -> ChatResult:
        typed = response if isinstance(response, openai.BaseModel) else None
        if typed is not None:
            response = typed.model_dump(warnings=False)
        if isinstance(response, str):  # JSON under another content type
            response = json.loads(response)
        if isinstance(response, dict) and not response.get("error") and "choices" in response:
            response = sound(response, "message")
        result = super()._create_chat_result(response, generation_info)
        if typed is not None:
            _take_parsed(typed, result)
        return result

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


def _take_parsed(reply: Any, result: ChatResult) -> None:
    """Add what the client made of the words, or that the model refuses: structured output."""
    for name in ("parsed", "refusal"):
        found = getattr(reply.choices[0].message, name, None)
        if found is not None:
            result.generations[0].message.additional_kwargs[name] = found


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
        "choices": [_sound_choice(choice, part) for choice in choices],
        "usage": usage if _is_usage(usage) else None,
    }


def _sound_choice(choice: Any, part: str) -> dict[str, Any]:
    message = choice.get(part) if isinstance(choice, dict) else None
    if not isinstance(message, dict) or not _is_content(message.get("content")):
        raise ValueError(NOT_OF_THE_API)
    if choice.get("finish_reason") == "error":
        _check_ended(False)
    probabilities = choice.get("logprobs")
    return {
        **choice,
        part: {**message, "role": "assistant"},
        "logprobs": probabilities if _are_logprobs(probabilities) else None,
    }


def _is_content(content: Any) -> bool:
    if isinstance(content, list):
        return all(isinstance(block, dict | str) for block in content)
    return content is None or isinstance(content, str)


def _is_usage(usage: Any) -> bool:
    """Whether counts are counts; what some of them are made up of stands in dictionaries."""
    if not isinstance(usage, dict):
        return False
    counts = [usage.get(f"{kind}_tokens") for kind in ("prompt", "completion", "total")]
    for name in ("prompt_tokens_details", "completion_tokens_details"):
        details = usage.get(name) or {}
        if not isinstance(details, dict):
            return False
        counts += [details.get(f"{kind}_tokens") for kind in _DETAILS]
    return all(count is None or isinstance(count, int) for count in counts)


def _are_logprobs(logprobs: Any) -> bool:
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    return isinstance(content, list) and all(
        _is_token(token) and all(map(_is_token, token.get("top_logprobs") or ()))
        for token in content
    )


def _is_token(token: Any) -> bool:
    if not isinstance(token, dict) or not isinstance(token.get("token"), str):
        return False
    logprob = token.get("logprob")
    # a hair above 0 is a rounding error
    return isinstance(logprob, int | float) and not math.isnan(logprob) and logprob < 0.01
