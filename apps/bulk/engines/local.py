"""The engine of one process: several users at once, on one event loop."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

from guided_profile.apps.bulk.base import BuildInput, BuildResult
from guided_profile.apps.bulk.maker import Maker
from guided_profile.tools.cancel import cancel_all


class LocalEngine:
    """Works on several users at once in this process, each in a task of their own."""

    def __init__(self, maker: Maker, concurrency: int) -> None:
        self._maker = maker
        self._concurrency = concurrency
        self._stopped = False

    async def run(self, users: AsyncIterator[BuildInput]) -> AsyncGenerator[BuildResult, None]:
        """Work on the users, and yield what became of each as soon as it is known."""

        async def following() -> BuildInput | None:
            return await anext(users, None)

        working: list[asyncio.Task[BuildResult]] = []
        # looked for meanwhile: there may be many between who need nothing
        coming: asyncio.Task[BuildInput | None] | None = asyncio.create_task(following())
        try:
            while working or coming:
                is_full = len(working) == self._concurrency
                waits: list[asyncio.Task[Any]] = [*working]
                if coming and not is_full:
                    waits.append(coming)
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                for task in [task for task in working if task.done()]:
                    working.remove(task)
                    yield task.result()
                if coming and coming.done() and not is_full:
                    user, coming = coming.result(), None
                    if user and not self._stopped:
                        working.append(asyncio.create_task(self._maker.make(user)))
                        coming = asyncio.create_task(following())
        finally:
            await cancel_all([*working, *([coming] if coming else [])])

    async def stop(self) -> None:
        """Begin no further user; those that were begun come to their end."""
        self._stopped = True
