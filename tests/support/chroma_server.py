"""A real Chroma server that can be killed and started again on the same folder and port."""

import subprocess
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from ports import free_port

RUN = "import sys, chromadb_rust_bindings; chromadb_rust_bindings.cli(sys.argv)"
"""What the `chroma` command does, without all that it imports."""


class ChromaServer:
    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and do not wait for it."""
        command = [sys.executable, "-c", RUN, "run", "--path", str(self._folder)]
        self._process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def ready(self) -> None:
        for _ in range(200):
            try:
                urlopen(f"{self.url}/api/v2/heartbeat", timeout=5).close()
            except URLError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError("the Chroma server did not start")

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait(60)
            self._process = None
