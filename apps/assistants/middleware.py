"""A host assistant that knows its users: middleware for langchain's `create_agent`.

It is given as `create_agent(model, middleware=[GuidedProfileMiddleware()], context_schema=Context)`
and the user with each call, as `context=Context(user_id="rosa")`.
"""

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any

from langchain.agents.middleware import (
    AgentMiddleware,
    AgentState,
    ModelRequest,
    ModelResponse,
    ToolCallRequest,
)
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.runnables import RunnableLambda
from langgraph.errors import GraphBubbleUp
from langgraph.runtime import Runtime
from langgraph.types import Command
from pydantic import ValidationError

from guided_profile.apps.assistants.companion import Companion, Known
from guided_profile.apps.assistants.host_tools import UNREADABLE, make_host_tools
from guided_profile.graph.context import Context, require
from guided_profile.graph.errors import QuestionError
from guided_profile.graph.prompts import (
    KNOWN,
    KNOWN_IS_DATA,
    history_block,
    profile_in_words,
    render,
)
from guided_profile.graph.records import HistoryItem, Profile, Sentence
from guided_profile.graph.text import encodable
from guided_profile.graph.tokens import approximate_tokens

PATIENCE = 2.0
"""Seconds that an answer waits for what is known of its user."""
REST = 30.0
"""Seconds for which nothing is looked up after it took longer than that."""
LONGEST = 20_000
"""Characters of a history item; what is said beyond is not kept."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Lookup:
    """What came of looking a user up."""

    known: Known = field(default_factory=Known)
    failure: str = ""
    """Why nothing is known of them for once; empty if that is all there is to know."""


class GuidedProfileMiddleware(AgentMiddleware[AgentState[Any], Any, Any]):
    """Brings what is known of the user into every answer, and remembers what they say.

    The profile follows the host's own system prompt; the items of the history that bear on the
    user's message stand before it. After the turn, what the user said becomes history, and the
    profile is made anew when it is time, while nobody waits. If any of that fails, the assistant
    answers as it would without it: it is logged, and the answer's
    `response_metadata["guided_profile"]` says so.
    """

    def __init__(
        self,
        companion: Companion | None = None,
        *,
        user_of: Callable[[Any], str] | None = None,
        profile_tokens: int = 300,
        recall_tokens: int = 300,
        remembers: bool = True,
        offers_tools: bool = True,
        patience: float = PATIENCE,
    ) -> None:
        """Make the middleware of one agent, or of several.

        Args:
            companion: Who knows the users; left out: one as the settings say.
            user_of: Reads the user's id from the run's context; left out: its `user_id`.
            profile_tokens: About how many tokens the profile may take in a prompt.
            recall_tokens: About how many tokens of history may; 0: the profile alone.
            remembers: Whether what users say becomes part of their history.
            offers_tools: Whether the model may call `search_history` and `about_me`.
            patience: Seconds that an answer waits for what is known of its user.

        Raises:
            GuidedProfileError: A setting is wrong, or a part cannot be had.
        """
        super().__init__()
        self.companion = companion or Companion.open()
        self.user_of = user_of or _user_id
        self.profile_tokens, self.recall_tokens = profile_tokens, recall_tokens
        self.remembers, self.patience = remembers, patience
        self.tools = make_host_tools(self.companion, self.user_of, patience) if offers_tools else []
        self._rests_until = 0.0

    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """Let the model answer with what is known of the user."""

        def look(text: str) -> Lookup:
            begun = self._begin(user_id, text, request)
            return begun if isinstance(begun, Lookup) else self._waited(begun)

        user_id = self.user_of(request.runtime.context)
        text = _said(request.messages)
        found = RunnableLambda(look, name="guided_profile").invoke(text)
        return _marked(handler(self._personal(request, found)), found)

    async def awrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResponse[Any]:
        """Let the model answer with what is known of the user."""

        async def look(text: str) -> Lookup:
            begun = self._begin(user_id, text, request)
            return begun if isinstance(begun, Lookup) else await self._awaited(begun)

        user_id = self.user_of(request.runtime.context)
        text = _said(request.messages)
        found = await RunnableLambda(look, name="guided_profile").ainvoke(text)
        return _marked(await handler(self._personal(request, found)), found)

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
        info = runtime.execution_info
        thread = (info.thread_id if info else None) or ""
        now = self.companion.clock()
        try:
            items = [
                HistoryItem(
                    # the same words in the same conversation are one item, however often it is sent
                    id=hashlib.sha256(json.dumps([thread, text]).encode()).hexdigest()[:16],
                    text=(text if len(text) <= LONGEST else text.strip())[:LONGEST],
                    source="chat",
                    time=now,
                )
                for text in _turn(state["messages"])
            ]
            self.companion.remember(user_id, items)
        except RuntimeError as error:  # it was closed
            _log.warning("what was said is not kept: %s", error)
        except ValidationError as error:  # it tells what was said
            _log.warning("what was said is not kept: %s", type(error).__name__)

    async def aafter_agent(self, state: AgentState[Any], runtime: Runtime[Any]) -> None:
        """Begin to keep what the user said in this turn."""
        self.after_agent(state, runtime)

    def _begin(self, user_id: str, text: str, request: ModelRequest[Any]) -> Future[Known] | Lookup:
        if monotonic() < self._rests_until:
            return Lookup(failure=f"not looked up: it took over {self.patience:g} s before")
        said = (encodable(m.text) for m in request.messages if isinstance(m, HumanMessage))
        try:
            return self.companion.known(user_id, text, self.recall_tokens, said)
        except RuntimeError as error:  # it was closed
            return self._without(error)

    def _waited(self, begun: Future[Known]) -> Lookup:
        try:
            return Lookup(begun.result(self.patience))
        except Exception as error:  # noqa: BLE001  # whatever a store or server raises
            begun.cancel()
            return self._without(error)

    async def _awaited(self, begun: Future[Known]) -> Lookup:
        try:
            return Lookup(await asyncio.wait_for(asyncio.wrap_future(begun), self.patience))
        except Exception as error:  # noqa: BLE001  # whatever a store or server raises
            return self._without(error)

    def _without(self, error: Exception) -> Lookup:
        failure = f"{type(error).__name__}: {error}"
        if isinstance(error, TimeoutError):
            self._rests_until = monotonic() + REST
            failure = f"it took over {self.patience:g} s"
        _log.warning("an answer does without what is known of its user: %s", failure)
        return Lookup(failure=failure)

    def _failed(self, request: ToolCallRequest, error: Exception) -> ToolMessage:
        if isinstance(error, GraphBubbleUp) or request.tool not in self.tools:
            raise error
        name, call_id = request.tool_call["name"], request.tool_call["id"]
        _log.warning("the tool %s failed: %s: %s", name, type(error).__name__, error)
        return ToolMessage(UNREADABLE, name=name, tool_call_id=call_id, status="error")

    def _personal(self, request: ModelRequest[Any], found: Lookup) -> ModelRequest[Any]:
        """Return the request with what is known of the user in it."""
        profile, items = found.known.profile, found.known.items
        sentences = within_budget(profile, self.profile_tokens) if profile else []
        if not sentences and not items:
            return request
        told = KNOWN_IS_DATA.text
        if sentences:
            told += render(KNOWN, profile=profile_in_words(sentences))
        request = request.override(system_message=_after(request.system_message, told))
        if items:
            by_time = sorted(items, key=lambda item: item.time.timestamp() if item.time else 0.0)
            request = request.override(messages=_before(request.messages, history_block(by_time)))
        return request


def within_budget(profile: Profile, tokens: int) -> list[Sentence]:
    """Return the sentences that a prompt has room for: those vouched for, then the surest."""
    left, kept = tokens, []
    for one in sorted(profile.supported, key=lambda one: (not one.pinned, -one.confidence)):
        size = approximate_tokens(one.text)
        if size <= left:
            kept.append(one)
            left -= size
    return [one for one in profile.supported if one in kept]


def _user_id(context: Any) -> str:
    user_id = getattr(require(context), "user_id", None)
    if user_id is None:
        raise QuestionError(
            f"the run's context is a {type(context).__name__} without user_id; make the agent with "
            "context_schema=Context, or say where the id is with user_of=…."
        )
    return Context(user_id=user_id).user_id


def _said(messages: Sequence[AnyMessage]) -> str:
    """Return what the user said last; empty if nothing."""
    return next((encodable(m.text) for m in reversed(messages) if isinstance(m, HumanMessage)), "")


def _turn(messages: Sequence[AnyMessage]) -> list[str]:
    """Return what the user said in the turn that just ended, without repetitions."""
    end = len(messages)
    while end and not isinstance(messages[end - 1], HumanMessage):
        end -= 1
    start = end
    while start and isinstance(messages[start - 1], HumanMessage):
        start -= 1
    said = [
        encodable(m.text) for m in messages[start:end] if "lc_source" not in m.additional_kwargs
    ]
    return list(dict.fromkeys(text for text in said if text.strip()))


def _after(system: SystemMessage | None, told: str) -> SystemMessage:
    """Return the host's system message with our words after it."""
    if system is None:
        return SystemMessage(told)
    if isinstance(system.content, str):
        return system.model_copy(update={"content": f"{system.content}\n\n{told}"})
    blocks = [*system.content, {"type": "text", "text": told}]
    return system.model_copy(update={"content": blocks})


def _before(messages: Sequence[AnyMessage], block: str) -> list[AnyMessage]:
    """Return the messages with a history block before the words that the user said last."""
    last = max(i for i, message in enumerate(messages) if isinstance(message, HumanMessage))
    said = messages[last].content
    content = block + said if isinstance(said, str) else [{"type": "text", "text": block}, *said]
    told = messages[last].model_copy(update={"content": content})
    return [*messages[:last], told, *messages[last + 1 :]]


def _marked(response: ModelResponse[Any], found: Lookup) -> ModelResponse[Any]:
    """Return the response, its messages marked with what was known."""
    profile = found.known.profile
    mark = {
        "personalized": bool(profile or found.known.items),
        "profile_version": profile.version if profile else None,
        "items": len(found.known.items),
        "failure": found.failure,
    }

    def marked(message: Any) -> Any:
        if not isinstance(message, AIMessage):
            return message
        metadata = {**message.response_metadata, "guided_profile": mark}
        return message.model_copy(update={"response_metadata": metadata})

    return replace(response, result=[marked(message) for message in response.result])
