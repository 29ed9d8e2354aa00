"""The bench of the proxy: that all three ways are measured, and ours is personal."""

import asyncio

import pytest

from guided_profile.evals.benches.proxy_overhead import measure


@pytest.mark.live
def test_the_three_ways_are_measured_streamed_and_whole(capsys: pytest.CaptureFixture[str]) -> None:
    asyncio.run(measure(0.0, workers=1, seconds=0.2, numbers=[2]))
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()]
    assert [row[3] for row in rows] == ["direct", "bare", "ours"] * 2
    assert [row[1] for row in rows] == ["streamed"] * 3 + ["whole"] * 3
    assert [row[-2] for row in rows] == ["0%", "0%", "100%"] * 2
    assert all(int(row[-1].strip(" |")) > 0 for row in rows)
