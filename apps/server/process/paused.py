"""Runs that have asked their user something, and wait for the reply."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Protocol
from uuid import UUID

from cachetools import TTLCache

from guided_profile.apps.server.access.problems import RefusedError
from guided_profile.graph.build import Graph
from guided_profile.graph.context import Context

MAX_RUNS = 500
"""How many wait in a process at a time; the oldest are let go."""
MAX_SECONDS = 15 * 60.0
"""How long a run waits."""


@dataclass(slots=True)
class Paused:
    """A run that waits."""

    graph: Graph
    """With the checkpointer that holds the run's thread."""
    thread: str
    context: Context
    resumed: bool = False
    """Whether a reply came, and the run goes on with it."""


class WaitingRuns(Protocol):
    """The runs that wait, by id."""

    async def keep(self, run_id: UUID, graph: Graph, thread: str, context: Context) -> None:
        """Have a run wait."""

    async def take(self, run_id: UUID, user_id: str) -> Paused:
        """Return a user's run that waits, to be resumed by who asks, and by nobody else meanwhile.

        Raises:
            RefusedError: None of theirs of that id does, or it has a reply already.
        """

    async def settle(self, run_id: UUID, paused: Paused, *, done: bool) -> None:
        """Have a run wait no longer, or again, where the reply came to nothing."""


class PausedRuns:
    """The runs that wait in this process; replies have to come to it."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Begin with none."""
        self._runs: TTLCache[UUID, Paused] = TTLCache(MAX_RUNS, MAX_SECONDS, clock)
        self._lock = Lock()

    async def keep(self, run_id: UUID, graph: Graph, thread: str, context: Context) -> None:
        """Have a run wait."""
        with self._lock:
            self._runs[run_id] = Paused(graph, thread, context)

    async def take(self, run_id: UUID, user_id: str) -> Paused:
        """Return a user's run that waits, as above."""
        with self._lock:
            found = self._runs.get(run_id)
            if found is None or found.context.user_id != user_id:
                raise nothing_waits()
            if found.resumed:
                raise already_replied()
            found.resumed = True
            return found

    async def settle(self, run_id: UUID, paused: Paused, *, done: bool) -> None:
        """Have a run wait no longer, or again, as above."""
        with self._lock:
            if done:
                self._runs.pop(run_id, None)
            elif found := self._runs.get(run_id):
                found.resumed = False


def nothing_waits() -> RefusedError:
    """Return the answer to a reply that nothing waits for."""
    return RefusedError(404, "not_found", "nothing waits for this reply; ask again.")


def already_replied() -> RefusedError:
    """Return the answer to a second reply."""
    return RefusedError(409, "replied", "there is a reply to this already; wait for its answer.")
