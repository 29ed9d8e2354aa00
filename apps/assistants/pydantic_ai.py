"""A pydantic-ai agent that knows its users: `Agent(…, capabilities=[GuidedProfile()])`.

The user comes with each run, as `deps=Context(user_id="rosa")`.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from pydantic_ai import RunContext
from pydantic_ai.agent import AgentRunResult
from pydantic_ai.capabilities import AbstractCapability
from pydantic_ai.messages import ModelMessage, ModelRequest, ModelResponse, UserPromptPart
from pydantic_ai.models import ModelRequestContext

from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.assistants.conversation import (
    block_of,
    has_no_other_name,
    mark_of,
    users_messages,
)
from guided_profile.apps.assistants.heeding import Heeding
from guided_profile.apps.assistants.lookups import LOOKUP_SECONDS, Lookups
from guided_profile.apps.assistants.pydantic_ai_telling import TellingModel, is_for_reading
from guided_profile.graph.context import Context
from guided_profile.graph.errors import QuestionError

MARK = "guided_profile"
"""Where a response's metadata say what was used, what was held back, and what failed."""

_log = logging.getLogger(__name__)


@dataclass
class _Run:
    user_id: str
    thread: str
    read: list[AnyMessage]


class GuidedProfile(AbstractCapability[Any]):
    """Brings what is known of the user into every answer, and remembers what they say.

    What bears on the user's last words stands directly before them in the request, and nowhere in
    the run's own messages; instructions and tools are left as they are. What was done at the user's
    request about their memory follows the answer; for an output of a fixed form, the model is
    asked to say it. If any of that fails, the agent answers as it would without it.
    """

    def __init__(
        self,
        companion: Companion | None = None,
        *,
        user_of: Callable[[RunContext[Any]], str] | None = None,
        profile_tokens: int = 300,
        recall_tokens: int = 300,
        patience: float = LOOKUP_SECONDS,
    ) -> None:
        """Make the capability of one agent, or of several.

        Args:
            companion: Who knows the users; left out: one as the settings say.
            user_of: Reads the user's id from the run; left out: the `user_id` of its `deps`.
            profile_tokens: About how many tokens the profile may take in a prompt.
            recall_tokens: About how many tokens of history may; 0: the profile alone.
            patience: Seconds that an answer waits for what is known of its user.

        Raises:
            GuidedProfileError: A setting is wrong, or a part cannot be had.
        """
        self.companion = companion or Companion.open()
        self._user_of = user_of or _user_id
        self._heeding = Heeding(self.companion)
        self._lookups = Lookups(
            self.companion,
            self._heeding,
            is_users=has_no_other_name,
            profile_tokens=profile_tokens,
            recall_tokens=recall_tokens,
            patience=patience,
            obeys_requests=True,
        )
        self._runs: dict[str | None, _Run] = {}

    async def wrap_model_request(
        self, ctx: RunContext[Any], *, request_context: ModelRequestContext, handler: Any
    ) -> ModelResponse:
        """Let the model answer with what is known of the user."""
        user_id, thread = self._user_of(ctx), ctx.conversation_id or ""
        read, places = _read(request_context.messages)
        own = users_messages(read, user_id, has_no_other_name)
        place = own[-1][0] if own else -1
        found = await self._lookups.alook(user_id, thread, read, place)
        self._runs[ctx.run_id] = _Run(user_id, thread, read)
        adds = is_for_reading(request_context.model_request_parameters)
        note_reported = partial(self._heeding.aanswered, user_id, thread, found.acts)
        block = block_of(found, adds=adds)
        if block and place >= 0:
            longer = _with_block(request_context.messages, *places[place], block)
            request_context = replace(request_context, messages=longer)
        if found.acts and adds:
            model = TellingModel(request_context.model, found.acts, note_reported)
            request_context = replace(request_context, model=model)
        response: ModelResponse = await handler(request_context)
        if not adds:
            await note_reported()
        return replace(response, metadata={**(response.metadata or {}), MARK: mark_of(found)})

    async def wrap_run(self, ctx: RunContext[Any], *, handler: Any) -> AgentRunResult[Any]:
        """Begin to keep what the user said, once the run has answered."""
        answered = False
        try:
            result: AgentRunResult[Any] = await handler()
            answered = True
            return result
        finally:
            run = self._runs.pop(ctx.run_id, None)
            if run:
                self._over(run, answered)

    def _over(self, run: _Run, answered: bool) -> None:
        try:
            if answered:
                self._heeding.remember(run.user_id, run.thread, run.read)
        except Exception as error:  # noqa: BLE001  # its text may show what was said
            _log.warning("what was said is not kept: %s", type(error).__name__)
        finally:
            self._heeding.over(run.user_id, run.thread)


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
    messages: Sequence[ModelMessage], at: int, part_at: int, block: str
) -> list[ModelMessage]:
    """Return the messages with a block before one of them; none of them is changed itself."""
    message = messages[at]
    assert isinstance(message, ModelRequest)
    parts = [*message.parts]
    part = parts[part_at]
    assert isinstance(part, UserPromptPart)
    words = part.content
    parts[part_at] = replace(
        part, content=block + words if isinstance(words, str) else [block, *words]
    )
    return [*messages[:at], replace(message, parts=parts), *messages[at + 1 :]]


def _words(part: UserPromptPart) -> str:
    if isinstance(part.content, str):
        return part.content
    return "\n".join(text for text in part.content if isinstance(text, str))


def _user_id(ctx: RunContext[Any]) -> str:
    user_id = getattr(ctx.deps, "user_id", None)
    if not isinstance(user_id, str):
        raise QuestionError(
            f"the run's deps are a {type(ctx.deps).__name__} without user_id; run the agent with "
            "deps=Context(user_id=…), or say where the id is with user_of=…."
        )
    return Context(user_id=user_id).user_id
