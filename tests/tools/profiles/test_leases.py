import asyncio

import pytest
from langgraph.store.memory import InMemoryStore
from shared_store import SharedStore

from guided_profile.tools.profiles.leases import BuildLeases
from guided_profile.tools.profiles.store import ProfileStore

STORE = InMemoryStore()
A, B = ProfileStore(STORE, "anna", "a"), ProfileStore(STORE, "anna", "b")


async def test_a_profile_is_taken_once_until_it_is_left() -> None:
    builds = BuildLeases()
    assert await builds.acquire(A)
    assert await builds.acquire(B)
    assert not await builds.acquire(A)
    builds.release(A)
    assert await builds.acquire(A)


async def test_others_wait_until_it_is_left() -> None:
    builds = BuildLeases()
    await builds.acquire(A)
    waiting = asyncio.create_task(builds.wait_for_others(A))
    await asyncio.sleep(0.06)
    assert not waiting.done()
    builds.release(A)
    await asyncio.wait_for(waiting, 10)


async def test_a_stage_that_fails_lets_go() -> None:
    builds = BuildLeases()
    await builds.acquire(A)
    with pytest.raises(RuntimeError, match="broken"):
        async with builds.stage(A):
            raise RuntimeError("broken")
    assert await builds.acquire(A)


async def test_a_run_that_went_silent_is_replaced_after_its_lease_but_a_stage_renews_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr("guided_profile.tools.profiles.leases.monotonic", lambda: now)
    builds = BuildLeases(lease=20)
    await builds.acquire(A)
    now += 15
    async with builds.stage(A):
        now += 100
        assert not await builds.acquire(A)
    now += 19
    assert not await builds.acquire(A)
    now += 2
    assert await builds.acquire(A)


async def test_what_a_stage_let_go_of_is_free_after_it() -> None:
    builds = BuildLeases()
    await builds.acquire(A)
    async with builds.stage(A):
        builds.release(A)
    assert await builds.acquire(A)


async def test_of_two_processes_one_takes_a_profile_and_what_it_leaves_is_free() -> None:
    shared = ProfileStore(SharedStore(), "anna", "a")
    first, second = BuildLeases(), BuildLeases()
    assert await first.acquire(shared)
    assert not await second.acquire(shared)
    second.release(shared)  # which is not its own to leave
    assert not await second.acquire(shared)
    first.release(shared)
    assert await second.acquire(shared)
    with pytest.raises(RuntimeError, match="broken"):
        async with second.stage(shared):
            raise RuntimeError("broken")
    assert await first.acquire(shared)


async def test_what_went_silent_in_one_process_is_free_for_the_others() -> None:
    shared = ProfileStore(SharedStore(), "anna", "a")
    silent, other = BuildLeases(lease=0.05), BuildLeases()
    await silent.acquire(shared)
    async with silent.stage(shared):
        await asyncio.sleep(0.1)
        assert not await other.acquire(shared)
    await asyncio.sleep(0.2)
    assert await other.acquire(shared)
