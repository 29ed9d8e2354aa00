"""The bench of the graph's own time: that it shows where the time goes."""

import asyncio
import cProfile

import pytest

from guided_profile.evals.benches.overhead import in_place, times, where


async def test_the_packages_share_the_warm_runs_time_between_them() -> None:
    profiler = cProfile.Profile()
    with in_place():
        cold, warm = await times(2, 3, profiler)
    assert (len(cold), len(warm)) == (2, 2)
    shares = dict(where(profiler))
    assert sum(shares.values()) == pytest.approx(1.0)
    assert {"langgraph", "guided_profile.tools", "guided_profile.graph"} <= set(shares)
    assert asyncio.to_thread.__module__ == "asyncio.threads", "threads are threads again"
