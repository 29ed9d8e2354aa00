"""The bench of several workers: what it sends, what it counts, and how it judges growth."""

import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from guided_profile.evals.benches.processor import busy_seconds, processes, seconds_of
from guided_profile.evals.benches.sending import Turn, Users
from guided_profile.evals.benches.workers import PARTS, could, growth, table

SPINS = "import time\nwhile time.process_time() < 0.25: pass\n"
STAYS = SPINS + "print('spun', flush=True); input()"
SPAWNS = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {SPINS!r}])
stays = subprocess.Popen([sys.executable, "-c", {STAYS!r}], stdin=-1, stdout=-1)
stays.stdout.readline()
print("done", flush=True)
sys.stdin.read()
stays.communicate(b"\\n")
"""
"""Has two children, which spin: one has ended, one stays."""
Received = dict[str, Counter[str]]


@pytest.fixture
async def workers() -> AsyncIterator[tuple[list[str], Received]]:
    """Two servers that take everything of everybody, and of user 3 nothing."""
    received: Received = defaultdict(Counter)
    runners, urls = [], []
    for name in ("one", "other"):

        async def answer(request: web.Request, name: str = name) -> web.Response:
            received[name][request.path] += 1
            refused = request.query["user"] == "user-3"
            return web.json_response({}, status=503 if refused else 200)

        app = web.Application()
        app.router.add_post("/{path}", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        urls.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
        runners.append(runner)
    yield urls, received
    for runner in runners:
        await runner.cleanup()


def a_turn(asks: int, **milliseconds: float) -> Turn:
    """Return a turn of a second, in which each request took so much of the processor."""
    processor = {part: milliseconds.get(part, 0) / 1000 * (asks + 2) for part in PARTS}
    return Turn([0.2] * asks, [0.1, 0.1], seconds=1.0, processor=processor | {"others": 0.0})


async def test_each_worker_gets_its_share_of_questions_and_items(
    workers: tuple[list[str], Received],
) -> None:
    urls, received = workers
    async with aiohttp.ClientSession() as session:
        turn = await Users(session, 3).send(urls, 2, 0.5)
    assert not turn.failed
    assert turn.requests == sum(paths.total() for paths in received.values()) > 20
    assert abs(received["one"].total() - received["other"].total()) <= 1
    assert len(turn.asks) / len(turn.writes) == pytest.approx(4, rel=0.3)


async def test_what_is_refused_is_counted_apart(workers: tuple[list[str], Received]) -> None:
    urls, _ = workers
    async with aiohttp.ClientSession() as session:
        turn = await Users(session, 4).send(urls[:1], 4, 0.2)
        gone = await Users(session, 1).send(["http://127.0.0.1:9"], 1, 0.01)
    assert turn.failed["503"] > 0 < turn.requests
    assert gone.failed["ClientConnectorError"] > 0 == gone.requests


def test_what_a_process_started_counts_as_its_own_running_or_ended() -> None:
    everything = busy_seconds()
    with subprocess.Popen(
        [sys.executable, "-c", SPAWNS], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        assert 0.5 <= seconds_of(process.pid, processes()) < 5
        process.communicate(b"")
    assert busy_seconds() - everything >= 0.5


def test_growth_is_held_against_what_the_cores_have_room_for() -> None:
    one = a_turn(38, workers=20, Chroma=5)
    assert could(one, 1, 2, cores=64) == pytest.approx(2)
    assert could(one, 1, 2, cores=2) == pytest.approx(2 / 25 * 20)
    two = a_turn(58, workers=22, Chroma=5)
    (line,) = growth({(1, 8): [one], (2, 8): [two]}, cores=2)
    assert line.startswith("2 workers for 1, 8 users at once: 1.50 [1.50, 1.50] times")
    assert "(linear: 2; what 2 cores have room for, at the processor time of 1: 1.60)" in line
    assert "a request takes 1.10 of the workers'" in line


def test_a_row_says_what_each_part_took() -> None:
    *_, row = table({(1, 8): [a_turn(40, workers=20, sending=2)]}).splitlines()
    assert row.startswith("| 1 | 8 | 42.0 [42.0, 42.0] | 200 (200) | 100 (100) | 20.0 | 0.0 |")
