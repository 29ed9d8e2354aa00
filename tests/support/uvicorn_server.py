"""Our routes under a real uvicorn, in a process of its own."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from forked import Forked, start
from ports import free_port
from server_client import SECRET

APP = "guided_profile.apps.server.app:app"


@dataclass
class Running:
    url: str
    process: Forked
    log: Path

    def ready(self) -> None:
        with httpx.Client(timeout=30) as client:  # a new one for each try reads all certificates
            for _ in range(600):
                try:
                    if client.get(f"{self.url}/v1/ready").is_success:
                        return
                except httpx.TransportError:
                    assert self.process.poll() is None, self.log.read_text()
                time.sleep(0.05)
        raise AssertionError(self.log.read_text()[-3000:])

    def memory(self) -> int:
        """Return the most megabytes that the process held in memory so far."""
        return self._status("VmHWM") // 1024

    def threads(self) -> int:
        return self._status("Threads")

    def _status(self, name: str) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(name))


@contextmanager
def uvicorn(folder: Path, *options: str, **environment: str) -> Iterator[Running]:
    """Run a server whose tokens are those of `server_client`; what is left of it is killed."""
    port = free_port()
    log = folder / f"uvicorn-{port}.log"
    command: Sequence[str] = (sys.executable, "-m", "uvicorn", APP, "--port", str(port), *options)
    own = {
        "GUIDED_PROFILE_AUTH": "jwt",
        "GUIDED_PROFILE_JWT_SECRET": SECRET,
        "GUIDED_PROFILE_RATE": "100000",
        "GUIDED_PROFILE_EMBEDDER": "lexical",
    }
    with (
        log.open("wb") as written,
        start(
            command, env={**os.environ, **own, **environment}, stdout=written, stderr=written
        ) as process,
    ):
        try:
            running = Running(f"http://127.0.0.1:{port}", process, log)
            running.ready()
            yield running
        finally:
            process.kill()
