"""A chat model behind an OpenAI-compatible endpoint, which may be a poor one.

What it is asked is put as its endpoint takes it (`dialect.py`); what it replies is made sound
(`replies.py`) and has no thoughts in it (`thoughts.py`); and a stream that breaks off is no reply.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Any
from weakref import WeakKeyDictionary

import openai
from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_openai import ChatOpenAI
from langchain_openai.chat_models.base import _handle_openai_api_error, _handle_openai_bad_request
from langgraph.constants import TAG_NOSTREAM
from pydantic import ConfigDict

from guided_profile.tools.models.dialect import Dialect, dialect_at
from guided_profile.tools.models.replies import (
    check_ended,
    events,
    has_thought,
    is_whole,
    sound,
)
from guided_profile.tools.models.sharing import SharedServer
from guided_profile.tools.models.thoughts import Thoughts, without_thoughts

_FOR_THE_CLIENT = {"response_format", "extra_headers", "extra_query", "extra_body", "timeout"}
"""What of a request is no part of its body as it stands."""
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str | None, asyncio.Semaphore]] = (
    WeakKeyDictionary()
)
"""Who asks which endpoint next, in each event loop."""
THOUGHT = "thought"
"""What a message's metadata call that there were thoughts, of which it has none any more."""


class EndpointChat(ChatOpenAI):
    """ChatOpenAI that asks as its endpoint takes it, and looks at replies before it reads them."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    deadline: float | None = 120
    """Seconds in which a call is over, its retries included; None: each try has its own alone."""
    at_once: int | None = None
    """How many whole replies are asked for at the same time; others wait, and their time does not
    run yet. None: any number."""
    server: SharedServer | None = None
    """The endpoint, if it is this machine's own; it is started again where it died."""

    @property
    def dialect(self) -> Dialect:
        """What is known of the endpoint."""
        return dialect_at(self.openai_api_base, self.model_name)

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

    def _should_stream(
        self,
        *,
        async_api: bool,
        run_manager: CallbackManagerForLLMRun | AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> bool:
        """Stream only what somebody is shown: a whole reply says more, and costs less."""
        if run_manager and TAG_NOSTREAM in run_manager.tags:
            return False
        return super()._should_stream(async_api=async_api, run_manager=run_manager, **kwargs)

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
        async with self._turn():
            await self._find_server()
            if not payload.keys().isdisjoint(_FOR_THE_CLIENT):
                return await super()._agenerate(messages, stop, run_manager, **kwargs)
            reply = await self._post(payload)
        return self._create_chat_result(reply)

    def _turn(self) -> AbstractAsyncContextManager[object]:
        if self.at_once is None:
            return nullcontext()
        here = _turns.setdefault(asyncio.get_running_loop(), {})
        return here.setdefault(self.openai_api_base, asyncio.Semaphore(self.at_once))

    async def _find_server(self) -> bool:
        """Start this machine's own server again if it died; return whether it is a new one."""
        if self.server is None:
            return False
        if died := not self.server.lives:
            await asyncio.to_thread(self.server.find)
        for client in (self.root_client, self.root_async_client):
            client.base_url, client.api_key = self.server.base_url, self.server.api_key
        return died

    async def _post(self, payload: dict[str, Any]) -> Any:
        """Return a reply, or the stream of one if that is asked for and the endpoint streams."""

        async def send(wanted: dict[str, Any], patient: bool) -> Any:
            client = self.root_async_client
            if not patient:
                client = client.with_options(max_retries=0)
            more: dict[str, Any] = {}
            if wanted.get("stream"):
                more = {"stream": True, "stream_cls": openai.AsyncStream[object]}
            return await client.post("/chat/completions", body=wanted, cast_to=object, **more)

        try:
            try:
                return await self.dialect.speak(payload, send)
            except openai.APIConnectionError:
                if not await self._find_server():
                    raise
                return await self.dialect.speak(payload, send)
        except openai.BadRequestError as error:
            _handle_openai_bad_request(error)
        except openai.APIError as error:
            _handle_openai_api_error(error)

    def _create_chat_result(
        self, response: Any, generation_info: dict[str, Any] | None = None
    ) -> ChatResult:
        typed = response if isinstance(response, openai.BaseModel) else None
        if typed is not None:
            response = typed.model_dump(warnings=False)
        if isinstance(response, str):  # JSON under another content type
            response = json.loads(response)
        thought, refusal = False, None
        if isinstance(response, dict) and not response.get("error") and "choices" in response:
            sent, response = response, sound(response, "message")
            said = sent["choices"][0]["message"]
            thought, refusal = has_thought(said), said.get("refusal")
        result = super()._create_chat_result(response, generation_info)
        for generation in result.generations:
            message = generation.message
            message.content, thoughts = without_thoughts(message.text)
            generation.text = message.content
            self._learn(thoughts, generation.message.response_metadata)
            message.response_metadata[THOUGHT] = thought or thoughts.found
            if refusal:
                message.additional_kwargs["refusal"] = refusal
        if typed is not None:
            _take_parsed(typed, result)
        return result

    def _learn(self, thoughts: Thoughts, metadata: dict[str, Any]) -> None:
        dialect = self.dialect
        dialect.unopened = dialect.unopened or thoughts.unopened
        if metadata.get("finish_reason") != "length":
            dialect.read_whole = True

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], *args: Any
    ) -> ChatGenerationChunk | None:
        return super()._convert_chunk_to_generation_chunk(sound(chunk, "delta"), *args)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        """Stream the answer; what may turn out to be a thought is held back until it is sure."""
        payload = self._get_request_payload(messages, stop=stop, stream=True, **kwargs)
        if not payload.keys().isdisjoint(_FOR_THE_CLIENT):
            async for chunk in super()._astream(messages, stop, run_manager, **kwargs):
                yield chunk
            return
        payload["stream_options"] = {"include_usage": True}
        await self._find_server()
        opened = await self._post(payload)
        async for chunk in self._chunks(opened):
            if run_manager:
                await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk

    async def _chunks(self, opened: Any) -> AsyncIterator[ChatGenerationChunk]:
        if not isinstance(opened, openai.AsyncStream):
            yield self._whole(opened)
            return
        dialect = self.dialect
        thoughts = Thoughts(hold=dialect.unopened or not dialect.read_whole)
        finish: str | None = None
        thought = done = refused = False
        try:
            async for event in events(opened.response.aiter_lines()):
                if event is None:
                    done = True
                    continue
                if is_whole(event):
                    yield self._whole(event)
                    return
                _check_no_error(event, opened.response.request)
                chunk = sound(event, "delta")
                for choice in chunk["choices"][:1]:
                    thought = thought or has_thought(choice["delta"])
                    refused = refused or bool(choice["delta"].get("refusal"))
                    finish = choice.get("finish_reason") or finish
                    said = thoughts.feed(choice["delta"]["content"] or "")
                    choice["delta"]["content"] = said + (thoughts.close() if finish else "")
                converted = self._convert_chunk_to_generation_chunk(chunk, AIMessageChunk, None)
                if converted:
                    yield converted
        finally:
            await opened.response.aclose()
        check_ended(done or bool(finish))
        ending: dict[str, Any] = {} if finish else {"finish_reason": "stop"}
        self._learn(thoughts, {"finish_reason": finish})
        yield ChatGenerationChunk(
            message=AIMessageChunk(
                content=thoughts.close(), additional_kwargs={"refusal": True} if refused else {}
            ),
            generation_info=ending | {THOUGHT: thought or thoughts.found},
        )

    def _whole(self, reply: Any) -> ChatGenerationChunk:
        """Return a reply that came at once as one chunk."""
        result = self._create_chat_result(reply)
        (generation, *_) = result.generations
        message = generation.message
        assert isinstance(message, AIMessage)
        info = (generation.generation_info or {}) | (result.llm_output or {})
        return ChatGenerationChunk(
            message=AIMessageChunk(
                content=message.content,
                additional_kwargs=message.additional_kwargs,
                usage_metadata=message.usage_metadata,
            ),
            generation_info={
                name: info[name] for name in ("finish_reason", "logprobs") if info.get(name)
            }
            | {THOUGHT: message.response_metadata[THOUGHT]},
        )


def _check_no_error(event: dict[str, Any], request: Any) -> None:
    """Raise what an endpoint says amid its stream."""
    if event.get("error"):
        raise openai.APIError("the stream ended in an error", request, body=event["error"])


def _take_parsed(reply: Any, result: ChatResult) -> None:
    """Add what the client made of the words: structured output."""
    found = getattr(reply.choices[0].message, "parsed", None)
    if found is not None:
        result.generations[0].message.additional_kwargs["parsed"] = found
