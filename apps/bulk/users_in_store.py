"""The users of the history store, whose profiles go to the profile store."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from langgraph.store.base import BaseStore

from guided_profile.apps.bulk.base import BuildInput, BuildResult, Failed, cited
from guided_profile.graph.context import Context
from guided_profile.graph.records import Standing
from guided_profile.graph.tasks import Task
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.leases import BuildLeases, locks_of
from guided_profile.tools.profiles.plan import variant_of, write_standing
from guided_profile.tools.profiles.store import ProfileStore


class StoredUsers:
    """Everybody who has a history; in a database, other processes may be at some of them."""

    def __init__(self, history: HistoryStore, store: BaseStore, task: Task) -> None:
        self._history, self._store, self._task = history, store, task
        self._ids: list[str] | None = None
        self._builds = BuildLeases()

    async def count(self) -> int:
        """Return how many users there are."""
        return len(await self._users())

    async def inputs(self) -> AsyncIterator[BuildInput | Failed | None]:
        """Yield the users one by one, without vectors."""
        for user_id in await self._users():
            standing = await self._profiles(user_id).standing()
            yield await asyncio.to_thread(self._input, user_id, standing)

    async def complete(self, user: BuildInput) -> BuildInput | None:
        """Return the user with the vectors that the history store has.

        None: another process makes their profile now, or has just made it.
        """
        if locks_of(self._store) and not await self._is_ours(user):
            return None
        items = (*user.cited, *user.items)
        kept = await asyncio.to_thread(
            self._history.vectors, user.user_id, [item.id for item in items]
        )
        return replace(  # what has no vector was deleted since it was listed
            user,
            items=tuple(item for item in user.items if item.id in kept),
            cited=tuple(item for item in user.cited if item.id in kept),
            vectors=kept,
        )

    async def _is_ours(self, user: BuildInput) -> bool:
        """Take the profile to make, unless another process is at it, or has been meanwhile."""
        profiles = self._profiles(user.user_id)
        if not await self._builds.acquire(profiles):
            return False
        if await profiles.standing() == user.standing:
            return True
        self._builds.release(profiles)
        return False

    def release(self, user_id: str) -> None:
        """Let others make the user's profile again."""
        self._builds.release(self._profiles(user_id))

    async def keep(self, made: BuildResult) -> bool:
        """Write what was made; False: items it rests on were deleted meanwhile, so it is not."""
        profiles = self._profiles(made.user_id)
        if made.dropped:
            await profiles.drop()
        if made.standing is None:
            return True
        return await write_standing(profiles, made.standing, self._history)

    async def _users(self) -> list[str]:
        if self._ids is None:
            self._ids = await asyncio.to_thread(self._history.users)
        return self._ids

    def _profiles(self, user_id: str) -> ProfileStore:
        return ProfileStore(self._store, user_id, self._task.name, variant_of(self._task))

    def _input(self, user_id: str, standing: Standing | None) -> BuildInput:
        newest = Context(user_id=user_id).profile_items
        items = self._history.list(user_id, newest=newest)
        unseen = cited(standing) - {item.id for item in items}
        older = self._history.get(user_id, sorted(unseen)) if unseen else []
        return BuildInput(user_id, tuple(items), standing, tuple(older))
