"""The profiles of a companion's users: read, made when it is time, and used for answers."""

import asyncio
from collections.abc import Callable, Mapping
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
from guided_profile.graph.records import Profile, evidence_of
from guided_profile.graph.state import Abstained, Answered, Question
from guided_profile.graph.tasks import Task
from guided_profile.tools.evidence.base import Verifier, find_verifier
from guided_profile.tools.fingerprints import made_with
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.models.calls import model_id
from guided_profile.tools.profiles.corrections import unclassed_pins
from guided_profile.tools.profiles.plan import (
    empty_profile,
    is_fresh,
    variant_of,
    with_overrides,
)
from guided_profile.tools.profiles.store import ProfileStore
from guided_profile.tools.search.parts import own

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
        verifiers: What judges their sentences, by name.
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
        verifiers: Mapping[str, Verifier],
        clock: Callable[[], datetime],
        background: Background,
    ) -> None:
        self._graph, self._task = graph, task
        self._chat, self._history, self._store, self._clock = chat, history, store, clock
        self._background, self._verifiers = background, verifiers
        self._lock = Lock()
        self._refreshing: dict[str, Future[None]] = {}
        self._turns = asyncio.Semaphore(MAX_AT_ONCE)

    async def standing(self, user_id: str) -> Profile | None:
        """Return a user's profile as they want it; None: there is none."""
        profiles = self._of(user_id)
        standing = await profiles.standing()
        none = empty_profile(self._task.name, "", model_id(self._chat), self._clock())
        kept = standing.profile if standing else none
        ids = evidence_of(kept.sentences)
        cited = await asyncio.to_thread(self._history.get, user_id, ids) if ids else []
        if len(cited) < len(ids):
            kept = none  # it says what was deleted
            self.refresh(user_id)
        profile = await with_overrides(profiles, kept, self._history, cited)
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
            if await self._is_fresh(context):
                return
            async with self._turns:
                with suppress(QuestionError):  # there is no history to profile
                    await standing_profile(self._graph, self._task, context)
        except RuntimeError:
            if not self._background.process_ends():  # else the next process makes it
                raise
        finally:
            with self._lock:
                self._refreshing.pop(user_id, None)

    async def _is_fresh(self, context: Context) -> bool:
        """Whether a run of the workflow would do nothing: most of what is said changes no profile.

        This check is cheap beside a run. Unlike a run, it does not leave out items that give
        orders: such an item may count as new, and then there is a run.
        """
        task, profiles = self._task, self._of(context.user_id)
        if task.worth != "off" or await unclassed_pins(profiles):
            return False
        listed = await asyncio.to_thread(
            self._history.list, context.user_id, newest=context.profile_items
        )
        verifier = find_verifier(self._verifiers, task).id
        recipe = made_with(task, model=model_id(self._chat), verifier=verifier)
        return await is_fresh(profiles, own(listed), task, recipe, self._history, self._clock())

    def _of(self, user_id: str) -> ProfileStore:
        return ProfileStore(self._store, user_id, self._task.name, variant_of(self._task))
