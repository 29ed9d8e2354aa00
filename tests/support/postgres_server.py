"""A real Postgres in a temporary folder, in a process of its own."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from ports import free_port

_PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
_SEARCHED = os.pathsep.join([os.environ.get("PATH", ""), *map(str, _PLACES)])


class Postgres:
    """A server that can be killed and started again on the same folder and port."""

    def __init__(self) -> None:
        initdb, server = (shutil.which(name, path=_SEARCHED) for name in ("initdb", "postgres"))
        if find_spec("psycopg") is None:
            pytest.skip("psycopg is not installed: pip install -e '.[postgres]'")
        if initdb is None or server is None:
            pytest.skip("Postgres is not installed: no initdb and postgres on PATH")
        # in the folder of temporary files itself: pytest's are closed to other users
        self.folder = Path(tempfile.mkdtemp(prefix="guided-profile-postgres-"))
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:  # Postgres refuses to be run by root
            self._as = {"user": "nobody", "extra_groups": []}
            shutil.chown(self.folder, "nobody")
        self._data, self.port = self.folder / "data", free_port()
        subprocess.run(
            [
                initdb,
                "-D",
                self._data,
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--no-locale",
            ],
            check=True,
            capture_output=True,
            cwd=self.folder,
            **self._as,
        )
        listening = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        place = ["-D", str(self._data), "-p", str(self.port), "-k", str(self.folder)]
        self._command = [server, *place, *listening]
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        import psycopg

        with (self.folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                self._command, stdout=log, stderr=subprocess.STDOUT, cwd=self.folder, **self._as
            )
        for _ in range(200):
            try:
                psycopg.connect(self.url).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError((self.folder / "log").read_text())

    def hang(self, *, ends: bool = False) -> None:
        """Have it and its connections hang, or go on."""
        assert self._process
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        for process in [self._process.pid, *map(int, children.split())]:
            os.kill(process, signal.SIGCONT if ends else signal.SIGSTOP)

    def stop(self) -> None:
        """End it as SIGINT does: at once, connections and all."""
        if self._process:
            self._process.send_signal(2)
            self._process.wait(30)
            self._process = None


@contextmanager
def postgres_server() -> Iterator[Postgres]:
    """Run Postgres until it is left, or skip."""
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.folder, ignore_errors=True)
