"""The engine of one process: several users at once, on one event loop."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

from guided_profile.apps.bulk.base import Job, Made
from guided_profile.apps.bulk.maker import Maker
from guided_profile.tools.cancel import cancel_all


class LocalEngine:
    """Works on several users at once in this process."""

    def __init__(self, maker: Maker, concurrency: int) -> None:
        self._maker = maker
        self._concurrency = concurrency
        self._stopped = False

    async def run(self, jobs: AsyncIterator[Job]) -> AsyncGenerator[Made, None]:
        """Work on the jobs, and yield what became of each as soon as it is known."""
        made: asyncio.Queue[tuple[Made, asyncio.Event] | None] = asyncio.Queue()
        turn = asyncio.Lock()

        async def work() -> None:
            while not self._stopped:
                async with turn:  # an async generator serves one at a time
                    job = await anext(jobs, None)
                if job is None:
                    return
                taken = asyncio.Event()
                made.put_nowait((await self._maker.make(job), taken))
                await taken.wait()  # it may have been the last that a limit allows

        workers = [asyncio.create_task(work()) for _ in range(self._concurrency)]
        whole = asyncio.gather(*workers)
        whole.add_done_callback(lambda _: made.put_nowait(None))
        try:
            while (one := await made.get()) is not None:
                yield one[0]
                one[1].set()
            await whole
        finally:
            await cancel_all(workers)
            await asyncio.gather(whole, return_exceptions=True)

    async def stop(self) -> None:
        """Begin no further job; those that were begun come to their end."""
        self._stopped = True
