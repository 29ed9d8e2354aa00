"""Uploads take turns, in threads of their own, so that all other routes have theirs."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar
from weakref import WeakValueDictionary

from guided_profile.apps.server.access.problems import RefusedError

AT_ONCE = 2
"""How many uploads are read at the same time, and of each user one."""
WAITING = 50
"""How many uploads of a user wait for their turn."""
TURN_SECONDS = 60.0
"""Seconds that an upload waits for its turn."""

_Result = TypeVar("_Result")
_RETRY = {"Retry-After": "10"}


class Uploads:
    """The uploads that are being read in this process."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="upload")
        self._users: WeakValueDictionary[object, asyncio.Lock] = WeakValueDictionary()
        self._waiting: dict[str, int] = {}

    async def read(self, user_id: str, work: Callable[[], _Result]) -> _Result:
        """Do some work on a user's upload in its turn, apart from all other work.

        Raises:
            RefusedError: Its turn did not come in time, or too many of the user's wait already.
        """
        loop = asyncio.get_running_loop()
        waiting = self._waiting.get(user_id, 0)
        if waiting >= WAITING:
            message = "too many of your uploads wait already; try again in 10 s."
            raise RefusedError(429, "too_many_requests", message, _RETRY)
        self._waiting[user_id] = waiting + 1
        turn = self._users.setdefault((loop, user_id), asyncio.Lock())
        try:
            try:
                await asyncio.wait_for(turn.acquire(), TURN_SECONDS)
            except TimeoutError:
                message = "your other uploads are still being read; try again in 10 s."
                raise RefusedError(503, "busy", message, _RETRY) from None
            try:
                return await loop.run_in_executor(self._pool, work)
            finally:
                turn.release()
        finally:
            self._waiting[user_id] -= 1
            if not self._waiting[user_id]:
                del self._waiting[user_id]
