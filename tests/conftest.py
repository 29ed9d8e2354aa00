"""What the tests share: a scripted model, a history of its own for each test, and no network."""

import gc
import json
import os
import re
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from http.server import ThreadingHTTPServer
from math import log
from multiprocessing.util import Finalize
from pathlib import Path
from threading import Event, Thread
from typing import Any

import certifi
import pytest
from asked import STATEMENT, judgements, lines_of, shares_words
from asked import digests as digests
from asked import writes_profile as writes_profile
from endpoint import Endpoint
from histories import user_line
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from pydantic import Field

from guided_profile.apps.cli.main import main
from guided_profile.tools.embedders.base import LexicalEmbedder
from guided_profile.tools.history.store import HistoryStore

MEMORY, ROOM = Path("/dev/shm"), 2 << 30
COLLECTED = pytest.StashKey[set[str]]()
Script = Callable[[str], str | dict[str, float]]
Build = Callable[..., dict[str, Any]]


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


def pytest_itemcollected(item: pytest.Item) -> None:
    """Remember every test, also those that are not chosen."""
    item.config.stash[COLLECTED].add(item.nodeid)


def pytest_collection_finish() -> None:
    """Leave what is imported by now out of every later search for garbage."""
    gc.collect()
    gc.freeze()


class ScriptedChat(BaseChatModel):
    """A chat model that a function answers: a text, or the probabilities of one-token replies."""

    script: Any
    """Called with the whole prompt."""
    logprobs: bool = True
    """Whether the endpoint gives log probabilities; a reply of probabilities needs them."""
    cut_off: int | None = None
    """Ends a text after so many words, as a token limit does."""
    prompts: list[str] = Field(default_factory=list)
    """Every prompt it was sent."""
    model_name: str = "scripted"
    judges: Any = None
    """Called with a statement and the history's lines: the probability that they support it."""
    judgement: Any = None
    """Its reply where it is asked to judge in JSON, instead of one by `judges`."""

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def _judged(self, asked: re.Match[str], prompt: str) -> str | dict[str, float]:
        lines = lines_of(prompt)
        likely = (self.judges or shares_words)(asked[1], lines)
        if not self.logprobs:
            return "Yes" if likely > 0.5 else "No"
        return {"Yes": likely, "No": 1 - likely}

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        prompt = "\n".join(message.text for message in messages)
        self.prompts.append(prompt)
        asked = STATEMENT.search(prompt)
        said = self._judged(asked, prompt) if asked else None
        if judged := judgements(prompt, self.judges or shares_words):
            said = judged if self.judgement is None else self.judgement
        said = self.script(prompt) if said is None else said
        metadata: dict[str, Any] = {"finish_reason": "stop", "model_name": self.model_name}
        if isinstance(said, dict):
            top = [{"token": token, "logprob": log(p)} for token, p in said.items() if p > 0]
            top.sort(key=lambda one: -one["logprob"])
            text = top[0]["token"]
            content = [{**top[0], "top_logprobs": top}]
        else:
            text = said
            if self.cut_off and len(text.split()) > self.cut_off:
                text = " ".join(text.split()[: self.cut_off])
                metadata["finish_reason"] = "length"
            content = [{"token": word, "logprob": log(0.5)} for word in text.split()]
            for one in content:
                one["top_logprobs"] = [dict(one)]
        if self.logprobs and kwargs.get("logprobs"):
            metadata["logprobs"] = {"content": content}
        message = AIMessage(
            text,
            response_metadata=metadata,
            usage_metadata={
                "input_tokens": len(prompt.split()),
                "output_tokens": len(text.split()),
                "total_tokens": len(prompt.split()) + len(text.split()),
                "input_token_details": {"cache_read": 0},
            },
        )
        return ChatResult(generations=[ChatGeneration(message=message)])


@pytest.fixture
def history(tmp_path: Path) -> Iterator[HistoryStore]:
    """An empty history store of this test's own."""
    with HistoryStore.open(LexicalEmbedder(), path=tmp_path / "history") as store:
        yield store


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

    def built(*arguments: str | Path) -> dict[str, Any]:
        capsys.readouterr()
        code = main(["build", *map(str, arguments), "--json"])
        return json.loads(capsys.readouterr().out) | {"code": code}

    return built


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
