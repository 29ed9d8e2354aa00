"""The documentation is true: its commands and programs run, and print what it shows."""

import re
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from endpoint import Endpoint
from ports import free_port
from scripted import ScriptedChat

from guided_profile.apps.cli.main import main
from guided_profile.evals.datasets.load import DATASETS
from guided_profile.graph.build import build_graph
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.readers.detect import READERS

DOCS = Path(__file__).parent.parent / "docs"
PAGES = sorted(path for path in DOCS.glob("*.md"))
RUN_ELSEWHERE = {
    "pip install": "test_packaging.py",
    "guided-profile serve": "live/test_outbound.py",
    "createdb": "support/postgres_server.py",
    "guided-profile proxy": "apps/cli/test_proxy.py",
    "git clone": "live/test_agent_chat_ui.py",
    "uvicorn aegra_api": "support/aegra_server.py",
    "chroma run": "test_docs.py",
    "uvicorn guided_profile": "live/test_many_processes.py",
    "guided-profile migrate": "live/test_many_processes.py",
    "docker compose run --rm cli backup": "live/test_deploy.py",
    "docker compose run --rm cli restore": "live/test_deploy.py",
    "docker compose run --rm cli keys": "live/test_deploy.py",
    "docker compose up": "test_compose.py",
    "docker compose build": "test_compose.py",
    "docker compose down": "test_compose.py",
    "docker volume rm": "test_compose.py",
    "cp .env.example": "test_compose.py",
    "mkdir -p backups": "test_compose.py",
    "git pull": "test_compose.py",
    "curl": "apps/client/test_clients.py",
}
"""How the commands that set up or serve begin, and which file of the tests runs them."""


def blocks(page: Path, kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)


def typed(block: str) -> list[tuple[str, list[str]]]:
    """Return the commands of a block, each with the lines that stand under it."""
    found: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


def shows(wanted: list[str], printed: str) -> bool:
    """Whether what is printed is what is shown, where `…` stands for any lines."""
    parts = [re.escape(line) + r"\n" if line != "…" else r"(?s:.*)" for line in wanted]
    return re.fullmatch("".join(parts), printed) is not None


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page, "console")], ids=lambda page: page.stem
)
def test_its_commands_run_and_print_what_it_shows(
    page: Path,
    endpoint: type[Endpoint],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for command, wanted in (one for block in blocks(page, "console") for one in typed(block)):
        if command.startswith("guided-profile "):
            assert main(shlex.split(command)[1:]) == 0, command
            assert shows(wanted, capsys.readouterr().out), command
        else:
            assert not wanted
            subprocess.run(command, shell=True, check=True)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page, "python")], ids=lambda page: page.stem
)
def test_its_programs_run(
    page: Path, endpoint: type[Endpoint], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for program in blocks(page, "python"):
        exec(compile(program, str(page), "exec"), {})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_its_other_commands_are_run_by_other_tests(page: Path) -> None:
    for block in blocks(page, "sh"):
        for line in block.splitlines():
            if not line.startswith("export "):
                (file,) = [file for start, file in RUN_ELSEWHERE.items() if line.startswith(start)]
                assert (DOCS.parent / "tests" / file).exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_its_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#:]+)\)", page.read_text()):
        assert (page.parent / link).exists(), link


def test_the_diagram_is_the_graphs_own(history: HistoryStore) -> None:
    graph = build_graph(chat=ScriptedChat(script=lambda prompt: ""), history=history)
    assert blocks(DOCS / "concepts.md", "mermaid") == [graph.get_graph().draw_mermaid()]


@contextmanager
def running(command: str, folder: Path, url: str) -> Iterator[None]:
    program = str(Path(sys.executable).parent / shlex.split(command)[0])
    process = subprocess.Popen(
        [program, *shlex.split(command)[1:]],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            try:
                urlopen(url, timeout=5).read()
                break
            except (URLError, OSError):
                assert process.poll() is None, command
                time.sleep(0.2)
        else:
            pytest.fail(f"{command} does not answer")
        yield
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.live
def test_its_servers_serve_together(
    endpoint: type[Endpoint], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (DOCS / "server.md").read_text()
    chroma_port, port = free_port(), free_port()
    (chroma,) = re.findall(r"^chroma run .*$", text, re.MULTILINE)
    (routes,) = re.findall(r"^guided-profile serve(?= +# our)", text, re.MULTILINE)
    monkeypatch.setenv("GUIDED_PROFILE_CHROMA_URL", f"http://127.0.0.1:{chroma_port}")
    with (
        running(
            chroma.replace("8001", str(chroma_port)),
            tmp_path,
            f"http://127.0.0.1:{chroma_port}/api/v2/heartbeat",
        ),
        running(f"{routes} --port {port}", tmp_path, f"http://127.0.0.1:{port}/v1/ready"),
    ):
        assert b"Guided Profile" in urlopen(f"http://127.0.0.1:{port}/", timeout=5).read()


def test_each_format_has_its_row_and_says_how_to_get_it() -> None:
    rows = re.findall(
        r"^\| `([\w-]+)` \| (.*?) \| \S.* \| \S.* \|$", (DOCS / "files.md").read_text(), re.M
    )
    assert rows == [
        (reader.format, f"{reader.title}. {reader.obtain}".strip()) for reader in READERS
    ]


def test_each_data_set_has_its_row_and_says_how_to_build_it() -> None:
    rows = re.findall(
        r"^\| `([\w-]+)` \| (.*?) \| (.*?) \| `(.*?)` (.*?) \|$",
        (DOCS / "datasets.md").read_text(),
        re.M,
    )
    command = "python -m guided_profile.evals.datasets"
    assert rows == [
        (name, one.tests, one.terms, f"{command} {name}", one.files)
        for name, one in DATASETS.items()
    ]
