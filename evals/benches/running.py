"""What benches run beside themselves: endpoints, servers, and the commands of the package."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

from guided_profile.graph.errors import HistoryError

CLI = "guided_profile.apps.cli.main"
GIVES_UP = 120.0
"""Seconds after which a process that does not listen ends the run."""
_CHROMA = "import sys, chromadb_rust_bindings; chromadb_rust_bindings.cli(sys.argv)"

Answer = Callable[[bytes], AsyncIterator[bytes]]
"""Given a request's body, yields the bytes of the reply, head and all, as they are sent."""


@contextmanager
def in_a_process(serve: Callable[..., None], *settings: Any) -> Iterator[str]:
    """Run what serves an endpoint in a process of its own; yield its address.

    Args:
        serve: Called there with where it sends its port, and with the settings.
        settings: What else it takes.
    """
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=serve, args=(sender, *settings), daemon=True)
    process.start()
    try:
        yield f"http://127.0.0.1:{receiver.recv()}/v1"
    finally:
        process.terminate()
        process.join()


def serve(sender: Connection, answer: Answer) -> None:
    """Answer requests for ever, each connection's one after the other.

    Args:
        sender: Where the port is sent.
        answer: What answers.
    """

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                async for piece in answer(await reader.readexactly(length)):
                    writer.write(piece)
                    await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(connected, "127.0.0.1", 0, backlog=1024)
        sender.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def head(kind: str, length: int | None = None) -> bytes:
    """Return the head of a reply.

    Args:
        kind: Its content type.
        length: Of its body; None: it comes in chunks.
    """
    size = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    return f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n{size}\r\n\r\n".encode()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def begun(
    arguments: Sequence[str], port: int, environment: Mapping[str, str], log: Path
) -> subprocess.Popen[bytes]:
    """Start a Python module that serves on a port, and do not wait for it."""
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", *arguments, "--port", str(port)],
            env={**os.environ, **environment},
            stdout=out,
            stderr=out,
        )


@contextmanager
def started(
    arguments: Sequence[str], environment: Mapping[str, str], folder: Path
) -> Iterator[tuple[str, int]]:
    """Run a Python module that serves on a port; yield its address and its process's id.

    Args:
        arguments: The module, and what it is given beside the port.
        environment: Variables beside those of this process.
        folder: Where its log is kept.
    """
    port = free_port()
    log = folder / f"{port}.log"
    run = begun(arguments, port, environment, log)
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


@contextmanager
def chroma(folder: Path) -> Iterator[tuple[str, int]]:
    """Run a Chroma server on a folder; yield its address and its process's id."""
    port = free_port()
    given = ["run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    with subprocess.Popen(
        [sys.executable, "-c", _CHROMA, *given],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            until = perf_counter() + GIVES_UP
            while not _listens(port):
                if process.poll() is not None or perf_counter() > until:
                    raise HistoryError("the Chroma server does not start.")
                sleep(0.1)
            yield f"http://127.0.0.1:{port}", process.pid
        finally:
            process.kill()


def by_hand(arguments: Sequence[str], environment: Mapping[str, str]) -> str:
    """Run a command of the package as a user types it; return what it prints.

    Raises:
        HistoryError: It failed.
    """
    done = subprocess.run(
        [sys.executable, "-m", CLI, *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise HistoryError(f"{arguments[0]} failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
