import asyncio
from contextlib import suppress

import pytest

from guided_profile.tools import cancel
from guided_profile.tools.cancel import cancel_all


async def test_what_swallows_a_cancellation_is_ended_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancel, "AGAIN", 0.05)

    async def deaf() -> None:
        for _ in range(3):
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(60)
        await asyncio.sleep(60)

    async def failing() -> None:
        raise KeyError("theirs")

    tasks = [asyncio.create_task(coroutine) for coroutine in (deaf(), asyncio.sleep(60), failing())]
    await asyncio.sleep(0)
    await asyncio.wait_for(cancel_all(tasks), 5)
    assert [task.cancelled() for task in tasks] == [True, True, False]
    assert isinstance(tasks[2].exception(), KeyError)


async def test_nothing_is_waited_for_where_all_have_ended() -> None:
    done = asyncio.create_task(asyncio.sleep(0))
    await done
    await cancel_all([done])
    await cancel_all([])
