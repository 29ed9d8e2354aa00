"""Runs that wait for their user's reply where every process of a server can go on with them.

A run works in its own process's memory, as all do. When it asks its user something, its thread is
copied to LangGraph's checkpointer in the database, with a row that says whose it is; whoever gets
the reply copies it back. So a run that never asks costs nothing more, and where a process is killed
in the middle of a reply, the run waits as it did before, and may be replied to again.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, Protocol, cast
from uuid import UUID

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.store.base import BaseStore
from pydantic import TypeAdapter, ValidationError

from guided_profile.apps.runs import thread_memory
from guided_profile.apps.server.process.paused import (
    MAX_SECONDS,
    Paused,
    already_replied,
    nothing_waits,
)
from guided_profile.graph.build import Graph, utc_now
from guided_profile.graph.context import Context
from guided_profile.tools.profiles.leases import Locks
from guided_profile.tools.profiles.store import PAUSED, everything, paused_namespace

_CONTEXT = TypeAdapter(Context)


class SharedThreads(Protocol):
    """What a store has beside, that processes share."""

    threads: BaseCheckpointSaver[Any]
    locks: Locks

    async def delete_threads(self, names: Iterable[str]) -> None:
        """Delete threads."""


def shared_threads(store: BaseStore) -> SharedThreads | None:
    """Return the threads beside a store; None: no other process has its runs."""
    return cast("SharedThreads", store) if hasattr(store, "threads") else None


class PausedAnywhere:
    """The runs that wait, by id; any process on the database may go on with one."""

    def __init__(
        self,
        graph: Graph,
        store: BaseStore,
        shared: SharedThreads,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        """Get ready.

        Args:
            graph: What goes on with a run.
            store: Where it stands whose they are.
            shared: Its threads.
            clock: The time, in UTC.
        """
        self._graph, self._store, self._shared, self._clock = graph, store, shared, clock

    async def keep(self, run_id: UUID, graph: Graph, thread: str, context: Context) -> None:
        """Have a run wait.

        Raises:
            ProfilesError: The database cannot be reached.
        """
        await self.let_go()
        memory = cast("BaseCheckpointSaver[Any]", graph.checkpointer)
        await copy_thread(memory, thread, self._shared.threads, run_id.hex)
        fields = _CONTEXT.dump_python(context, mode="json")
        row = {"context": fields, "thread": thread, "since": self._clock().isoformat()}
        await self._store.aput(paused_namespace(context.user_id), run_id.hex, row, index=False)

    async def let_go(self) -> None:
        """Let go of those that nobody replied to, whoever asked.

        Raises:
            ProfilesError: The database cannot be reached.
        """
        for row in await everything(self._store, PAUSED):
            if self._is_over(row.value):
                await self._forget(row.namespace, row.key)

    async def take(self, run_id: UUID, user_id: str) -> Paused:
        """Return a user's run that waits, to be resumed by who asks, and by nobody else meanwhile.

        Raises:
            RefusedError: None of theirs of that id does, or it has a reply already.
            ProfilesError: The database cannot be reached.
        """
        row = await self._store.aget(paused_namespace(user_id), run_id.hex)
        if row is None or self._is_over(row.value):
            raise nothing_waits()
        memory = thread_memory()
        graph = self._graph.copy({"store": self._store, "checkpointer": memory})
        try:
            context = _CONTEXT.validate_python(row.value["context"])
        except ValidationError:  # kept by another version of this package
            raise nothing_waits() from None
        paused = Paused(graph, row.value["thread"], context)
        if not await asyncio.wrap_future(self._shared.locks.take(_lock(run_id), paused)):
            raise already_replied()
        try:
            if not await copy_thread(self._shared.threads, run_id.hex, memory, paused.thread):
                raise nothing_waits()  # it has just been answered
        except BaseException:
            self._shared.locks.let_go(_lock(run_id), paused)
            raise
        return paused

    async def settle(self, run_id: UUID, paused: Paused, *, done: bool) -> None:
        """Have a run wait no longer, or again, where the reply came to nothing.

        Raises:
            ProfilesError: The database cannot be reached.
        """
        try:
            if done:
                await self._forget(paused_namespace(paused.context.user_id), run_id.hex)
        finally:
            self._shared.locks.let_go(_lock(run_id), paused)

    def _is_over(self, row: dict[str, Any]) -> bool:
        since = datetime.fromisoformat(row["since"])
        return self._clock() - since > timedelta(seconds=MAX_SECONDS)

    async def _forget(self, namespace: tuple[str, ...], key: str) -> None:
        await self._shared.delete_threads([key])
        await self._store.adelete(namespace, key)


async def copy_thread(
    source: BaseCheckpointSaver[Any], thread: str, target: BaseCheckpointSaver[Any], name: str
) -> bool:
    """Copy where a thread stands, with what it waits for; False: there is no such thread."""
    kept = await source.aget_tuple(_place(thread))
    if kept is None:
        return False
    checkpoint = kept.checkpoint
    placed = await target.aput(
        _place(name), checkpoint, kept.metadata, checkpoint["channel_versions"]
    )
    writes: defaultdict[str, list[tuple[str, Any]]] = defaultdict(list)
    for task, channel, value in kept.pending_writes or ():
        writes[task].append((channel, value))
    for task, written in writes.items():
        await target.aput_writes(placed, written, task)
    return True


def _place(thread: str) -> RunnableConfig:
    return {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}


def _lock(run_id: UUID) -> tuple[str, str]:
    return ("reply", run_id.hex)
