"""What the tests share: a history and an endpoint of its own for each test, and no network."""

import gc
import json
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from http.server import ThreadingHTTPServer
from multiprocessing.util import Finalize
from pathlib import Path
from threading import Event, Thread
from typing import Any

import certifi
import pytest
from building import Build, building
from collected import COLLECTED
from endpoint import Endpoint
from histories import user_line

from guided_profile.apps.cli.main import main
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.models.dialect import forget_all
from guided_profile.tools.requests.screen import Screen

MEMORY, ROOM = Path("/dev/shm"), 2 << 30


def pytest_configure(config: pytest.Config) -> None:
    """Spare the tests what takes long on a real machine and is not theirs to see.

    That is a disk that makes each write sure, unless TMPDIR names a folder, and the list of the
    world's authorities, which every client of a model reads. Live tests have the real ones.
    """
    config.stash[COLLECTED] = set()
    if "not live" not in config.option.markexpr or hasattr(config, "workerinput"):
        return
    in_memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    place = MEMORY if in_memory and "TMPDIR" not in os.environ else None
    folder = Path(tempfile.mkdtemp(prefix="guided-profile-tests-", dir=place))
    # at the very end: multiprocessing has a folder of its own in it until then
    Finalize(None, shutil.rmtree, (folder, True), exitpriority=-1000)
    first, end, _ = certifi.contents().partition("-----END CERTIFICATE-----\n")
    (folder / "authority.pem").write_text(first + end)
    os.environ["SSL_CERT_FILE"] = str(folder / "authority.pem")
    if place:
        os.environ["TMPDIR"] = str(folder)
        tempfile.tempdir = None  # the folder is asked for again


@pytest.fixture(autouse=True)
def _asks_nothing_of_the_memory(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let no test hang on which ordinary messages a model is asked about; some look at that."""
    if not {"memory_requests", "live"} & set(request.keywords):
        monkeypatch.setattr(Screen, "asking", lambda screen, message: [])


def pytest_itemcollected(item: pytest.Item) -> None:
    """Remember every test, also those that are not chosen."""
    item.config.stash[COLLECTED].add(item.nodeid)


def pytest_collection_finish() -> None:
    """Leave what is imported by now out of every later search for garbage."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def history(tmp_path: Path) -> Iterator[HistoryStore]:
    """An empty history store of this test's own."""
    with HistoryStore.open(LexicalEmbedder(), path=tmp_path / "history") as store:
        yield store


@pytest.fixture(autouse=True)
def _nothing_known_of_endpoints() -> None:
    """Forget what another test's endpoint took: the ports of theirs come again."""
    forget_all()


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that leaves the machine."""
    connect = socket.socket.connect

    def refusing(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = str(address[0])
            if not (host.startswith("127.") or host in ("::1", "localhost")):
                raise AssertionError(f"a test tried to reach {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", refusing)


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[type[Endpoint]]:
    handler = type("Handler", (Endpoint,), {"prompts": [], "over": Event()})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_port}/v1")
        monkeypatch.setenv("OPENAI_MODEL", "m")
        monkeypatch.delenv("OPENAI_API_KEY", raising=False)
        monkeypatch.delenv("OPENAI_EMBEDDING_MODEL", raising=False)
        monkeypatch.delenv("GUIDED_PROFILE_EMBEDDER", raising=False)
        monkeypatch.setenv("GUIDED_PROFILE_DATA", str(tmp_path / "data"))
        yield handler
        handler.over.set()
        server.shutdown()


@pytest.fixture
def added(endpoint: type[Endpoint], tmp_path: Path) -> type[Endpoint]:
    path = tmp_path / "anna.jsonl"
    lines = [
        {"text": "my cat Miso sleeps on my desk", "source": "chat", "time": "2025-01-01"},
        {"text": "the bicycle commute took 20 minutes", "source": "chat", "time": "2025-01-02"},
    ]
    path.write_text("\n".join(map(json.dumps, lines)))
    assert main(["add", str(path), "--user", "anna"]) == 0
    return endpoint


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that names no proxy, and none to be reached without one."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


@pytest.fixture
def users(tmp_path: Path) -> Path:
    """A file of six users' histories."""
    path = tmp_path / "histories.jsonl"
    path.write_text("".join(map(user_line, range(6))))
    return path


@pytest.fixture
def build(capsys: pytest.CaptureFixture[str]) -> Build:
    """Builds profiles, and returns what the command says as JSON, with its exit code."""
    return building(capsys)


@pytest.fixture
def silent() -> Iterator[str]:
    """Takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
async def browser() -> AsyncIterator[Any]:
    playwright = pytest.importorskip("playwright.async_api")
    async with playwright.async_playwright() as started:
        one = await started.chromium.launch(
            executable_path=shutil.which("chromium"),  # or else Playwright's own
            args=["--no-sandbox"],
        )
        yield one
        await one.close()
