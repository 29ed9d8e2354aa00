"""Runs that have asked their user something, and wait in this process for the reply."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from uuid import UUID

from guided_profile.apps.server.access.problems import RefusedError
from guided_profile.graph.build import Graph
from guided_profile.graph.context import Context

MOST = 500
"""How many runs wait at a time; the oldest are let go."""
PATIENCE = 15 * 60.0
"""How long one waits, in seconds."""


@dataclass(frozen=True, slots=True)
class Paused:
    """A run that waits."""

    graph: Graph
    """With the checkpointer that holds the run's thread."""
    thread: str
    context: Context
    until: float


class Waiting:
    """The runs that wait, by id; replies have to come to the process that asked."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Begin with none."""
        self._clock = clock
        self._paused: OrderedDict[UUID, Paused] = OrderedDict()
        self._lock = Lock()

    def keep(self, run_id: UUID, graph: Graph, thread: str, context: Context) -> None:
        """Have a run wait."""
        with self._lock:
            self._paused[run_id] = Paused(graph, thread, context, self._clock() + PATIENCE)
            while len(self._paused) > MOST:
                self._paused.popitem(last=False)

    def find(self, run_id: UUID, user_id: str) -> Paused:
        """Return a user's run that waits.

        Raises:
            RefusedError: None of theirs of that id does.
        """
        with self._lock:
            found = self._paused.get(run_id)
        if found is None or found.context.user_id != user_id or found.until < self._clock():
            raise RefusedError(404, "not_found", "nothing waits for this reply; ask again.")
        return found

    def drop(self, run_id: UUID) -> None:
        """Have a run wait no longer."""
        with self._lock:
            self._paused.pop(run_id, None)
