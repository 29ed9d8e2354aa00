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
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import aiohttp
from starlette.types import Receive, Scope, Send

from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.overhead import a_history
from guided_profile.evals.benches.processor import processes, seconds_of
from guided_profile.evals.benches.running import (
    CLI,
    by_hand,
    chroma,
    head,
    in_a_process,
    serve,
    started,
)
from guided_profile.evals.benches.throughput import endpoint
from guided_profile.graph.errors import HistoryError

AT_ONCE = (1, 16, 64, 256)
MODULE = "guided_profile.evals.benches.proxy_overhead"
WARM = 2.0
"""Seconds that each way is used before it is measured."""

PIECES, USERS = 20, 4
_PIECE = json.dumps({"id": "1", "choices": [{"index": 0, "delta": {"content": "one more "}}]})
_STREAM = [*[f"data: {_PIECE}\n\n"] * PIECES, "data: [DONE]\n\n"]
_MESSAGE = {"role": "assistant", "content": "one more " * PIECES}
_WHOLE = json.dumps({"id": "1", "choices": [{"index": 0, "message": _MESSAGE}]}).encode()


def _upstream(sender: Connection, wait: float) -> None:
    async def answer(body: bytes) -> AsyncIterator[bytes]:
        await asyncio.sleep(wait)
        if b'"stream": true' not in body:
            yield head("application/json", len(_WHOLE)) + _WHOLE
            return
        yield head("text/event-stream")
        for piece in _STREAM:
            yield f"{len(piece):x}\r\n{piece}\r\n".encode()
            await asyncio.sleep(0)
        yield b"0\r\n\r\n"

    serve(sender, answer)


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


def prepare(environment: dict[str, str]) -> None:
    """Add the users' histories, and have their profiles made, as one does by hand."""
    folder = Path(environment["GUIDED_PROFILE_DATA"])
    history = folder / "history.jsonl"
    history.write_text(
        "".join(f"{item.model_dump_json(exclude_defaults=True)}\n" for item in a_history())
    )
    for user in range(USERS):
        by_hand(["add", str(history), "--user", str(user)], environment)
    by_hand(["build", "--all", "--task", "assistant", "--json"], environment)


@dataclass(frozen=True, slots=True)
class Way:
    """How the upstream is reached."""

    url: str
    process: int
    """Its id, of which the workers are children; 0: nothing stands between."""

    def worked(self) -> float:
        """Return the seconds of processor time that its processes took so far."""
        return seconds_of(self.process, processes()) if self.process else 0.0


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
        url = stack.enter_context(in_a_process(_upstream, latency))
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
            histories, _ = stack.enter_context(chroma(folder / "chroma"))
            environment["GUIDED_PROFILE_CHROMA_URL"] = histories
        prepare(environment)
        several = ["--workers", str(workers)]
        quiet = ["--log-level", "error", "--no-access-log", "--factory", f"{MODULE}:bare"]
        ways = {"direct": Way(url, 0)}
        for name, command in (
            ("bare", ["uvicorn", *quiet]),
            ("ours", [CLI, "proxy", "--upstream", url]),
        ):
            served = started([*command, *several], environment, folder)
            ways[name] = Way(*stack.enter_context(served))
        for way in ways.values():  # each process has read each user once
            await measured(way, stream=True, at_once=4 * workers, seconds=WARM)
        for stream in (True, False):
            for at_once in numbers:
                found = {
                    name: await measured(way, stream=stream, at_once=at_once, seconds=seconds)
                    for name, way in ways.items()
                }
                for name, result in found.items():
                    later = (result.first - found["direct"].first) * 1000
                    share = result.a_second / found["direct"].a_second
                    print(
                        f"| {latency:g} s | {'streamed' if stream else 'whole'} | {at_once} | "
                        f"{name} | {result.first * 1000:.1f} ({later:+.1f}) ms | "
                        f"{result.a_second:.0f}/s ({share:.2f}) | "
                        f"{result.cpu * 1000:.1f} ms | {result.personal:.0%} | {result.n} |",
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
