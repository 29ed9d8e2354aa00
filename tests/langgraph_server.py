"""A real LangGraph Server in a process of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

_CONFIG = Path(__file__).parent.parent / "langgraph.json"


@contextmanager
def langgraph_dev(data: Path, **environment: str) -> Iterator[str]:
    """Run `langgraph dev` on a data folder until it is left; yield its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OPENAI_", "LANGSMITH_", "GUIDED_PROFILE_A"))
    }
    langgraph = Path(sys.executable).parent / "langgraph"
    command = [langgraph, "dev", "--no-browser", "--no-reload", "--port", str(port)]
    log = data / "server.log"
    with (
        log.open("w") as written,
        subprocess.Popen(
            [*command, "--config", str(_CONFIG)],
            cwd=data,
            env={
                **inherited,
                "GUIDED_PROFILE_DATA": str(data),
                "LANGGRAPH_CLI_NO_ANALYTICS": "1",
                "LANGGRAPH_NO_VERSION_CHECK": "1",
                **environment,
            },
            stdout=written,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_for(f"{url}/v1/ready", log)
            yield url
        finally:
            process.terminate()
            process.wait(30)


def _wait_for(url: str, log: Path) -> None:
    for _ in range(120):
        try:
            if httpx.get(url, timeout=30).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.5)
    raise AssertionError(log.read_text()[-3000:])
