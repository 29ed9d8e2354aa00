import asyncio

import pytest

from guided_profile.tools.profiles.leases import Builds


async def test_a_profile_is_taken_once_until_it_is_left() -> None:
    builds = Builds()
    assert builds.take("a")
    assert builds.take("b")
    assert not builds.take("a")
    builds.leave("a")
    assert builds.take("a")


async def test_others_wait_until_it_is_left() -> None:
    builds = Builds()
    builds.take("a")
    waiting = asyncio.create_task(builds.others("a"))
    await asyncio.sleep(0.06)
    assert not waiting.done()
    builds.leave("a")
    await asyncio.wait_for(waiting, 10)


async def test_a_stage_that_fails_lets_go() -> None:
    builds = Builds()
    builds.take("a")
    with pytest.raises(RuntimeError, match="broken"):
        async with builds.stage("a"):
            raise RuntimeError("broken")
    assert builds.take("a")


async def test_a_run_that_went_silent_is_replaced_after_its_lease_but_a_stage_renews_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr("guided_profile.tools.profiles.leases.monotonic", lambda: now)
    builds = Builds(lease=20)
    builds.take("a")
    now += 15
    async with builds.stage("a"):
        now += 100
        assert not builds.take("a")
    now += 19
    assert not builds.take("a")
    now += 2
    assert builds.take("a")


async def test_what_a_stage_let_go_of_is_free_after_it() -> None:
    builds = Builds()
    builds.take("a")
    async with builds.stage("a"):
        builds.leave("a")
    assert builds.take("a")
