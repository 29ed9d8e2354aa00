"""How many requests a second the server answers with more workers, and what each part takes of it.

    python -m guided_profile.evals.benches.workers --database postgresql://… \
        [--workers 1 2] [--at-once 4 32] [--seconds 20] [--rounds 5] [--users 128] [--latency 0.05]

Workers (uvicorn), each a process on a port of its own, stand on one Postgres, one Chroma server and
one scripted endpoint, all of them on this machine, which has to be a Linux one. In turns, users
send requests to so many of the workers, each request to the next one, as a balancer in front does:
four questions, each a new one, and then an item for the history, so that profiles get old and are
revised meanwhile. Printed are, of each number of workers and of users at once, requests a second,
the times that they take, and the processor time that a request takes of the workers, of Chroma,
Postgres and the endpoint, and of this process, which sends them; at the end, how the requests grow
with the workers, beside how they could, as each part takes what it takes with the fewest workers.
The database is made anew and dropped afterwards.
"""

import argparse
import asyncio
import json
import os
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from multiprocessing import active_children
from pathlib import Path
from statistics import median, quantiles

import aiohttp
import psycopg

from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.many_processes import ADMIN_KEY, APP, database, environment_of
from guided_profile.evals.benches.marked_endpoint import marked_endpoint
from guided_profile.evals.benches.processor import busy_seconds, processes, seconds_of
from guided_profile.evals.benches.running import by_hand, chroma, started
from guided_profile.evals.benches.sending import Turn, Users
from guided_profile.graph.errors import HistoryError

WARM = 3.0
"""Seconds before each turn that are not counted."""
PARTS = ("workers", "Chroma", "Postgres", "endpoint", "sending")


@dataclass(frozen=True, slots=True)
class Bench:
    """All that runs."""

    workers: list[tuple[str, int]]
    """The address and the process of each."""
    parts: dict[str, int]
    """The processes beside them."""
    users: Users

    async def turn(self, workers: int, at_once: int, seconds: float) -> Turn:
        """Send requests to so many workers; return what was seen, but for the first moments."""
        urls = [url for url, _ in self.workers[:workers]]
        await self.users.send(urls, at_once, WARM)
        before, busy = self._seconds(), busy_seconds()
        turn = await self.users.send(urls, at_once, seconds)
        after, busy = self._seconds(), busy_seconds() - busy
        turn.processor = {part: after[part] - before[part] for part in PARTS}
        turn.processor["others"] = max(0.0, busy - sum(turn.processor.values()))
        return turn

    def _seconds(self) -> dict[str, float]:
        among, own = processes(), os.times()
        return {
            "workers": sum(seconds_of(process, among) for _, process in self.workers),
            **{part: seconds_of(process, among) for part, process in self.parts.items()},
            "sending": own.user + own.system,
        }


def _postgres(url: str) -> int:
    """Return the process that serves a database's connections, which are its children."""
    with psycopg.connect(url) as connection:
        backend = connection.info.backend_pid
        parents = {one.id: one.parent for one in processes()}
    if backend not in parents:
        raise HistoryError("the Postgres runs elsewhere; name one of this machine.")
    return parents[backend]


@asynccontextmanager
async def bench_of(given: argparse.Namespace, folder: Path, url: str) -> AsyncIterator[Bench]:
    """Run all parts, and the servers on them; all users have their profiles."""
    with ExitStack() as stack:
        histories, chroma_process = stack.enter_context(chroma(folder / "chroma"))
        model = stack.enter_context(marked_endpoint(given.latency))
        (endpoint_process,) = (process.pid or 0 for process in active_children())
        environment = environment_of(folder, model=model, histories=histories, database=url)
        key = json.loads(by_hand(ADMIN_KEY, environment))["key"]
        served = ["uvicorn", APP, "--log-level", "warning"]
        workers = [
            stack.enter_context(started(served, environment, folder))
            for _ in range(max(given.workers))
        ]
        parts = {
            "Chroma": chroma_process,
            "Postgres": _postgres(url),
            "endpoint": endpoint_process,
        }
        async with aiohttp.ClientSession(
            headers={"X-Api-Key": key},
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(120),
        ) as session:
            users = Users(session, given.users)
            await users.prepare([url for url, _ in workers], 16)
            yield Bench(workers, parts, users)


Turns = dict[tuple[int, int], list[Turn]]
"""By the number of workers, and how many users were served at once."""


async def measure(bench: Bench, given: argparse.Namespace) -> Turns:
    """Measure each number of workers in turns, forwards and then backwards."""
    turns: Turns = {(n, at_once): [] for at_once in given.at_once for n in given.workers}
    for number in range(given.rounds):
        for at_once in given.at_once:
            for workers in given.workers[:: -1 if number % 2 else 1]:
                turn = await bench.turn(workers, at_once, given.seconds)
                turns[workers, at_once].append(turn)
    return turns


def table(turns: Turns) -> str:
    """Return what was seen, in Markdown."""
    head = (
        "workers, users at once, requests a second, a question p50 (p95) ms, an item p50 (p95) ms, "
        f"processor ms a request: {', '.join(PARTS)}, cores busy, by others, n"
    )
    names = head.split(", ")
    lines = [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
    for (workers, at_once), many in turns.items():
        cells = [
            str(workers),
            str(at_once),
            spread([one.a_second for one in many], "{:.1f}"),
            times([took for one in many for took in one.asks]),
            times([took for one in many for took in one.writes]),
            *(f"{median(one.each(part) for one in many) * 1000:.1f}" for part in PARTS),
            f"{median(sum(one.processor.values()) / one.seconds for one in many):.2f}",
            f"{median(one.processor['others'] / one.seconds for one in many):.2f}",
            str(sum(one.requests for one in many)),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def growth(turns: Turns, cores: int) -> list[str]:
    """Return, for more workers than the fewest, how the requests a second grow, in words."""
    lines = []
    fewest = min(workers for workers, _ in turns)
    for (workers, at_once), many in turns.items():
        if workers == fewest:
            continue
        base = turns[fewest, at_once]
        grew = [one.a_second / other.a_second for one, other in zip(many, base, strict=True)]
        most = median(could(one, fewest, workers, cores) for one in base)
        dearer = median(
            one.each("workers") / other.each("workers")
            for one, other in zip(many, base, strict=True)
        )
        lines.append(
            f"{workers} workers for {fewest}, {at_once} users at once: "
            f"{spread(grew, '{:.2f}')} times the requests (linear: {workers / fewest:g}; what "
            f"{cores} cores have room for, at the processor time of {fewest}: {most:.2f}); "
            f"a request takes {dearer:.2f} of the workers' processor time"
        )
    return lines


def could(one: Turn, fewest: int, workers: int, cores: int) -> float:
    """Return how the requests could grow, by what each part takes of the processor.

    So many workers fill so many cores at most, and all parts together those that there are.
    """
    whole = sum(map(one.each, PARTS))
    rates = [min(n / one.each("workers"), cores / whole) for n in (fewest, workers)]
    return rates[1] / rates[0]


def spread(values: Sequence[float], form: str) -> str:
    """Return the median, and the least and the most."""
    return "{} [{}, {}]".format(*map(form.format, (median(values), min(values), max(values))))


def times(took: list[float]) -> str:
    """Return the median and the 95th of a hundred, in milliseconds."""
    if len(took) < 2:
        return "–"
    return f"{median(took) * 1000:.0f} ({quantiles(took, n=20)[-1] * 1000:.0f})"


async def run(given: argparse.Namespace) -> bool:
    """Run it and print what was seen; whether every request was answered."""
    with (
        tempfile.TemporaryDirectory(prefix="guided-profile-bench-") as folder,
        database(given.database) as url,
    ):
        async with bench_of(given, Path(folder), url) as bench:
            turns = await measure(bench, given)
    print(table(turns))
    for line in growth(turns, len(os.sched_getaffinity(0))):
        print(line)
    failed = sum((one.failed for many in turns.values() for one in many), Counter[str]())
    print(f"not answered: {dict(failed) or 'none'}")
    return not failed


@command
def main() -> None:
    """Read the command line, and run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("--database", required=True, help="a Postgres of this machine; one is made in it")
    add("--workers", type=int, nargs="+", default=[1, 2])
    add("--at-once", type=int, nargs="+", default=[4, 32], help="users who send at once")
    add("--seconds", type=float, default=20, help="of a turn")
    add("--rounds", type=int, default=5)
    add("--users", type=int, default=128)
    add("--latency", type=float, default=0.05, help="seconds that the model takes")
    given = parser.parse_args()
    if max(given.at_once) > given.users:
        parser.error(f"{given.users} users cannot send {max(given.at_once)} requests at once")
    if not asyncio.run(run(given)):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
