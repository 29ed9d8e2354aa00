"""Ending what runs beside: cancelled, and waited for."""

import asyncio
from collections.abc import Collection
from typing import Any

AGAIN = 1.0
"""Seconds after which what did not end is cancelled once more."""


async def cancel_all(tasks: Collection["asyncio.Task[Any]"]) -> None:
    """Cancel tasks until all have ended; what they raised is theirs to report.

    Once is not enough: LangGraph swallows a cancellation that comes while it cleans up after a run
    (pregel's `astream`), and the task goes on with what comes next.
    """
    while left := [task for task in tasks if not task.done()]:
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=AGAIN)
