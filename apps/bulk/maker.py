"""One user's profile, planned and made by the workflow itself, apart from the stores."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langgraph.store.memory import InMemoryStore

from guided_profile.apps.bulk.base import BuildInput, BuildResult, Failed
from guided_profile.apps.bulk.held_history import HeldHistory
from guided_profile.graph.build import Graph, build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.errors import GuidedProfileError
from guided_profile.graph.profile import standing_profile
from guided_profile.graph.records import Call, Cost
from guided_profile.graph.tasks import Task
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.evidence.base import Verifier
from guided_profile.tools.models.calls import call_of
from guided_profile.tools.profiles.plan import variant_of
from guided_profile.tools.profiles.store import ProfileStore

USERS_A_GRAPH = 500
"""How many users share a graph and a store in memory; then both are begun afresh, so that no memory
grows with the users."""


class Meter(AsyncCallbackHandler):
    """Notes the answered calls of one user's run."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    async def on_llm_end(self, response: LLMResult, **kwargs: Any) -> None:
        """Note a call, with what it took as the endpoint says."""
        generation = response.generations[0][0]
        if isinstance(generation, ChatGeneration) and isinstance(generation.message, AIMessage):
            self.calls.append(call_of(generation.message, "build", 0.0))


class Workbench:
    """A graph over a history and a store in memory, for one user after another or side by side."""

    def __init__(
        self,
        chat: BaseChatModel,
        embedder: Embedder,
        task: Task,
        verifier: Verifier | None = None,
    ) -> None:
        self._chat, self._embedder, self.task, self._verifier = chat, embedder, task, verifier
        self._users = 0
        self._begin()

    def _begin(self) -> None:
        self._history, self._store = HeldHistory(self._embedder), InMemoryStore()
        self._graph = build_graph(
            chat=self._chat,
            history=self._history,
            tasks=[self.task],
            store=self._store,
            verifier=self._verifier,
        )

    @asynccontextmanager
    async def holding(self, user: BuildInput) -> AsyncIterator[tuple[Graph, ProfileStore]]:
        """Have a user's history and profile on it meanwhile; yield the graph and the profiles."""
        if self._users == USERS_A_GRAPH:
            self._begin()
            self._users = 0
        self._users += 1
        graph, history = self._graph, self._history
        profiles = ProfileStore(self._store, user.user_id, self.task.name, variant_of(self.task))
        if user.standing:
            await profiles.write(user.standing)
        history.hold(user.user_id, [*user.cited, *user.items], user.vectors)
        try:
            yield graph, profiles
        finally:
            history.let_go(user.user_id)


class Maker:
    """Makes profiles; an event loop works on as many at once as it is asked for."""

    def __init__(
        self,
        chat: BaseChatModel,
        embedder: Embedder,
        task: Task,
        verifier: Verifier | None = None,
    ) -> None:
        self._workbench = Workbench(chat, embedder, task, verifier)

    async def make(self, user: BuildInput) -> BuildResult:
        """Make a user's profile, or revise it; a failure is reported, and nothing of it is kept."""
        task, meter = self._workbench.task, Meter()
        failed: Failed | None = None
        async with self._workbench.holding(user) as (graph, profiles):
            try:
                metered = graph.with_config({"callbacks": [meter]})
                await standing_profile(metered, task, Context(user_id=user.user_id, task=task.name))
            except GuidedProfileError as error:
                failed = Failed(user.user_id, type(error).__name__, str(error))
            stands, versions = await profiles.standing(), await profiles.versions()
        return BuildResult(
            user.user_id,
            standing=None if failed or stands == user.standing else stands,
            dropped=user.standing is not None
            and user.standing.profile.created not in {made.created for made in versions},
            failed=failed,
            cost=Cost.of(meter.calls),
        )
