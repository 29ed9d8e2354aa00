"""What was done at a user's request, added to the answer of a pydantic-ai agent's model."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from pydantic_ai import RunContext
from pydantic_ai.messages import (
    ModelMessage,
    ModelResponse,
    ModelResponseStreamEvent,
    TextPart,
    ToolCallPart,
)
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.settings import ModelSettings

from guided_profile.apps.assistants.conversation import words_after
from guided_profile.graph.records import MemoryAct


def is_for_reading(parameters: ModelRequestParameters) -> bool:
    """Whether an answer is words: nothing can be added to one of a fixed form."""
    return parameters.allow_text_output and parameters.output_object is None


class TellingModel(WrapperModel):
    """A model whose answer, if it calls no tool, ends with what was done; streamed or not."""

    def __init__(
        self, model: Model, acts: Sequence[MemoryAct], note_reported: Callable[[], Awaitable[None]]
    ) -> None:
        """Wrap another model.

        Args:
            model: Answers.
            acts: What was done.
            note_reported: Awaited before that is added.
        """
        super().__init__(model)
        self._acts, self._note_reported = acts, note_reported

    async def request(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> ModelResponse:
        """Return the answer."""
        response = await super().request(messages, model_settings, model_request_parameters)
        words = self._words_after(response.parts)
        if not words:
            return response
        await self._note_reported()
        return replace(response, parts=[*response.parts, TextPart(words)])

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
        run_context: RunContext[Any] | None = None,
    ) -> AsyncGenerator[StreamedResponse]:
        """Yield the answer."""
        async with super().request_stream(
            messages, model_settings, model_request_parameters, run_context
        ) as stream:
            events = stream._get_event_iterator()

            async def longer() -> AsyncIterator[ModelResponseStreamEvent]:
                async for event in events:
                    yield event
                if words := self._words_after(stream._parts_manager.get_parts()):
                    await self._note_reported()
                    added = stream._parts_manager.handle_text_delta(
                        vendor_part_id=None, content=words
                    )
                    for event in added:
                        yield event

            stream._get_event_iterator = longer  # type: ignore[method-assign]
            yield stream

    def _words_after(self, parts: Sequence[Any]) -> str:
        """Return what is added to an answer; empty: it calls a tool."""
        if any(isinstance(part, ToolCallPart) for part in parts):
            return ""
        said = "".join(part.content for part in parts if isinstance(part, TextPart))
        return words_after(said, self._acts)
