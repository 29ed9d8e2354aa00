"""A pydantic-ai agent that knows its users: `Agent(…, capabilities=[GuidedProfile()])`.

The user comes with each run, as `deps=Context(user_id="rosa")`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from pydantic_ai import RunContext
from pydantic_ai.agent import AgentRunResult
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, UserPromptPart
from pydantic_ai.models import ModelRequestContext

from guided_profile.apps.assistants.chat_memory import ChatMemory, Prepared
from guided_profile.apps.assistants.companion import Companion
from guided_profile.graph.context import Context
from guided_profile.graph.errors import QuestionError

MARK = "guided_profile"
"""Where a response's metadata say what was used, what was held back, and what failed."""


class GuidedProfile(AbstractCapability[Any]):
    """Brings what is known of the user into every answer, and remembers what they say.

    What bears on the user's last words stands directly before them in the request, and nowhere in
    the run's own messages; instructions and tools are left as they are. If any of that fails, the
    agent answers as it would without it.
    """

    def __init__(
        self,
        memory: ChatMemory | None = None,
        *,
        user_of: Callable[[RunContext[Any]], str] | None = None,
    ) -> None:
        """Make the capability of one agent, or of several.

        Args:
            memory: Who knows the users; left out: one as the settings say.
            user_of: Reads the user's id from the run; left out: the `user_id` of its `deps`.
        """
        self.memory = memory or ChatMemory(Companion.open())
        self._user_of = user_of or _user_id
        self._prepared: dict[str, tuple[list[AnyMessage], Prepared]] = {}

    async def wrap_model_request(
        self, ctx: RunContext[Any], *, request_context: ModelRequestContext, handler: Any
    ) -> ModelResponse:
        """Let the model answer with what is known of the user."""
        read, places = _read(request_context.messages)
        prepared = await self.memory.prepare(self._user_of(ctx), read, thread=_thread(ctx))
        self._prepared[_run(ctx)] = read, prepared
        messages = _with_block(request_context.messages, read, prepared.messages, places)
        response: ModelResponse = await handler(replace(request_context, messages=messages))
        return replace(response, metadata={**(response.metadata or {}), MARK: prepared.mark})

    async def wrap_run(self, ctx: RunContext[Any], *, handler: Any) -> AgentRunResult[Any]:
        """Begin to keep what the user said, once the run has answered."""
        try:
            result: AgentRunResult[Any] = await handler()
            if _run(ctx) in self._prepared:
                read, prepared = self._prepared[_run(ctx)]
                self.memory.answered(self._user_of(ctx), read, prepared, thread=_thread(ctx))
            return result
        finally:
            self._prepared.pop(_run(ctx), None)


def _read(messages: Sequence[ModelMessage]) -> tuple[list[AnyMessage], list[tuple[int, int]]]:
    """Return what was said, in LangChain's form, and where each of it stands."""
    read: list[AnyMessage] = []
    places: list[tuple[int, int]] = []
    for at, message in enumerate(messages):
        if isinstance(message, ModelResponse):
            read.append(AIMessage(message.text or ""))
            places.append((at, -1))
            continue
        for part_at, part in enumerate(message.parts):
            if isinstance(part, UserPromptPart):
                read.append(HumanMessage(_words(part)))
                places.append((at, part_at))
    return read, places


def _with_block(
    messages: Sequence[ModelMessage],
    read: Sequence[AnyMessage],
    sent: Sequence[AnyMessage],
    places: Sequence[tuple[int, int]],
) -> list[ModelMessage]:
    """Return the messages with what was put before one of them; none of them is changed itself."""
    out = list(messages)
    for was, now, (at, part_at) in zip(read, sent, places, strict=True):
        message = out[at]
        if now.text == was.text or not isinstance(message, ModelRequest):
            continue
        part = message.parts[part_at]
        assert isinstance(part, UserPromptPart)
        block = now.text.removesuffix(was.text)
        longer = block + part.content if isinstance(part.content, str) else [block, *part.content]
        parts = [*message.parts]
        parts[part_at] = replace(part, content=longer)
        out[at] = replace(message, parts=parts)
    return out


def _words(part: UserPromptPart) -> str:
    if isinstance(part.content, str):
        return part.content
    return "\n".join(one for one in part.content if isinstance(one, str))


def _run(ctx: RunContext[Any]) -> str:
    return ctx.run_id or ""


def _thread(ctx: RunContext[Any]) -> str:
    return ctx.conversation_id or ""


def _user_id(ctx: RunContext[Any]) -> str:
    user_id = getattr(ctx.deps, "user_id", None)
    if not isinstance(user_id, str):
        raise QuestionError(
            f"the run's deps are a {type(ctx.deps).__name__} without user_id; run the agent with "
            "deps=Context(user_id=…), or say where the id is with user_of=…."
        )
    return Context(user_id=user_id).user_id
