import asyncio

import pytest

from guided_profile.tools.profiles.leases import BuildLeases


async def test_a_profile_is_taken_once_until_it_is_left() -> None:
    builds = BuildLeases()
    assert builds.acquire("a")
    assert builds.acquire("b")
    assert not builds.acquire("a")
    builds.release("a")
    assert builds.acquire("a")


async def test_others_wait_until_it_is_left() -> None:
    builds = BuildLeases()
    builds.acquire("a")
    waiting = asyncio.create_task(builds.wait_for_others("a"))
    await asyncio.sleep(0.06)
    assert not waiting.done()
    builds.release("a")
    await asyncio.wait_for(waiting, 10)


async def test_a_stage_that_fails_lets_go() -> None:
    builds = BuildLeases()
    builds.acquire("a")
    with pytest.raises(RuntimeError, match="broken"):
        async with builds.stage("a"):
            raise RuntimeError("broken")
    assert builds.acquire("a")


async def test_a_run_that_went_silent_is_replaced_after_its_lease_but_a_stage_renews_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr("guided_profile.tools.profiles.leases.monotonic", lambda: now)
    builds = BuildLeases(lease=20)
    builds.acquire("a")
    now += 15
    async with builds.stage("a"):
        now += 100
        assert not builds.acquire("a")
    now += 19
    assert not builds.acquire("a")
    now += 2
    assert builds.acquire("a")


async def test_what_a_stage_let_go_of_is_free_after_it() -> None:
    builds = BuildLeases()
    builds.acquire("a")
    async with builds.stage("a"):
        builds.release("a")
    assert builds.acquire("a")
