"""What is added to an answer of a host's model: a mark of what was known, and what was done.

A model that is only asked to say what was done may leave it out, and a Yes then deletes what
nobody was asked about. So our own words are added. They come after the answer, since the words of
a streamed answer are out before it is whole; a last piece of the stream brings them.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from langchain.agents.middleware import ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, AIMessageChunk
from langgraph.graph.message import push_message

from guided_profile.apps.assistants.conversation import (
    Lookup,
    block_of,
    mark_of,
    with_words_before,
    words_after,
)
from guided_profile.graph.records import MemoryAct


def personal(request: ModelRequest[Any], found: Lookup, place: int) -> ModelRequest[Any]:
    """Return a request with what is known of the user directly before their last words."""
    block = block_of(found, adds=_is_for_reading(request))
    if not block or place < 0:
        return request
    return request.override(messages=with_words_before(request.messages, place, block))


def is_final(request: ModelRequest[Any], response: ModelResponse[Any]) -> bool:
    """Whether a response is the answer that the user gets, and calls no tool before it."""
    return not _is_for_reading(request) or _place(response) is not None


def with_all(
    request: ModelRequest[Any], response: ModelResponse[Any], found: Lookup
) -> ModelResponse[Any]:
    """Return a response with the mark, and with what was done if it is the answer."""
    mark, place = mark_of(found), _place(response)
    adds = bool(found.acts) and _is_for_reading(request)
    result = []
    for number, message in enumerate(response.result):
        if isinstance(message, AIMessage):
            metadata = {**message.response_metadata, "guided_profile": mark}
            message = message.model_copy(update={"response_metadata": metadata})
            if adds and number == place:
                message = _longer(message, found.acts)
        result.append(message)
    return replace(response, result=result)


def _is_for_reading(request: ModelRequest[Any]) -> bool:
    """Whether an answer is words: nothing can be added to one of a fixed form."""
    return request.response_format is None


def _place(response: ModelResponse[Any]) -> int | None:
    """Return where the last words stand; None: a tool is called."""
    own = [n for n, message in enumerate(response.result) if isinstance(message, AIMessage)]
    if not own:
        return None
    last = response.result[own[-1]]
    return None if isinstance(last, AIMessage) and last.tool_calls else own[-1]


def _longer(message: AIMessage, acts: Sequence[MemoryAct]) -> AIMessage:
    words, before = words_after(message.text, acts), message.content
    with suppress(Exception):  # nobody reads a stream, or there is no run
        push_message(AIMessageChunk(content=words, id=message.id), state_key=None)
    content: Any = (
        before + words if isinstance(before, str) else [*before, {"type": "text", "text": words}]
    )
    return message.model_copy(update={"content": content})
