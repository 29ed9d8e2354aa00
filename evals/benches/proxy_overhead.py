"""What the proxy adds to a call of its upstream: time to the first token, and throughput.

    python -m guided_profile.evals.benches.proxy_overhead [--latency 0 0.5] [--seconds 3]

A scripted upstream in a process of its own answers after so many seconds, streamed as 20 pieces or
whole. It is called directly; through a bare pass-through under uvicorn, which reads a request and
sends it on; and through `guided-profile proxy`, for users whose profiles are fresh, on a scripted
model: in turns, so many at once. Histories, profiles and proxy are made by the commands that a user
types. Printed are the median time to the first token, answers a second, the
processor time that an answer takes in what stands between, and the share of personal answers: a
proxy that a lookup took too long looks nobody up for a while, and such a row does not say what a
lookup costs.
"""

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any

import aiohttp
from starlette.types import Receive, Scope, Send

from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.many_processes import chroma
from guided_profile.evals.benches.overhead import a_history
from guided_profile.evals.benches.throughput import endpoint
from guided_profile.graph.errors import HistoryError

AT_ONCE = (1, 16, 64, 256)
CLI = "guided_profile.apps.cli.main"
MODULE = "guided_profile.evals.benches.proxy_overhead"
WARM = 2.0
"""Seconds that each way is used before it is measured."""
GIVES_UP = 120.0
"""Seconds after which a process that is not ready ends the run."""

PIECES, USERS = 20, 4
_TICKS = 100.0
"""Of processor time in a second, as Linux counts it."""
_PIECE = json.dumps({"id": "1", "choices": [{"index": 0, "delta": {"content": "one more "}}]})
_STREAM = [*[f"data: {_PIECE}\n\n"] * PIECES, "data: [DONE]\n\n"]
_MESSAGE = {"role": "assistant", "content": "one more " * PIECES}
_WHOLE = json.dumps({"id": "1", "choices": [{"index": 0, "message": _MESSAGE}]}).encode()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wait: float) -> None:
    """Answer the requests of a connection, each after a while."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            await asyncio.sleep(wait)
            if b'"stream": true' not in body:
                size = f"Content-Length: {len(_WHOLE)}".encode()
                kind = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                writer.write(kind + size + b"\r\n\r\n" + _WHOLE)
                await writer.drain()
                continue
            kind = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            writer.write(kind + b"Transfer-Encoding: chunked\r\n\r\n")
            for piece in _STREAM:
                writer.write(f"{len(piece):x}\r\n{piece}\r\n".encode())
                await writer.drain()
                await asyncio.sleep(0)
            writer.write(b"0\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def _upstream(told: Connection, wait: float) -> None:
    async def run() -> None:
        server = await asyncio.start_server(
            lambda reader, writer: _answer(reader, writer, wait), "127.0.0.1", 0, backlog=1024
        )
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


class Bare:
    """A pass-through: it reads a request, sends it on, and passes each piece of the answer on."""

    def __init__(self, url: str) -> None:
        """Take the upstream's address."""
        self._url = f"{url}/chat/completions"
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message.get("more_body", False)
        if self._session is None:
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        kind = {"Content-Type": "application/json"}
        async with self._session.post(self._url, data=body, headers=kind) as reply:
            headers = [(b"content-type", reply.headers["Content-Type"].encode())]
            start: Any = {"type": "http.response.start", "status": reply.status}
            await send(start | {"headers": headers})
            async for piece in reply.content.iter_any():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})


def bare() -> Bare:
    """Return the pass-through, as `uvicorn --factory` wants it."""
    return Bare(os.environ["BENCH_UPSTREAM"])


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def started(arguments: Sequence[str], environment: dict[str, str]) -> Iterator[tuple[str, int]]:
    """Run a command that serves on a port; yield its address and its process's id."""
    port = _free_port()
    log = Path(environment["GUIDED_PROFILE_DATA"]) / f"{port}.log"
    with log.open("wb") as out:
        run = subprocess.Popen(
            [sys.executable, "-m", *arguments, "--port", str(port)],
            env={**os.environ, **environment},
            stdout=out,
            stderr=out,
        )
    try:
        until = perf_counter() + GIVES_UP
        while not _listens(port):
            if run.poll() is not None or perf_counter() > until:
                raise HistoryError(f"{arguments[0]} does not serve: {log.read_text()[-2000:]}")
            sleep(0.1)
        yield f"http://127.0.0.1:{port}/v1", run.pid
    finally:
        run.terminate()
        run.wait()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def prepare(environment: dict[str, str]) -> None:
    """Add the users' histories, and have their profiles made, as one does by hand."""
    folder = Path(environment["GUIDED_PROFILE_DATA"])
    history = folder / "history.jsonl"
    history.write_text(
        "".join(f"{item.model_dump_json(exclude_defaults=True)}\n" for item in a_history())
    )
    for user in range(USERS):
        _do(["add", str(history), "--user", str(user)], environment)
    _do(["build", "--all", "--task", "assistant", "--json"], environment)


def _do(arguments: Sequence[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", CLI, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise HistoryError(f"{arguments[0]} failed: {done.stderr.strip() or done.stdout.strip()}")


@contextmanager
def process(serve: Callable[..., None], *given: Any) -> Iterator[tuple[str, int]]:
    """Run something that serves in a process of its own; yield its address and the process's id."""
    context = get_context("spawn")
    heard, told = context.Pipe(duplex=False)
    started = context.Process(target=serve, args=(told, *given), daemon=True)
    started.start()
    try:
        yield f"http://127.0.0.1:{heard.recv()}/v1", started.pid or 0
    finally:
        started.kill()
        started.join()


@dataclass(frozen=True, slots=True)
class Way:
    """How the upstream is reached."""

    url: str
    processes: list[int]

    def worked(self) -> float:
        """Return the seconds of processor time that its processes took so far."""
        return sum(map(_ticks, self.processes)) / _TICKS


def _ticks(pid: int) -> int:
    """Return what a process and those that it started took."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(fields[11]) + int(fields[12]) + sum(_ticks(int(child)) for child in children)


@dataclass(frozen=True, slots=True)
class Measured:
    """What a way came to."""

    first: float
    a_second: float
    cpu: float
    personal: float
    n: int


_numbers = count()
"""Of the questions: none is asked twice, since what was asked before is answered from memory."""


async def measured(way: Way, *, stream: bool, at_once: int, seconds: float) -> Measured:
    """Ask at so many places at once, each again when it has its answer."""
    firsts: list[float] = []
    personal = 0
    worked, began = way.worked(), perf_counter()

    async def place(session: aiohttp.ClientSession) -> None:
        nonlocal personal
        while perf_counter() - began < seconds:
            number = next(_numbers)
            said = f"How far did I ride by bicycle on day {number}?"
            body = {"messages": [{"role": "user", "content": said}], "user": str(number % USERS)}
            started = perf_counter()
            asked = body | {"stream": stream, "model": "m"}
            async with session.post(f"{way.url}/chat/completions", json=asked) as reply:
                await reply.content.readany()
                firsts.append(perf_counter() - started)
                personal += reply.headers.get("X-Guided-Profile", "").startswith("personalised")
                await reply.read()
                if reply.status != 200:
                    raise HistoryError(f"{way.url} answers {reply.status}; see what it logged.")

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(place(session) for _ in range(at_once)))
    whole, worked = perf_counter() - began, way.worked() - worked
    return Measured(
        median(firsts),
        len(firsts) / whole,
        worked / len(firsts),
        personal / len(firsts),
        len(firsts),
    )


async def measure(
    latency: float, workers: int, seconds: float, numbers: Sequence[int] = AT_ONCE
) -> None:
    """Measure and print.

    Args:
        latency: Seconds that the upstream takes.
        workers: How many processes of each proxy there are.
        seconds: For each way and number.
        numbers: How many ask at once.
    """
    with ExitStack() as stack:
        model_url = stack.enter_context(endpoint(0.0))
        url, _ = stack.enter_context(process(_upstream, latency))
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="guided-profile-bench-"))
        )
        environment = {
            "OPENAI_BASE_URL": model_url,
            "OPENAI_MODEL": "m",
            "GUIDED_PROFILE_DATA": str(folder),
            "GUIDED_PROFILE_EMBEDDER": "lexical",
            "GUIDED_PROFILE_RATE": "1000000",
            "BENCH_UPSTREAM": url,
        }
        if workers > 1:
            histories = stack.enter_context(chroma(folder / "chroma", _free_port()))
            environment["GUIDED_PROFILE_CHROMA_URL"] = histories
        prepare(environment)
        several = ["--workers", str(workers)]
        quiet = ["--log-level", "error", "--no-access-log", "--factory", f"{MODULE}:bare"]
        passes = stack.enter_context(started(["uvicorn", *quiet, *several], environment))
        proxy = stack.enter_context(
            started([CLI, "proxy", "--upstream", url, *several], environment)
        )
        ways = {
            "direct": Way(url, []),
            "bare": Way(passes[0], [passes[1]]),
            "ours": Way(proxy[0], [proxy[1]]),
        }
        for way in ways.values():  # each process has read each user once
            await measured(way, stream=True, at_once=4 * workers, seconds=WARM)
        for stream in (True, False):
            for at_once in numbers:
                found = {
                    name: await measured(way, stream=stream, at_once=at_once, seconds=seconds)
                    for name, way in ways.items()
                }
                for name, one in found.items():
                    later = (one.first - found["direct"].first) * 1000
                    print(
                        f"| {latency:g} s | {'streamed' if stream else 'whole'} | {at_once} | "
                        f"{name} | {one.first * 1000:.1f} ({later:+.1f}) ms | "
                        f"{one.a_second:.0f}/s ({one.a_second / found['direct'].a_second:.2f}) | "
                        f"{one.cpu * 1000:.1f} ms | {one.personal:.0%} | {one.n} |",
                        flush=True,
                    )


@command
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--latency", type=float, nargs="+", default=[0.0, 0.5])
    parser.add_argument("--workers", type=int, default=1, help="processes of each proxy")
    parser.add_argument("--at-once", type=int, nargs="+", default=AT_ONCE)
    parser.add_argument("--seconds", type=float, default=3, help="for each way and number")
    given = parser.parse_args()
    named = "upstream takes,answer,at once,way,first token,answers,processor,personal,n".split(",")
    print("|", " | ".join(named), "|")
    print("|---|---|---|---|---|---|---|---|---|")
    for latency in given.latency:
        asyncio.run(measure(latency, given.workers, given.seconds, given.at_once))


if __name__ == "__main__":
    main()
