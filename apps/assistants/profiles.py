"""The profiles of a companion's users: read as they stand, made when it is time, answered with."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from datetime import datetime
from threading import Lock
from typing import Any
from uuid import uuid4

from langchain_core.language_models import BaseChatModel
from langgraph.store.base import BaseStore

from guided_profile.apps.background import Background
from guided_profile.apps.runs import events
from guided_profile.graph.answers import AsksBack
from guided_profile.graph.context import Context
from guided_profile.graph.errors import QuestionError, TaskError
from guided_profile.graph.profile import standing_profile
from guided_profile.graph.records import Profile
from guided_profile.graph.state import Abstained, Answered, Question
from guided_profile.graph.tasks import Task
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.models.calls import model_id
from guided_profile.tools.profiles.plan import empty_profile, gone_from, variant_of, with_overrides
from guided_profile.tools.profiles.store import ProfileStore

MAX_AT_ONCE = 2
"""How many profiles are made at the same time; the others wait their turn."""


class Profiles:
    """Reads profiles, and has the workflow make them.

    Args:
        graph: The workflow.
        task: Whose profiles are kept.
        chat: The model that writes them.
        history: What they are made from.
        store: Where they are kept.
        clock: The time, in UTC.
        background: What they are made on.
    """

    def __init__(
        self,
        graph: Any,
        task: Task,
        *,
        chat: BaseChatModel,
        history: HistoryStore,
        store: BaseStore,
        clock: Callable[[], datetime],
        background: Background,
    ) -> None:
        self._graph, self._task = graph, task
        self._chat, self._history, self._store, self._clock = chat, history, store, clock
        self._background = background
        self._lock = Lock()
        self._refreshing: dict[str, Future[None]] = {}
        self._turns = asyncio.Semaphore(MAX_AT_ONCE)

    async def standing(self, user_id: str) -> Profile | None:
        """Return a user's profile as they want it; None: there is none."""
        profiles = ProfileStore(self._store, user_id, self._task.name, variant_of(self._task))
        standing = await profiles.standing()
        if await gone_from(standing, user_id, self._history):
            standing = None  # it tells of what was deleted
            self.refresh(user_id)
        none = empty_profile(self._task.name, "", model_id(self._chat), self._clock())
        profile = await with_overrides(
            profiles, standing.profile if standing else none, self._history
        )
        return profile if profile.sentences else None

    def refresh(self, user_id: str) -> Future[None]:
        """Have a user's profile made; see `Companion.refresh`."""
        with self._lock:
            running = self._refreshing.get(user_id)
            if running:
                return running
            running = self._background.start(self._refresh(user_id))
            self._refreshing[user_id] = running
        return self._background.watched(running, "the profile is not made")

    async def ask(
        self, user_id: str, question: Question, on_event: Callable[[Any], None] | None
    ) -> Answered | Abstained:
        """Run the whole workflow for a question; see `Companion.ask`."""
        context = Context(user_id=user_id, task=self._task.name)
        async for event in events(self._graph, question, context, uuid4().hex):
            if isinstance(event, Answered | Abstained):
                return event
            if isinstance(event, AsksBack):
                break
            if on_event:
                on_event(event)
        raise TaskError(
            f"the task {self._task.name!r} asks users back, which only a graph of one's own with a "
            "checkpointer can; let it retry or accept an abstention."
        )

    async def _refresh(self, user_id: str) -> None:
        context = Context(user_id=user_id, task=self._task.name)
        try:
            async with self._turns:
                with suppress(QuestionError):  # there is no history to profile
                    await standing_profile(self._graph, self._task, context)
        except RuntimeError:
            if not self._background.process_ends():  # else the next process makes it
                raise
        finally:
            with self._lock:
                self._refreshing.pop(user_id, None)
