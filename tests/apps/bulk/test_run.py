"""A run over many users: when it stops, and what it counts."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from guided_profile.apps.bulk.base import BuildInput, BuildResult, Failed, Limits, Plan, Tally
from guided_profile.apps.bulk.engines.local import LocalEngine
from guided_profile.apps.bulk.run import Run
from guided_profile.graph.errors import ModelError
from guided_profile.graph.records import Cost, Standing
from guided_profile.tools.models.calls import MOST_FAILURES
from guided_profile.tools.profiles.plan import empty_profile

PROFILE = empty_profile("dialogue", "made", "m", datetime(2026, 1, 1, tzinfo=UTC))
MADE = Standing(profile=PROFILE, covered=(), made_with="")


class Listed:
    """Users by name, and those of whom something is kept."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.kept: list[str] = []

    async def count(self) -> int:
        return len(self.names)

    async def inputs(self) -> AsyncIterator[BuildInput | Failed | None]:
        for name in self.names:
            yield BuildInput(name, ())

    async def complete(self, user: BuildInput) -> BuildInput:
        return user

    def release(self, user_id: str) -> None:
        """Nobody else is there."""

    async def keep(self, made: BuildResult) -> bool:
        self.kept.append(made.user_id)
        return not made.user_id.startswith("deleted")


class Scripted:
    """Makes profiles by the user's name; counts how many are at work at once."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.at_work = self.most = 0

    async def make(self, user: BuildInput) -> BuildResult:
        self.begun.append(user.user_id)
        self.at_work += 1
        self.most = max(self.most, self.at_work)
        await asyncio.sleep(0.001)
        self.at_work -= 1
        cost = Cost(calls=1, input_tokens=100, output_tokens=10)
        if user.user_id.startswith("model"):
            error = Failed(user.user_id, "ModelError", "no answer")
            return BuildResult(user.user_id, failed=error, cost=Cost(calls=1))
        if user.user_id.startswith("deaf"):
            with suppress(asyncio.CancelledError):  # as LangGraph may where it cleans up
                await asyncio.sleep(60)
        if user.user_id.startswith("bug"):
            raise KeyError(user.user_id)
        if user.user_id.startswith("nothing"):
            return BuildResult(user.user_id, dropped="dropped" in user.user_id, cost=cost)
        if user.user_id.startswith("cold"):
            return BuildResult(user.user_id)
        return BuildResult(user.user_id, standing=MADE, cost=cost)


async def run(
    users: Listed,
    maker: Scripted,
    concurrency: int = 1,
    limits: Limits = Limits(),  # noqa: B008
) -> tuple[Tally, list[Failed]]:
    failed: list[Failed] = []

    async def plan(user: BuildInput) -> Plan:
        return Plan("standing" if user.user_id.startswith("fresh") else "built")

    tally = await Run(
        users,
        plan,
        LocalEngine(maker, concurrency),
        limits=limits,
        on_failed=failed.append,
        on_progress=lambda tally: None,
    ).finish()
    return tally, failed


async def test_everybody_is_worked_on_once_and_so_many_at_once() -> None:
    users, maker = Listed([f"user-{n}" for n in range(30)]), Scripted()
    await run(users, maker, concurrency=5)
    assert sorted(users.kept) == sorted(users.names) == sorted(maker.begun)
    assert maker.most == 5


async def test_failures_that_are_not_in_a_row_do_not_end_a_run() -> None:
    names = [name for n in range(20) for name in (f"model-{n}", f"user-{n}")]
    tally, failed = await run(Listed(names), Scripted())
    assert (tally.failed, len(failed), len(names) - tally.done) == (20, 20, 0)


async def test_failures_in_a_row_end_it_and_what_is_at_work_is_still_kept() -> None:
    names = [*(f"model-{n}" for n in range(MOST_FAILURES)), *(f"user-{n}" for n in range(50))]
    users, maker = Listed(names), Scripted()
    with pytest.raises(ModelError, match=f"{MOST_FAILURES} profiles in a row failed"):
        await run(users, maker, concurrency=3)
    assert len(maker.begun) <= MOST_FAILURES + 3
    assert users.kept == maker.begun[MOST_FAILURES:]


async def test_a_profile_that_was_not_written_is_a_failure_of_its_user() -> None:
    users = Listed(["nothing-1", "nothing-dropped", "cold-1", "fresh-1", "user-1"])
    tally, failed = await run(users, Scripted())
    assert (tally.failed, tally.fresh, tally.built) == (2, 2, 1)
    assert {(failure.error, failure.message[:28]) for failure in failed} == {
        ("ModelError", "the model wrote no profile; ")
    }
    assert users.kept == ["nothing-dropped", "user-1"], "what shows deleted items still goes"
    assert tally.spent.calls == 3
    with pytest.raises(ModelError, match=r"10 profiles in a row failed, .*wrote no profile"):
        await run(Listed([f"nothing-{n}" for n in range(20)]), Scripted())


async def test_a_limit_stops_it_within_what_is_at_work() -> None:
    users, maker = Listed([f"user-{n}" for n in range(50)]), Scripted()
    tally, _ = await run(users, maker, 4, Limits(tokens=1100))
    assert tally.limited
    assert 10 <= len(maker.begun) <= 10 + 3
    assert sorted(users.kept) == sorted(maker.begun)


async def test_a_limit_of_money_counts_both_prices() -> None:
    names = [f"user-{n}" for n in range(50)]
    limits = Limits(cost=0.0006, price_in=1.0, price_out=2.0)  # 0.00012 each
    tally, _ = await run(Listed(names), Scripted(), limits=limits)
    assert tally.spent.calls == 5


async def test_who_is_changed_meanwhile_is_reported_and_no_model_is_blamed() -> None:
    tally, failed = await run(Listed(["fresh-1", *(f"deleted-{n}" for n in range(12))]), Scripted())
    assert (tally.fresh, tally.failed) == (1, 12)
    assert "deleted meanwhile" in failed[0].message


async def test_a_bug_is_raised_and_leaves_nobody_at_work() -> None:
    users, maker = Listed([*(f"user-{n}" for n in range(5)), "bug", "user-6"]), Scripted()
    with pytest.raises(KeyError):
        await run(users, maker, concurrency=3)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_fault_of_our_own_ends_the_run_even_if_a_cancellation_is_swallowed() -> None:
    users, maker = Listed(["deaf", "bug", "one"]), Scripted()
    with pytest.raises(KeyError, match="bug"):
        await asyncio.wait_for(run(users, maker, concurrency=2), 5)
