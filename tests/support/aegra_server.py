"""A real Aegra, on a Postgres of its own, each in a process of its own."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from langgraph_server import CONFIG, inherited, running
from ports import free_port

_PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
_SEARCHED = os.pathsep.join([os.environ.get("PATH", ""), *map(str, _PLACES)])


@contextmanager
def postgres() -> Iterator[str]:
    """Run Postgres in a temporary folder until it is left; yield its address, or skip."""
    initdb, server = (
        shutil.which("initdb", path=_SEARCHED),
        shutil.which("postgres", path=_SEARCHED),
    )
    if find_spec("aegra_api") is None:
        pytest.skip("Aegra is not installed: pip install -c constraints.txt -e '.[server,aegra]'")
    if initdb is None or server is None:
        pytest.skip("Postgres is not installed: no initdb and postgres on PATH")
    # in the folder of temporary files itself: pytest's are closed to other users
    folder = Path(tempfile.mkdtemp(prefix="guided-profile-postgres-"))
    other: dict[str, Any] = {}
    if os.geteuid() == 0:  # Postgres refuses to be run by root
        other = {"user": "nobody", "extra_groups": []}
        shutil.chown(folder, "nobody")
    data, port = folder / "data", free_port()
    log = folder / "log"
    try:
        subprocess.run(
            [initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale"],
            check=True,
            capture_output=True,
            cwd=folder,
            **other,
        )
        listening = ["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        command = [server, "-D", data, "-p", str(port), "-k", folder, *listening]
        with (
            log.open("w") as written,
            subprocess.Popen(
                command, stdout=written, stderr=subprocess.STDOUT, cwd=folder, **other
            ) as process,
        ):
            try:
                yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
            finally:
                process.terminate()
                process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def aegra(data: Path, database: str, **environment: str) -> Iterator[str]:
    """Run Aegra on a data folder and a database until it is left; yield its address."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "aegra_api.main:app", "--port", str(port)]
    settings = {"AEGRA_CONFIG": str(CONFIG.with_name("aegra.json")), "DATABASE_URL": database}
    with running(command, port, data, {**inherited(data), **settings, **environment}) as url:
        yield url
