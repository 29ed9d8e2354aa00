"""One user's profile, planned and made by the workflow itself, apart from the stores."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, LLMResult
from langgraph.store.memory import InMemoryStore

from guided_profile.apps.bulk.base import Failed, Job, Made
from guided_profile.apps.bulk.held_history import HeldHistory
from guided_profile.graph.build import Graph, build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.errors import GuidedProfileError
from guided_profile.graph.records import Call, Cost
from guided_profile.graph.standing import standing_profile
from guided_profile.graph.tasks import Task
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.evidence.base import Verifier
from guided_profile.tools.evidence.chat import ChatVerifier
from guided_profile.tools.profiles.plan import variant_of
from guided_profile.tools.profiles.store import ProfileStore

USERS_A_BENCH = 500
"""So many users share a graph and a store in memory; then both are begun afresh, and forgotten."""

_calls: ContextVar[list[Call] | None] = ContextVar("calls", default=None)


class _Meter(AsyncCallbackHandler):
    """Charges each answered call to the user whose profile it is made for."""

    async def on_llm_end(self, response: LLMResult, **kwargs: Any) -> None:
        calls, generation = _calls.get(), response.generations[0][0]
        message = generation.message if isinstance(generation, ChatGeneration) else None
        if calls is None or not isinstance(message, AIMessage):
            return
        usage = message.usage_metadata or UsageMetadata(
            input_tokens=0, output_tokens=0, total_tokens=0
        )
        calls.append(
            Call(
                stage="build",
                seconds=0.0,
                input_tokens=usage["input_tokens"],
                output_tokens=usage["output_tokens"],
                cached_tokens=usage.get("input_token_details", {}).get("cache_read") or 0,
            )
        )


@contextmanager
def _metered() -> Iterator[list[Call]]:
    calls: list[Call] = []
    token = _calls.set(calls)
    try:
        yield calls
    finally:
        _calls.reset(token)


@dataclass(frozen=True, slots=True)
class Bench:
    """A graph over a history and a store that are in memory."""

    graph: Graph
    history: HeldHistory
    store: InMemoryStore

    @classmethod
    def of(
        cls, chat: BaseChatModel, embedder: Embedder, task: Task, verifier: Verifier | None
    ) -> "Bench":
        """Set one up; nothing is on it yet."""
        history, store = HeldHistory(embedder), InMemoryStore()
        graph = build_graph(
            chat=chat, history=history, tasks=[task], store=store, verifier=verifier
        )
        return cls(graph, history, store)

    async def stand(self, job: Job, task: Task) -> ProfileStore:
        """Put a user's profile on it, if there is one; return where it stands."""
        profiles = ProfileStore(self.store, job.user_id, task.name, variant_of(task))
        if job.standing:
            await profiles.write(job.standing)
        return profiles

    @contextmanager
    def holding(self, job: Job) -> Iterator[None]:
        """Have a user's history on it meanwhile."""
        self.history.hold(job.user_id, [*job.cited, *job.items], job.vectors)
        try:
            yield
        finally:
            self.history.release(job.user_id)


class Benches:
    """A bench for every user, a fresh one now and then, so that no memory grows with the users."""

    def __init__(
        self,
        chat: BaseChatModel,
        embedder: Embedder,
        task: Task,
        verifier: Verifier | None = None,
    ) -> None:
        self._parts = (chat, embedder, task, verifier)
        self._bench: Bench | None = None
        self._users = 0

    def next(self) -> Bench:
        """Return the bench for a further user."""
        if self._bench is None or self._users == USERS_A_BENCH:
            self._bench, self._users = Bench.of(*self._parts), 0
        self._users += 1
        return self._bench


class Maker:
    """Makes profiles; an event loop works on as many at once as it is asked for."""

    def __init__(
        self,
        chat: BaseChatModel,
        embedder: Embedder,
        task: Task,
        verifier: Verifier | None = None,
    ) -> None:
        chat.callbacks = [_Meter()]
        if isinstance(verifier, ChatVerifier):
            verifier.chat.callbacks = [_Meter()]
        self._task = task
        self._benches = Benches(chat, embedder, task, verifier)

    async def make(self, job: Job) -> Made:
        """Make a user's profile, or revise it; a failure is told, and nothing is kept of it."""
        bench = self._benches.next()
        profiles = await bench.stand(job, self._task)
        failed: Failed | None = None
        with bench.holding(job), _metered() as calls:
            try:
                context = Context(user_id=job.user_id, task=self._task.name)
                await standing_profile(bench.graph, self._task, context)
            except GuidedProfileError as error:
                failed = Failed(job.user_id, type(error).__name__, str(error))
        stands, versions = await profiles.standing(), await profiles.versions()
        dropped = job.standing is not None and job.standing.profile not in versions
        return Made(
            job.user_id,
            standing=None if failed or stands == job.standing else stands,
            dropped=dropped,
            failed=failed,
            cost=Cost.of(calls),
        )
