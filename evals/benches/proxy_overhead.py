"""What the proxy adds to a call of its upstream: time to the first token, and throughput.

    python -m guided_profile.evals.benches.proxy_overhead [--latency 0 0.5] [--seconds 3]

A scripted upstream in a process of its own answers after so many seconds, streamed as 20 pieces or
whole. It is called directly; through a bare pass-through, which reads a request and sends it on
with the proxy's own client; and through the proxy, for users whose profile is fresh, on a model
that says Yes at once: in turns, so many at once. Each of the two runs under uvicorn in a process
of its own, `--workers` of each. Printed are the median time to the first token, answers a second,
and the processor time that an answer takes in what stands between.
"""

import argparse
import asyncio
import json
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import aiohttp
import uvicorn
from langgraph.store.memory import InMemoryStore
from starlette.types import ASGIApp, Receive, Scope, Send

from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.proxy.app import Proxy
from guided_profile.apps.proxy.opening import parts_of
from guided_profile.apps.proxy.serving import Parts
from guided_profile.apps.proxy.settings import ProxySettings
from guided_profile.apps.proxy.upstream import Upstream, returned
from guided_profile.apps.server.access.tokens import Verifier
from guided_profile.apps.settings import ServerSettings
from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.overhead import Believes, a_history
from guided_profile.evals.benches.throughput import AT_ONCE, endpoint
from guided_profile.evals.run.history import temporary_history
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.models.calls import endpoint_model

PIECES, USERS = 20, 16
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


def _served(app: ASGIApp, told: Connection) -> None:
    """Serve an application on a port of its own."""
    config = uvicorn.Config(app, log_level="error", access_log=False, backlog=1024)
    server = uvicorn.Server(config)

    async def run() -> None:
        with socket.create_server(("127.0.0.1", 0), backlog=1024) as listening:
            told.send(listening.getsockname()[1])
            await server.serve([listening])

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(run())


def _bare(told: Connection, url: str) -> None:
    upstream = Upstream(url)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message.get("more_body", False)
        headers = upstream.sent(scope["headers"], ())
        async with upstream.reply("POST", "/chat/completions", b"", headers, body) as reply:
            start: Any = {"type": "http.response.start", "status": reply.status}
            await send(start | {"headers": returned(reply)})
            async for piece in reply.content.iter_any():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b""})

    _served(app, told)


def _ours(told: Connection, url: str, model_url: str) -> None:
    chat = endpoint_model("m", base_url=model_url, api_key=None)
    server = ServerSettings(keys=Path("none"), rate=1_000_000)
    settings = ProxySettings(upstream_url=url)
    with temporary_history(LexicalEmbedder()) as history:
        for user in range(USERS):
            history.add(str(user), a_history())
        with Companion(
            chat=chat, history=history, store=InMemoryStore(), verifier=Believes()
        ) as companion:
            for user in range(USERS):
                companion.refresh(str(user)).result()
            parts = parts_of(companion, settings, Verifier(server), server)

            async def given() -> Parts:
                return parts

            _served(Proxy(given), told)


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

    urls: list[str]
    processes: list[int]

    def worked(self) -> float:
        """Return the seconds of processor time that its processes took so far."""
        ticks = 0
        for pid in self.processes:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / _TICKS


@dataclass(frozen=True, slots=True)
class Measured:
    """What a way came to."""

    first: float
    a_second: float
    cpu: float
    n: int


async def measured(way: Way, *, stream: bool, at_once: int, seconds: float) -> Measured:
    """Ask at so many places at once, each again when it has its answer."""
    firsts: list[float] = []
    numbers = count()
    worked, began = way.worked(), perf_counter()

    async def place(session: aiohttp.ClientSession, urls: Iterator[str]) -> None:
        while perf_counter() - began < seconds:
            number = next(numbers)
            said = f"How far did I ride by bicycle on day {number}?"
            body = {"messages": [{"role": "user", "content": said}], "user": str(number % USERS)}
            started = perf_counter()
            url = way.urls[number % len(way.urls)]
            asked = body | {"stream": stream, "model": "m"}
            async with session.post(f"{url}/chat/completions", json=asked) as reply:
                await reply.content.readany()
                firsts.append(perf_counter() - started)
                await reply.read()
                assert reply.status == 200, await reply.text()

    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        await asyncio.gather(*(place(session, iter(way.urls)) for _ in range(at_once)))
    whole, worked = perf_counter() - began, way.worked() - worked
    return Measured(median(firsts), len(firsts) / whole, worked / len(firsts), len(firsts))


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
    with ExitStack() as stack, endpoint(0.0) as model_url:
        url, _ = stack.enter_context(process(_upstream, latency))

        def several(serve: Callable[..., None], *given: Any) -> Way:
            begun = [stack.enter_context(process(serve, url, *given)) for _ in range(workers)]
            return Way([address for address, _ in begun], [pid for _, pid in begun])

        ways = {"direct": Way([url], []), "bare": several(_bare), "ours": several(_ours, model_url)}
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
                        f"{one.cpu * 1000:.1f} ms | {one.n} |",
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
    print("| upstream takes | answer | at once | way | first token | answers | processor | n |")
    print("|---|---|---|---|---|---|---|---|")
    for latency in given.latency:
        asyncio.run(measure(latency, given.workers, given.seconds, given.at_once))


if __name__ == "__main__":
    main()
