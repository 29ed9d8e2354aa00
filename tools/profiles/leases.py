"""Who is making which profile now, so that runs at the same time make it once.

Within a process that is agreed in memory. Where the store is one that processes share, its `locks`
are asked too.
"""

import asyncio
from collections.abc import AsyncIterator, Hashable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from math import inf
from threading import Lock, Timer
from time import monotonic
from typing import Protocol, cast

from guided_profile.tools.profiles.store import ProfileStore

LEASE = 180.0
"""Seconds after which a run that went silent between two stages no longer holds a profile."""
_POLL = 0.02
_POLL_OTHERS = 0.2
"""Seconds between two looks whether another process is done."""


class Locks(Protocol):
    """What processes that share a store agree by; see `build_locks`."""

    def take(self, key: Hashable, owner: object) -> "Future[bool]":
        """Begin to take a lock; the result says whether it was free."""

    def let_go(self, key: Hashable, owner: object) -> None:
        """Let go of a lock, if it is the owner's."""


def locks_of(store: object) -> Locks | None:
    """Return what the processes on a store agree by; None: no other process makes its profiles."""
    return cast("Locks | None", getattr(store, "locks", None))


class BuildLeases:
    """The profiles that runs of this process are making; threads and event loops may share it."""

    def __init__(self, lease: float = LEASE) -> None:
        self._lease = lease
        self._until: dict[Hashable, float] = {}
        self._silent: dict[Hashable, Timer] = {}
        self._lock = Lock()

    async def acquire(self, profiles: ProfileStore) -> bool:
        """Take a profile to make; False: another run is at it, here or in another process.

        Raises:
            ProfilesError: The store's locks cannot be reached.
        """
        key = profiles.key
        with self._lock:
            if self._until.get(key, 0.0) > monotonic():
                return False
            self._until[key] = monotonic() + self._lease
        locks = locks_of(profiles.store)
        if locks is None:
            return True
        taken = False
        try:
            taken = await asyncio.wrap_future(locks.take(key, self))
        finally:
            if not taken:
                self.release(profiles)
        return taken

    def release(self, profiles: ProfileStore) -> None:
        """Let go of a profile, made or failed."""
        key = profiles.key
        with self._lock:
            self._until.pop(key, None)
            self._heard_from(key)
        if locks := locks_of(profiles.store):
            locks.let_go(key, self)

    async def wait_for_others(self, profiles: ProfileStore) -> None:
        """Wait until no run of this process is at it, and a moment for those of others."""
        while self._until.get(profiles.key, 0.0) > monotonic():  # noqa: ASYNC110 - Events know one loop
            await asyncio.sleep(_POLL)
        if locks_of(profiles.store):
            await asyncio.sleep(_POLL_OTHERS)

    @asynccontextmanager
    async def stage(self, profiles: ProfileStore | None) -> AsyncIterator[None]:
        """Keep a profile through one stage of making it; a stage that fails lets go of it.

        Args:
            profiles: The profile; None: this run does not make one that will stand.
        """
        if profiles is None:
            yield
            return
        key = profiles.key
        with self._lock:
            self._until[key] = inf
            self._heard_from(key)
        try:
            yield
        except BaseException:
            self.release(profiles)
            raise
        with self._lock:
            if key in self._until:  # it may have been left in the stage
                self._until[key] = monotonic() + self._lease
                if locks := locks_of(profiles.store):
                    timer = Timer(self._lease, locks.let_go, (key, self))
                    timer.daemon = True
                    self._silent[key] = timer
                    timer.start()

    def _heard_from(self, key: Hashable) -> None:
        if timer := self._silent.pop(key, None):
            timer.cancel()
