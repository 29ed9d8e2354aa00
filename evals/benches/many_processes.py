"""Several server processes on one Postgres and one Chroma server, one killed again and again.

    python -m guided_profile.evals.benches.many_processes --database postgresql://… \
        [--processes 4] [--users 50] [--turns 500] [--every 10] [--at-once 16] [--latency 0.05]

Users add to their history and ask, turn by turn, each request at a process drawn by chance; the
first question of each is asked at all processes at once, so that all of them find no profile. All
the while one process after the other is killed (SIGKILL) and started again. What gets no answer, or
503, is sent again, to another one. At the end it counts what was acknowledged and is missing, how
often each version of a profile was made, and what of one user turned up with another. The
database is made anew and dropped afterwards; Chroma and the scripted endpoint are run here.
"""

import argparse
import asyncio
import json
import random
import signal
import subprocess
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg

from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.marked_endpoint import MARK, marked_endpoint
from guided_profile.evals.benches.running import begun, by_hand, chroma
from guided_profile.evals.benches.writes import an_item
from guided_profile.graph.errors import HistoryError
from guided_profile.tools.profiles.postgres import open_database
from guided_profile.tools.profiles.store import ROOT, everything

APP = "guided_profile.apps.server.app:app"
ADMIN_KEY = ("keys", "add", "--user", "bench", "--admin", "--json")
"""Makes a key that may name any user."""
NAME = "guided_profile_bench"
FIRST = 6
"""Items that a user begins with."""
GIVES_UP = 300.0
"""Seconds after which a request that nobody answers ends the run."""


@dataclass
class Servers:
    """The processes, each on a port of its own."""

    folder: Path
    environment: dict[str, str]
    ports: list[int]
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)
    kills: Counter[int] = field(default_factory=Counter)

    def start(self, number: int) -> subprocess.Popen[bytes]:
        """Start a server, and do not wait for it."""
        log = self.folder / f"server-{number}.log"
        served = ["uvicorn", APP, "--log-level", "warning"]
        return begun(served, self.ports[number], self.environment, log)

    async def ready(self, client: httpx.AsyncClient) -> None:
        """Wait until all of them are."""
        for number in range(len(self.ports)):
            until = perf_counter() + GIVES_UP
            while not await self._is_ready(number, client):
                if perf_counter() > until:
                    raise HistoryError(f"a server is not ready; see the logs in {self.folder}.")
                await asyncio.sleep(0.1)

    async def kill_every(self, seconds: float, client: httpx.AsyncClient) -> None:
        """Kill one process after the other, and start it again at once, while another is ready."""
        while True:
            await asyncio.sleep(seconds)
            ready = [n for n in range(len(self.ports)) if await self._is_ready(n, client)]
            if len(ready) < 2:
                continue
            number = min(ready, key=lambda n: self.kills[n])
            self.running[number].send_signal(signal.SIGKILL)
            self.running[number].wait()
            self.running[number] = self.start(number)
            self.kills[number] += 1

    async def _is_ready(self, number: int, client: httpx.AsyncClient) -> bool:
        with suppress(httpx.TransportError):
            address = f"http://127.0.0.1:{self.ports[number]}/v1/ready"
            return (await client.get(address, timeout=5)).is_success
        return False


@dataclass
class Counts:
    """What was counted."""

    turns: int = 0
    again: Counter[str] = field(default_factory=Counter)
    acknowledged: dict[str, set[str]] = field(default_factory=dict)
    foreign: list[str] = field(default_factory=list)
    took: list[float] = field(default_factory=list)


class Host:
    """What the users' requests come from."""

    def __init__(self, client: httpx.AsyncClient, servers: Servers, seed: int) -> None:
        """Begin with nothing counted."""
        self._client, self._servers, self.counts = client, servers, Counts()
        self._chance = random.Random(seed)

    async def send(
        self, method: str, path: str, user: str, at: int | None = None, **more: Any
    ) -> Any:
        """Send a request until it is answered, each time to a process drawn by chance.

        Args:
            method: As in HTTP.
            path: Under `/v1`.
            user: Whose.
            at: The first process that it is sent to; None: any.
            more: As httpx takes it.
        """
        until = perf_counter() + GIVES_UP
        while True:
            port = (
                self._chance.choice(self._servers.ports) if at is None else self._servers.ports[at]
            )
            at = None
            params = {"user": user, **more.get("params", {})}
            try:
                answer = await self._client.request(
                    method, f"http://127.0.0.1:{port}/v1{path}", **{**more, "params": params}
                )
            except httpx.TransportError as error:
                why = type(error).__name__
            else:
                if answer.status_code != 503:
                    return answer.raise_for_status().json()
                why = "503"
            self.counts.again[why] += 1
            if perf_counter() > until:
                raise HistoryError(f"nobody answers {method} {path}: {why}.")
            await asyncio.sleep(0.1)

    async def turn(self, number: int, turn: int) -> None:
        """Add items, and ask."""
        user, mark = f"user-{number}", mark_of(number)
        count = 1 if turn else FIRST
        at = 1000 * number + (turn + FIRST if turn else 0)
        items = [
            {"id": f"{mark}-{n}", "text": f"{an_item(n).text} for {mark}", "source": "chat"}
            for n in range(at, at + count)
        ]
        began = perf_counter()
        await self.send("POST", "/history", user, json={"items": items})
        kept = self.counts.acknowledged.setdefault(user, set())
        kept.update(str(item["id"]) for item in items)
        asked = {"question": "What did I do with the kettle?"}
        places = [None] if turn else list(range(len(self._servers.ports)))
        answers = await asyncio.gather(
            *(self.send("POST", "/ask", user, at, json=asked) for at in places)
        )
        for answer in answers:
            others = set(MARK.findall(str(answer))) - {mark}
            self.counts.foreign += [f"{user} was shown {other}" for other in others]
        self.counts.turns += 1
        self.counts.took.append(perf_counter() - began)


def mark_of(number: int) -> str:
    """Return the word that stands in all of a user's items, and in nobody else's."""
    return f"Mark{number:04d}x"


@contextmanager
def database(url: str) -> Iterator[str]:
    """Make a database of the bench's own; yield its address."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {NAME}")
        try:
            yield urlunsplit(urlsplit(url)._replace(path=f"/{NAME}"))
        finally:
            connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")


def environment_of(folder: Path, *, model: str, histories: str, database: str) -> dict[str, str]:
    """Return the settings of a server.

    Args:
        folder: Where its data are.
        model: The endpoint's address.
        histories: The Chroma server's.
        database: The Postgres'.
    """
    return {
        "OPENAI_BASE_URL": model,
        "OPENAI_MODEL": "m",
        "GUIDED_PROFILE_AUTH": "keys",
        "GUIDED_PROFILE_CHROMA_URL": histories,
        "GUIDED_PROFILE_DATABASE_URL": database,
        "GUIDED_PROFILE_DATA": str(folder / "data"),
        "GUIDED_PROFILE_EMBEDDER": "lexical",
        "GUIDED_PROFILE_RATE": "1000000",
    }


@dataclass
class Found:
    """What stood at the end."""

    lost: list[str]
    profiles: int
    versions: int
    twice: list[str]
    foreign: list[str]


async def found_at_the_end(host: Host, url: str, users: int) -> Found:
    """Look for all that was acknowledged, and at every profile."""
    lost, foreign, versions = [], list(host.counts.foreign), Counter[tuple[str, str, int]]()
    for number in range(users):
        user = f"user-{number}"
        page = await host.send("GET", "/history", user, params={"limit": 1000})
        there = {item["id"] for item in page["items"]}
        lost += sorted(host.counts.acknowledged.get(user, set()) - there)
        foreign += [f"{user} has {id_}" for id_ in there if not id_.startswith(mark_of(number))]
    standing = 0
    async with open_database(url) as store:
        for row in await everything(store, ROOT):
            owner, task, kind = row.namespace[2:5]
            if kind == "versions":
                versions[owner, task, row.value["profile"]["version"]] += 1
            standing += kind == "standing"
            others = set(MARK.findall(str(row.value))) - {mark_of(int(owner.rpartition("-")[2]))}
            foreign += [f"a profile of {owner} holds {other}" for other in others]
    twice = [f"{name}, version {number}" for (name, _, number), n in versions.items() if n > 1]
    return Found(lost, standing, versions.total(), twice, foreign)


@asynccontextmanager
async def run_of(given: argparse.Namespace, folder: Path, url: str) -> AsyncIterator[Host]:
    """Run all turns while processes are killed; yield the host once all are up again."""
    with (
        chroma(folder / "chroma") as (histories, _),
        marked_endpoint(given.latency) as model,
    ):
        environment = environment_of(folder, model=model, histories=histories, database=url)
        key = json.loads(by_hand(ADMIN_KEY, environment))["key"]
        first = random.SystemRandom().randrange(10_000, 30_000)
        ports = list(range(first, first + given.processes))
        servers = Servers(folder, environment, ports)
        async with httpx.AsyncClient(
            headers={"X-Api-Key": key}, timeout=60, trust_env=False
        ) as client:
            servers.running = [servers.start(number) for number in range(given.processes)]
            try:
                await servers.ready(client)
                host = Host(client, servers, given.seed)
                killing = asyncio.create_task(servers.kill_every(given.every, client))
                turns = asyncio.create_task(_turns(host, given))
                await asyncio.wait([killing, turns], return_when=asyncio.FIRST_COMPLETED)
                killing.cancel()
                await turns
                await servers.ready(client)
                yield host
            finally:
                for process in servers.running:
                    process.kill()
                    process.wait()
                print(f"processes killed and started again: {servers.kills.total()}")


async def _turns(host: Host, given: argparse.Namespace) -> None:
    """Take each user's turns one after the other, so many users at a time."""
    places = asyncio.Semaphore(given.at_once)
    each = given.turns // given.users

    async def user(number: int) -> None:
        for turn in range(each):
            async with places:
                await host.turn(number, turn)
                await asyncio.sleep(given.pause)

    await asyncio.gather(*(user(number) for number in range(given.users)))


async def run(given: argparse.Namespace) -> bool:
    """Run it and print what was found; whether nothing is wrong."""
    began = perf_counter()
    with (
        tempfile.TemporaryDirectory(prefix="guided-profile-bench-") as folder,
        database(given.database) as url,
    ):
        async with run_of(given, Path(folder), url) as host:
            took = sorted(host.counts.took)
            found = await found_at_the_end(host, url, given.users)
    counts = host.counts
    items = sum(map(len, counts.acknowledged.values()))
    again = ", ".join(f"{why} {n}" for why, n in sorted(counts.again.items())) or "none"
    print(f"{counts.turns} turns of {given.users} users, {perf_counter() - began:.0f} s")
    print(f"a turn: median {took[len(took) // 2]:.2f} s, p95 {took[int(len(took) * 0.95)]:.2f} s")
    print(f"sent again: {again}")
    print(f"acknowledged items: {items}; lost: {len(found.lost)}")
    print(f"profiles: {found.profiles}; versions {found.versions}; made twice: {len(found.twice)}")
    print(f"foreign: {len(found.foreign)}")
    for wrong in (found.lost + found.twice + found.foreign)[:20]:
        print(f"  {wrong}")
    return found.profiles == given.users and not (found.lost or found.twice or found.foreign)


@command
def main() -> None:
    """Read the command line, and run it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--database", required=True, help="a Postgres that a database is made in")
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--turns", type=int, default=500, help="of all users together")
    parser.add_argument("--every", type=float, default=10, help="seconds between two kills")
    parser.add_argument("--at-once", type=int, default=16, help="users who take a turn at a time")
    parser.add_argument("--pause", type=float, default=0, help="seconds after a turn")
    parser.add_argument("--latency", type=float, default=0.05, help="seconds that the model takes")
    parser.add_argument("--seed", type=int, default=7)
    if not asyncio.run(run(parser.parse_args())):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
