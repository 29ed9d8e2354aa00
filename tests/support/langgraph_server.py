"""A real LangGraph Server in a process of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
from ports import free_port

CONFIG = Path(__file__).parents[2] / "langgraph.json"


@contextmanager
def langgraph_dev(data: Path, **environment: str) -> Iterator[str]:
    """Run `langgraph dev` on a data folder until it is left; yield its address."""
    port = free_port()
    langgraph = str(Path(sys.executable).parent / "langgraph")
    command = [langgraph, "dev", "--no-browser", "--no-reload", "--port", str(port)]
    quiet = {"LANGGRAPH_CLI_NO_ANALYTICS": "1", "LANGGRAPH_NO_VERSION_CHECK": "1"}
    with running(
        [*command, "--config", str(CONFIG)], port, data, {**inherited(data), **quiet, **environment}
    ) as url:
        yield url


@contextmanager
def guided_profile_serve(data: Path, **environment: str) -> Iterator[str]:
    """Run `guided-profile serve --langgraph` on a data folder until it is left."""
    port = free_port()
    command = str(Path(sys.executable).parent / "guided-profile")
    serve = [command, "serve", "--langgraph", "--port", str(port), "--config", str(CONFIG)]
    with running(serve, port, data, {**inherited(data), **environment}) as url:
        yield url


@contextmanager
def running(
    command: Sequence[str], port: int, data: Path, environment: Mapping[str, str]
) -> Iterator[str]:
    """Run a server in a data folder until it is left; yield its address once it is ready."""
    log = data / "server.log"
    with (
        log.open("w") as written,
        subprocess.Popen(
            command, cwd=data, env=environment, stdout=written, stderr=subprocess.STDOUT
        ) as process,
    ):
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_for(f"{url}/v1/ready", process, log)
            yield url
        finally:
            process.terminate()
            process.wait(30)


def inherited(data: Path) -> dict[str, str]:
    """Return this process's environment, on a data folder, without what would change a server."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OPENAI_", "LANGSMITH_", "GUIDED_PROFILE_A"))
    } | {"GUIDED_PROFILE_DATA": str(data)}


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(120):
        try:
            if httpx.get(url, timeout=30).is_success:
                return
        except httpx.TransportError:
            pass
        if process.poll() is not None:
            break
        time.sleep(0.5)
    raise AssertionError(log.read_text()[-3000:])
