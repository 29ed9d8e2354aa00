"""Which addresses a server looks up or connects to: none but this machine's."""

import subprocess
import sys
from pathlib import Path

import pytest
from langgraph_server import CONFIG, inherited, running
from ports import free_port

pytestmark = pytest.mark.live

RECORDER = """
import os, sys
def record(event, given):
    if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo"):
        address = given[1] if event != "socket.getaddrinfo" else given[0]
        host = address[0] if isinstance(address, tuple) else address
        with open(os.environ["RECORD"], "a") as file:
            file.write(f"{host}\\n")
sys.addaudithook(record)
"""
OURS = ("127.0.0.1", "localhost", "::1", "None", "/")


def _outside(record: Path) -> list[str]:
    return [host for host in record.read_text().splitlines() if not host.startswith(OURS)]


def _environment(folder: Path) -> dict[str, str]:
    (folder / "sitecustomize.py").write_text(RECORDER)
    (folder / "record").touch()
    switches = ("LANGGRAPH_CLI_NO_ANALYTICS", "LANGGRAPH_NO_VERSION_CHECK")
    plain = {name: value for name, value in inherited(folder).items() if name not in switches}
    ours = {
        "PYTHONPATH": str(folder),
        "RECORD": str(folder / "record"),
        "GUIDED_PROFILE_EMBEDDER": "lexical",
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "OPENAI_API_KEY": "x",
        "OPENAI_MODEL": "x",
    }
    return {**plain, **ours}


@pytest.mark.parametrize("how", [["--langgraph", "--config", str(CONFIG)], []])
def test_serve_reaches_no_other_machine(how: list[str], tmp_path: Path) -> None:
    port = free_port()
    command = [str(Path(sys.executable).parent / "guided-profile"), "serve", *how]
    environment = _environment(tmp_path)
    with running([*command, "--port", str(port)], port, tmp_path, environment):
        pass
    assert _outside(tmp_path / "record") == []


def test_the_record_shows_what_a_command_looks_up(tmp_path: Path) -> None:
    environment = _environment(tmp_path)
    look = "import socket; socket.getaddrinfo('analytics.invalid', 443)"
    subprocess.run([sys.executable, "-c", look], env=environment, check=False, capture_output=True)
    assert _outside(tmp_path / "record") == ["analytics.invalid"]
