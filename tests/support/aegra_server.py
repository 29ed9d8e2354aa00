"""A real Aegra, on a Postgres of its own, each in a process of its own."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from langgraph_server import CONFIG, inherited, running
from ports import free_port
from postgres_server import postgres_server


@contextmanager
def postgres() -> Iterator[str]:
    """Run Postgres until it is left; yield its address, or skip where Aegra is not installed."""
    if find_spec("aegra_api") is None:
        pytest.skip("Aegra is not installed: pip install -c constraints.txt -e '.[server,aegra]'")
    with postgres_server() as server:
        yield server.url


@contextmanager
def aegra(data: Path, database: str, **environment: str) -> Iterator[str]:
    """Run Aegra on a data folder and a database until it is left; yield its address."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "aegra_api.main:app", "--port", str(port)]
    settings = {"AEGRA_CONFIG": str(CONFIG.with_name("aegra.json")), "DATABASE_URL": database}
    with running(command, port, data, {**inherited(data), **settings, **environment}) as url:
        yield url
