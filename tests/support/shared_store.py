"""A store in memory that two processes share, as far as those that use it can tell."""

from collections.abc import Hashable, Iterable
from concurrent.futures import Future
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.store.memory import InMemoryStore

from guided_profile.apps.runs import thread_memory


class SharedLocks:
    """Locks that are held in memory."""

    def __init__(self) -> None:
        self.held: dict[Hashable, object] = {}

    def take(self, key: Hashable, owner: object) -> "Future[bool]":
        done: Future[bool] = Future()
        done.set_result(self.held.setdefault(key, owner) is owner)
        return done

    def let_go(self, key: Hashable, owner: object) -> None:
        if self.held.get(key) is owner:
            del self.held[key]


class SharedStore(InMemoryStore):
    def __init__(self) -> None:
        super().__init__()
        self.locks = SharedLocks()
        self.threads: BaseCheckpointSaver[Any] = thread_memory()

    async def delete_threads(self, names: Iterable[str]) -> None:
        for name in names:
            await self.threads.adelete_thread(name)
