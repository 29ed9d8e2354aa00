"""A host assistant that knows its users: middleware for langchain's `create_agent`.

It is given as `create_agent(model, middleware=[GuidedProfileMiddleware()], context_schema=Context)`
and the user with each call, as `context=Context(user_id="rosa")`.
"""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

from langchain.agents.middleware import (
    AgentMiddleware,
    AgentState,
    ModelRequest,
    ModelResponse,
    ToolCallRequest,
)
from langchain_core.messages import ToolMessage
from langchain_core.runnables import RunnableLambda
from langgraph.errors import GraphBubbleUp
from langgraph.runtime import Runtime
from langgraph.types import Command
from pydantic import ValidationError

from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.assistants.conversation import (
    IsUsers,
    Lookup,
    has_no_other_name,
    thread_of,
    users_messages,
)
from guided_profile.apps.assistants.heeding import Heeding
from guided_profile.apps.assistants.host_tools import UNREADABLE, make_host_tools
from guided_profile.apps.assistants.lookups import LOOKUP_SECONDS, Lookups
from guided_profile.apps.assistants.telling import is_final, personal, with_all
from guided_profile.graph.context import Context, require
from guided_profile.graph.errors import QuestionError
from guided_profile.graph.text import encodable

_log = logging.getLogger(__name__)


class GuidedProfileMiddleware(AgentMiddleware[AgentState[Any], Any, Any]):
    """Brings what is known of the user into every answer, and remembers what they say.

    What bears on the user's last words stands directly before them: items of their history, then
    sentences of their profile. The host's own system prompt is left as it is. After the turn, what
    the user said becomes history, and the profile is made anew when it is time, while nobody waits.
    A message that comes again with its id and other words replaces its old version. If any of that
    fails, the assistant answers as it would without it: it is logged, and the answer's
    `response_metadata["guided_profile"]` says so, as it says what was used and what was held back.
    What was done at the user's request about their memory follows the answer, in their language;
    an answer of a fixed form (`response_format`) stays as it is, and its model is asked to say it.
    """

    def __init__(
        self,
        companion: Companion | None = None,
        *,
        user_of: Callable[[Any], str] | None = None,
        is_users: IsUsers = has_no_other_name,
        profile_tokens: int = 300,
        recall_tokens: int = 300,
        remembers: bool = True,
        offers_tools: bool = True,
        patience: float = LOOKUP_SECONDS,
        obeys_requests: bool = True,
    ) -> None:
        """Make the middleware of one agent, or of several.

        Args:
            companion: Who knows the users; left out: one as the settings say.
            user_of: Reads the user's id from the run's context; left out: its `user_id`.
            is_users: Says of a `HumanMessage`, and a user's id, whether it is that user's words;
                left out: it is if its `name` is empty or the id, so that the words of another
                speaker or another agent do not become the user's history.
            profile_tokens: About how many tokens the profile may take in a prompt.
            recall_tokens: About how many tokens of history may; 0: the profile alone.
            remembers: Whether what users say becomes part of their history.
            offers_tools: Whether the model may call `search_history` and `about_me`.
            patience: Seconds that an answer waits for what is known of its user.
            obeys_requests: Whether what users say about their memory ("forget that") is done. What
                takes longer than half of `patience` is done all the same, and reported next time.

        Raises:
            GuidedProfileError: A setting is wrong, or a part cannot be had.
        """
        super().__init__()
        self.companion = companion or Companion.open()
        self.user_of, self.is_users = user_of or _user_id, is_users
        self.remembers, self.obeys_requests = remembers, obeys_requests
        self._heeding = Heeding(self.companion, remembers=remembers)
        self._lookups = Lookups(
            self.companion,
            self._heeding,
            is_users=is_users,
            profile_tokens=profile_tokens,
            recall_tokens=recall_tokens,
            patience=patience,
            obeys_requests=obeys_requests,
        )
        self.tools = make_host_tools(self.companion, self.user_of, patience) if offers_tools else []

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """Let the model answer with what is known of the user."""

        def look(text: str) -> Lookup:
            thread = thread_of(request.runtime)
            return self._lookups.look(user_id, thread, request.messages, place)

        user_id, place, text = self._last_words(request)
        found = RunnableLambda(look, name="guided_profile").invoke(text)
        response = handler(personal(request, found, place))
        if is_final(request, response):
            self._heeding.answered(user_id, thread_of(request.runtime), found.acts)
        return with_all(request, response, found)

    async def awrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResponse[Any]:
        """Let the model answer with what is known of the user."""

        async def look(text: str) -> Lookup:
            thread = thread_of(request.runtime)
            return await self._lookups.alook(user_id, thread, request.messages, place)

        user_id, place, text = self._last_words(request)
        found = await RunnableLambda(look, name="guided_profile").ainvoke(text)
        response = await handler(personal(request, found, place))
        if is_final(request, response):
            await self._heeding.aanswered(user_id, thread_of(request.runtime), found.acts)
        return with_all(request, response, found)

    def wrap_tool_call(
        self,
        request: ToolCallRequest,
        handler: Callable[[ToolCallRequest], ToolMessage | Command[Any]],
    ) -> ToolMessage | Command[Any]:
        """Let no failure of our own tools end the host's run."""
        try:
            return handler(request)
        except Exception as error:  # noqa: BLE001  # whatever a store or server raises
            return self._failed(request, error)

    async def awrap_tool_call(
        self,
        request: ToolCallRequest,
        handler: Callable[[ToolCallRequest], Awaitable[ToolMessage | Command[Any]]],
    ) -> ToolMessage | Command[Any]:
        """Let no failure of our own tools end the host's run."""
        try:
            return await handler(request)
        except Exception as error:  # noqa: BLE001  # whatever a store or server raises
            return self._failed(request, error)

    def after_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> None:
        """Begin to keep what the user said in this turn."""
        user_id, thread = self.user_of(runtime.context), thread_of(runtime)
        try:
            if self.remembers:
                self._heeding.remember(
                    user_id,
                    thread,
                    state["messages"],
                    is_users=self.is_users,
                    obeys_requests=self.obeys_requests,
                )
        except RuntimeError as error:  # it was closed
            _log.warning("what was said is not kept: %s", error)
        except ValidationError as error:  # its text shows what was said
            _log.warning("what was said is not kept: %s", type(error).__name__)
        finally:
            self._heeding.over(user_id, thread)

    async def aafter_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> None:
        """Begin to keep what the user said in this turn."""
        self.after_agent(state, runtime)

    def _last_words(self, request: ModelRequest[Any]) -> tuple[str, int, str]:
        """Return whose the run is, where their last message stands, or -1, and its words."""
        user_id = self.user_of(request.runtime.context)
        own = users_messages(request.messages, user_id, self.is_users)
        place, text = (own[-1][0], encodable(own[-1][1].text)) if own else (-1, "")
        return user_id, place, text

    def _failed(self, request: ToolCallRequest, error: Exception) -> ToolMessage:
        if isinstance(error, GraphBubbleUp) or request.tool not in self.tools:
            raise error
        name, call_id = request.tool_call["name"], request.tool_call["id"]
        _log.warning("the tool %s failed: %s: %s", name, type(error).__name__, error)
        return ToolMessage(UNREADABLE, name=name, tool_call_id=call_id, status="error")


def _user_id(context: Any) -> str:
    user_id = getattr(require(context), "user_id", None)
    if user_id is None:
        raise QuestionError(
            f"the run's context is a {type(context).__name__} without user_id; make the agent with "
            "context_schema=Context, or say where the id is with user_of=…."
        )
    return Context(user_id=user_id).user_id
