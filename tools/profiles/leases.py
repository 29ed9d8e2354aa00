"""Who is making which profile now, so that runs at the same time make it once."""

import asyncio
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from math import inf
from threading import Lock
from time import monotonic

LEASE = 180.0
"""Seconds after which a run that went silent between two stages no longer holds a profile."""
_POLL = 0.02


class BuildLeases:
    """The profiles that runs of this process are making; threads and event loops may share it."""

    def __init__(self, lease: float = LEASE) -> None:
        self._lease = lease
        self._until: dict[Hashable, float] = {}
        self._lock = Lock()

    def acquire(self, key: Hashable) -> bool:
        """Take a profile to make; False: another run is at it."""
        with self._lock:
            if self._until.get(key, 0.0) > monotonic():
                return False
            self._until[key] = monotonic() + self._lease
            return True

    def release(self, key: Hashable) -> None:
        """Let go of a profile, made or failed."""
        with self._lock:
            self._until.pop(key, None)

    async def wait_for_others(self, key: Hashable) -> None:
        """Wait until no run is at it."""
        while self._until.get(key, 0.0) > monotonic():  # noqa: ASYNC110 - Events know one loop
            await asyncio.sleep(_POLL)

    @asynccontextmanager
    async def stage(self, key: Hashable | None) -> AsyncIterator[None]:
        """Keep a profile through one stage of making it; a stage that fails lets go of it.

        Args:
            key: The profile; None: this run does not make one that will stand.
        """
        if key is None:
            yield
            return
        with self._lock:
            self._until[key] = inf
        try:
            yield
        except BaseException:
            self.release(key)
            raise
        with self._lock:
            if key in self._until:  # it may have been left in the stage
                self._until[key] = monotonic() + self._lease
