"""A host assistant that knows its users: middleware for langchain's `create_agent`.

It is given as `create_agent(model, middleware=[GuidedProfileMiddleware()], context_schema=Context)`
and the user with each call, as `context=Context(user_id="rosa")`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future, wait
from time import monotonic
from typing import Any

from langchain.agents.middleware import (
    AgentMiddleware,
    AgentState,
    ModelRequest,
    ModelResponse,
    ToolCallRequest,
)
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableLambda
from langgraph.errors import GraphBubbleUp
from langgraph.runtime import Runtime
from langgraph.types import Command
from pydantic import ValidationError

from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.assistants.conversation import (
    IsUsers,
    Lookup,
    Remembered,
    as_kept,
    block_of,
    has_no_other_name,
    last_turn,
    marked,
    thread_of,
    users_messages,
    with_words_before,
)
from guided_profile.apps.assistants.heeding import Heeding
from guided_profile.apps.assistants.host_tools import UNREADABLE, make_host_tools
from guided_profile.apps.assistants.known import Known
from guided_profile.graph.context import Context, require
from guided_profile.graph.errors import QuestionError, SettingsError
from guided_profile.graph.records import MemoryAct
from guided_profile.graph.text import encodable
from guided_profile.tools.requests.doing import Heeded

MOST_TOKENS, MOST_SECONDS = 1_000_000, 600.0
"""What a host may set: how much of a prompt, and how long an answer waits."""
LOOKUP_SECONDS = 2.0
"""How long an answer waits for what is known of its user."""
FOR_THE_MODEL = 0.8
"""The share of that after which nothing is waited for from the model: what is near is used."""
FOR_REQUESTS = 0.5
"""The share of that after which a request about the memory is told the next time."""
REST_SECONDS = 30.0
"""For so long nothing is looked up after it took longer than that."""

_log = logging.getLogger(__name__)


class _RestingError(RuntimeError):
    """Nothing is looked up for a while."""


class GuidedProfileMiddleware(AgentMiddleware[AgentState[Any], Any, Any]):
    """Brings what is known of the user into every answer, and remembers what they say.

    What bears on the user's last words stands directly before them: items of their history, then
    sentences of their profile. The host's own system prompt is left as it is. After the turn, what
    the user said becomes history, and the profile is made anew when it is time, while nobody waits.
    A message that comes again with its id and other words takes the place of what it was. If any of
    that fails, the assistant answers as it would without it: it is logged, and the answer's
    `response_metadata["guided_profile"]` says so, as it says what was used and what was held back.
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
                left out: it is if its `name` is empty or the id, so that nothing that another
                speaker of a chat or another agent said becomes the user's history.
            profile_tokens: About how many tokens the profile may take in a prompt.
            recall_tokens: About how many tokens of history may; 0: the profile alone.
            remembers: Whether what users say becomes part of their history.
            offers_tools: Whether the model may call `search_history` and `about_me`.
            patience: Seconds that an answer waits for what is known of its user.
            obeys_requests: Whether what users say about their memory ("forget that") is done. What
                takes longer than half of `patience` is done all the same, and told the next time.

        Raises:
            GuidedProfileError: A setting is wrong, or a part cannot be had.
        """
        super().__init__()
        for name, tokens in (("profile_tokens", profile_tokens), ("recall_tokens", recall_tokens)):
            if not 0 <= tokens <= MOST_TOKENS:
                raise SettingsError(
                    f"{name} is {tokens!r}; set it to a number from 0 to {MOST_TOKENS}."
                )
        if not 0.0 <= patience <= MOST_SECONDS:
            raise SettingsError(
                f"patience is {patience!r}; set it to seconds, from 0 to {MOST_SECONDS:.0f}."
            )
        self.companion = companion or Companion.open()
        self.user_of, self.is_users = user_of or _user_id, is_users
        self.profile_tokens, self.recall_tokens = profile_tokens, recall_tokens
        self.remembers, self.patience = remembers, patience
        self.tools = make_host_tools(self.companion, self.user_of, patience) if offers_tools else []
        self.obeys_requests = obeys_requests
        self._remembered = Remembered()
        self._heeding = Heeding(self.companion)
        self._rests_until = 0.0

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """Let the model answer with what is known of the user."""

        def look(text: str) -> Lookup:
            until = monotonic() + self.patience
            heeded = self._heed(user_id, request, place)
            if heeded:
                wait([heeded], self.patience * FOR_REQUESTS)
            acts = as_kept(self._heeding.told(user_id, heeded), self.remembers)
            lookup = self._begin(user_id, text, request.messages[:place], heeded)
            try:
                return Lookup(lookup.result(max(0.0, until - monotonic())), acts=acts)
            except Exception as error:  # noqa: BLE001  # whatever a store or server raises
                lookup.cancel()
                return self._without(error, acts)

        user_id = self.user_of(request.runtime.context)
        place, text = self._last_words(request, user_id)
        found = RunnableLambda(look, name="guided_profile").invoke(text)
        answer = marked(handler(self._personal(request, found, place)), found)
        self._heeding.answered(user_id, thread_of(request.runtime), found.acts)
        return answer

    async def awrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResponse[Any]:
        """Let the model answer with what is known of the user."""

        async def look(text: str) -> Lookup:
            until = monotonic() + self.patience
            heeded = self._heed(user_id, request, place)
            if heeded:
                waiting = asyncio.wrap_future(heeded)
                await asyncio.wait([waiting], timeout=self.patience * FOR_REQUESTS)
                waiting.add_done_callback(lambda done: done.cancelled() or done.exception())
            acts = as_kept(self._heeding.told(user_id, heeded), self.remembers)
            lookup = asyncio.wrap_future(
                self._begin(user_id, text, request.messages[:place], heeded)
            )
            try:
                known = await asyncio.wait_for(lookup, max(0.0, until - monotonic()))
                return Lookup(known, acts=acts)
            except Exception as error:  # noqa: BLE001  # whatever a store or server raises
                return self._without(error, acts)

        user_id = self.user_of(request.runtime.context)
        place, text = self._last_words(request, user_id)
        found = await RunnableLambda(look, name="guided_profile").ainvoke(text)
        answer = marked(await handler(self._personal(request, found, place)), found)
        self._heeding.answered(user_id, thread_of(request.runtime), found.acts)
        return answer

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
        if not self.remembers:
            return
        user_id = self.user_of(runtime.context)
        thread = thread_of(runtime)
        turn = last_turn(state["messages"], user_id, self.is_users)
        try:
            now = self.companion.clock()
            items, replaced = self._remembered.items(turn, user_id, thread, now, state["messages"])
            judged = turn if self.obeys_requests else []
            heeded = self._heeding.of_items(user_id, thread, judged, items)
            self.companion.remember(user_id, items, instead_of=replaced, heeded=heeded)
        except RuntimeError as error:  # it was closed
            _log.warning("what was said is not kept: %s", error)
        except ValidationError as error:  # it tells what was said
            _log.warning("what was said is not kept: %s", type(error).__name__)

    async def aafter_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> None:
        """Begin to keep what the user said in this turn."""
        self.after_agent(state, runtime)

    def _last_words(self, request: ModelRequest[Any], user_id: str) -> tuple[int, str]:
        """Return where the user's last message stands, and its words; empty if there is none."""
        own = users_messages(request.messages, user_id, self.is_users)
        return (own[-1][0], encodable(own[-1][1].text)) if own else (-1, "")

    def _heed(
        self, user_id: str, request: ModelRequest[Any], place: int
    ) -> Future[Heeded | None] | None:
        """Begin to do what the user's last message asks of what is kept, or go on with it."""
        if not self.obeys_requests or place < 0:
            return None
        own = users_messages(request.messages[:place], user_id, self.is_users)
        before = own[-1][1].text if own else ""
        answers = [m for m in request.messages[:place] if isinstance(m, AIMessage)]
        thread = thread_of(request.runtime)
        try:
            return self._heeding.of(
                user_id, thread, request.messages[place], before, answers[-1] if answers else None
            )
        except RuntimeError:  # it was closed: said where it is looked up
            return None

    def _begin(
        self,
        user_id: str,
        text: str,
        before: Sequence[AnyMessage],
        heeded: Future[Heeded | None] | None,
    ) -> Future[Known]:
        # where the message was asked about already, nearness alone decides what is used: an answer
        # waits for one short question, and not for two
        asked = heeded is not None and self.companion.asks_model(heeded)
        try:
            if monotonic() < self._rests_until:
                raise _RestingError
            return self.companion.known(
                user_id,
                text,
                self.recall_tokens,
                [encodable(m.text) for m in before if isinstance(m, HumanMessage | AIMessage)],
                profile_tokens=self.profile_tokens,
                within=0.0 if asked else self.patience * FOR_THE_MODEL,
            )
        except RuntimeError as error:  # it rests, or it was closed
            failed: Future[Known] = Future()
            failed.set_exception(error)
            return failed

    def _without(self, error: Exception, acts: tuple[MemoryAct, ...]) -> Lookup:
        if isinstance(error, _RestingError):
            failure = f"not looked up: it took over {self.patience:g} s before"
            return Lookup(failure=failure, acts=acts)
        failure = f"{type(error).__name__}: {error}"
        if isinstance(error, TimeoutError):
            self._rests_until = monotonic() + REST_SECONDS
            failure = f"it took over {self.patience:g} s"
        _log.warning("an answer does without what is known of its user: %s", failure)
        return Lookup(failure=failure, acts=acts)

    def _failed(self, request: ToolCallRequest, error: Exception) -> ToolMessage:
        if isinstance(error, GraphBubbleUp) or request.tool not in self.tools:
            raise error
        name, call_id = request.tool_call["name"], request.tool_call["id"]
        _log.warning("the tool %s failed: %s: %s", name, type(error).__name__, error)
        return ToolMessage(UNREADABLE, name=name, tool_call_id=call_id, status="error")

    def _personal(self, request: ModelRequest[Any], found: Lookup, place: int) -> ModelRequest[Any]:
        """Return the request with what is known of the user directly before their last words."""
        block = block_of(found)
        if not block or place < 0:
            return request
        return request.override(messages=with_words_before(request.messages, place, block))


def _user_id(context: Any) -> str:
    user_id = getattr(require(context), "user_id", None)
    if user_id is None:
        raise QuestionError(
            f"the run's context is a {type(context).__name__} without user_id; make the agent with "
            "context_schema=Context, or say where the id is with user_of=…."
        )
    return Context(user_id=user_id).user_id
