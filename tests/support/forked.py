"""Processes of their own for the commands that tests give, without importing the libraries again.

That takes a command most of its time, several seconds on a slow machine. So a process that has
imported the libraries, and nothing of ours, is started once, and forks one for each command. Its
environment, files, signals and end are its own. What Python reads once, at its start (`PYTHONPATH`
and the like), and whether a library is imported at all, is not to be tested in it.
"""

import atexit
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, Self

LIBRARIES = (
    "chromadb.api.rust",
    "fastapi",
    "httpcore2",
    "langchain_openai",
    "langgraph.graph.state",
    "langgraph.store.sqlite.aio",
    "langsmith.run_trees",
    "openai.resources.chat.completions",
    "rich.console",
    "sentencex",
    "uvicorn",
)
"""What most commands import; those of ours are left to them."""
MOST_REQUEST_BYTES = 1_000_000


class Forked:
    """A process that `start` began, with what `subprocess.Popen` has of it."""

    def __init__(self, arguments: Sequence[str], status: int, pipes: Mapping[str, IO[bytes]]):
        self.args = arguments
        self.returncode: int | None = None
        self.stdout, self.stderr = pipes.get("stdout"), pipes.get("stderr")
        self._status = os.fdopen(status)
        self.pid = int(self._status.readline())

    def poll(self) -> int | None:
        return self.returncode if self._over(0) else None

    def wait(self, timeout: float | None = None) -> int:
        if not self._over(timeout):
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        assert self.returncode is not None
        return self.returncode

    def _over(self, timeout: float | None) -> bool:
        if self.returncode is None:
            if not select.select([self._status], [], [], timeout)[0]:
                return False
            ended = self._status.readline()
            self._status.close()
            assert ended, f"who waited for process {self.pid} is gone"
            self.returncode = int(ended)
        return True

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        for pipe in (self.stdout, self.stderr):
            if pipe:
                pipe.close()
        self.wait()


def start(
    arguments: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    stdin: int | IO[Any] = subprocess.DEVNULL,
    stdout: int | IO[Any] = subprocess.DEVNULL,
    stderr: int | IO[Any] = subprocess.DEVNULL,
) -> Forked:
    """Begin `python -m …` or `python -c …`.

    Args:
        arguments: As `subprocess.Popen` takes them.
        env: The environment; this process's own if left out.
        stdin: A file, or `subprocess.DEVNULL`.
        stdout: The same, or `subprocess.PIPE`.
        stderr: The same as `stdout`.
    """
    os.umask(mask := os.umask(0))
    asked = {
        "arguments": arguments[1:],
        "env": dict(env or os.environ),
        "cwd": str(Path.cwd()),
        "umask": mask,
    }
    heard, said = os.pipe()
    pipes: dict[str, IO[bytes]] = {}
    with ExitStack() as opened:
        opened.callback(os.close, said)
        files: list[int] = []
        for name, file in (("stdin", stdin), ("stdout", stdout), ("stderr", stderr)):
            if file == subprocess.PIPE:
                read, file = os.pipe()
                pipes[name] = os.fdopen(read, "rb")
                opened.callback(os.close, file)
            elif file == subprocess.DEVNULL:
                file = opened.enter_context(Path(os.devnull).open("r+b"))
            files.append(file if isinstance(file, int) else file.fileno())
        socket.send_fds(_forking(), [json.dumps(asked).encode()], [*files, said])
    return Forked(arguments, heard, pipes)


def run(
    arguments: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    input: bytes = b"",
    timeout: float = 100,
) -> subprocess.CompletedProcess[str]:
    """Run `python -m …` or `python -c …` to its end, and return what it printed.

    Raises:
        subprocess.TimeoutExpired: It took longer, and was killed.
    """
    with TemporaryFile() as given, TemporaryFile("w+") as output, TemporaryFile("w+") as errors:
        given.write(input)
        given.seek(0)
        process = start(arguments, env=env, stdin=given, stdout=output, stderr=errors)
        try:
            status = process.wait(timeout)
        finally:
            process.kill()
            process.wait()
        for file in (output, errors):
            file.seek(0)
        return subprocess.CompletedProcess(arguments, status, output.read(), errors.read())


@cache
def _forking() -> socket.socket:
    """Start the process that has the libraries; it ends when this one does."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, MOST_REQUEST_BYTES)
    command = [sys.executable, __file__, str(its.fileno())]
    process = subprocess.Popen(command, pass_fds=[its.fileno()])
    its.close()

    @atexit.register
    def end() -> None:
        ours.close()
        process.wait()

    return ours


def _serve(requests: socket.socket) -> None:
    """Fork a process for each request; return in it, ready to run what is asked."""
    for library in LIBRARIES:
        import_module(library)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # who waits for a command ends by itself
    while True:
        request, files, _, _ = socket.recv_fds(requests, MOST_REQUEST_BYTES, 4)
        if not request:
            sys.exit()
        if os.fork() == 0:
            requests.close()
            _wait_for_command(json.loads(request), files)
            return
        for file in files:
            os.close(file)


def _wait_for_command(asked: dict[str, Any], files: list[int]) -> None:
    """Fork once more; say in one process how the other one ended, and return in that."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *standard, status = files
    command = os.fork()
    if command:
        for file in standard:  # or who reads what the command writes would not see its end
            os.close(file)
        with suppress(BrokenPipeError):  # nobody waits for it any more
            os.write(status, f"{command}\n".encode())
            _, ended = os.waitpid(command, 0)
            os.write(status, f"{os.waitstatus_to_exitcode(ended)}\n".encode())
        os._exit(0)
    os.close(status)
    for number, file in enumerate(standard):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(asked["env"])
    time.tzset()
    os.umask(asked["umask"])
    os.chdir(asked["cwd"])
    kind, what, *more = asked["arguments"]
    assert kind in ("-m", "-c"), f"{kind!r} is not known here"
    sys.argv[:] = [kind, *more]
    sys.path[0] = asked["cwd"]
    if kind == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
