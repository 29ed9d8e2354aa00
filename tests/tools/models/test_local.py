import builtins
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from guided_profile.graph.errors import ModelError, SettingsError
from guided_profile.tools.models import local
from guided_profile.tools.models.calls import complete, endpoint_model
from guided_profile.tools.models.letters import score_letters
from guided_profile.tools.models.local import LocalServer, physical_cores, shared_server
from guided_profile.tools.models.sharing import LINGER
from guided_profile.tools.weights.fetch import ensure


def test_a_missing_extra_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported = builtins.__import__

    def without(name: str, *arguments: Any) -> Any:
        if name == "xllamacpp":
            raise ImportError(name)
        return imported(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SettingsError, match=r"pip install 'guided-profile\[local\]'"):
        LocalServer(tmp_path / "model.gguf")
    monkeypatch.setattr(local, "find_spec", lambda name: None)
    with pytest.raises(SettingsError, match=r"pip install 'guided-profile\[local\]'"):
        shared_server(tmp_path / "model.gguf")


@pytest.mark.parametrize("content", [b"not a model", b"GGUF, but damaged", None])
def test_what_is_no_model_is_a_model_error(
    tmp_path: Path, content: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("xllamacpp")
    monkeypatch.setattr(local, "user_cache_path", lambda name: tmp_path / name)
    path = tmp_path / "model.gguf"
    if content:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"model\.gguf"):
        shared_server(path)


def test_at_least_one_core_is_used() -> None:
    assert physical_cores() >= 1


@pytest.fixture(scope="module")
def gguf() -> Path:
    return next(ensure("smollm2-135m").glob("*.gguf"))


@pytest.fixture(scope="module")
def server(gguf: Path) -> Iterator[LocalServer]:
    running = LocalServer(gguf, context_tokens=1024)
    yield running
    running.close()


def ask(server: LocalServer, key: str) -> tuple[Any, Any]:
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 2}
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "Origin": "http://elsewhere.example",
    }
    url = f"{server.base_url}/chat/completions"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as reply:
        return json.load(reply), reply.headers


@pytest.mark.live
def test_only_this_process_is_served_on_loopback(server: LocalServer, gguf: Path) -> None:
    assert server.base_url.startswith("http://127.0.0.1:")
    assert server.base_url.endswith("/v1")
    properties, headers = ask(server, server.api_key)
    assert properties["model"] == gguf.stem
    assert not headers["Access-Control-Allow-Origin"]
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(server, "guessed")
    with refused.value as reply:
        assert reply.status == 401


@pytest.mark.live
async def test_it_answers_with_probabilities_and_counts_what_its_cache_served(
    server: LocalServer,
) -> None:
    chat = endpoint_model("smollm2-135m", base_url=server.base_url, api_key=server.api_key)
    prompt = [HumanMessage("Say which is larger: A. a mouse, B. an elephant. Reply A or B.")]
    first = await complete(chat, prompt, stage="one", max_tokens=8)
    assert first.text
    assert first.finish_reason == "length"
    assert first.confidence is not None
    assert 0 < first.confidence <= 1
    assert first.call.output_tokens == 8
    scores = await score_letters(chat, prompt, "AB", stage="two")
    assert scores.letters is not None
    assert 0 < sum(scores.letters.values()) <= 1.001
    assert scores.call.output_tokens == 1
    assert scores.call.cached_tokens > 0.9 * scores.call.input_tokens


@pytest.mark.live
async def test_a_prompt_beyond_the_context_is_refused(server: LocalServer) -> None:
    chat = endpoint_model("smollm2-135m", base_url=server.base_url, api_key=server.api_key)
    with pytest.raises(ModelError, match="longer than its context"):
        await complete(chat, [HumanMessage("word " * 3000)], stage="x", max_tokens=8)


@pytest.mark.live
def test_processes_share_one_server_that_survives_its_starter_and_ends_after_the_last(
    gguf: Path,
) -> None:
    code = (
        "import sys; from pathlib import Path; from guided_profile.tools.models.local import *;"
        "path = Path(sys.argv[1]); server = shared_server(path, context_tokens=512);"
        "assert server is shared_server(path, context_tokens=512);"
        "print(server.base_url, server.api_key, flush=True); sys.stdin.read()"
    )
    begin = [sys.executable, "-W", "error", "-c", code, str(gguf)]
    both = [
        subprocess.Popen(
            begin, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    addresses = [process.stdout.readline().decode().split() for process in both if process.stdout]
    assert addresses[0] == addresses[1]
    for process in both:
        process.kill()  # one of them is the starter
        process.communicate()
    third = subprocess.run(begin, input=b"", capture_output=True, timeout=60, check=False)
    assert (third.returncode, third.stdout.decode().split(), third.stderr) == (0, addresses[0], b"")
    until = time.monotonic() + LINGER + 15
    while listens(addresses[0][0]) and time.monotonic() < until:
        time.sleep(0.5)
    assert not listens(addresses[0][0])


def listens(url: str) -> bool:
    try:
        urllib.request.urlopen(url.removesuffix("/v1") + "/health").close()
    except urllib.error.URLError:
        return False
    return True


@pytest.mark.live
async def test_it_answers_as_a_server_of_this_process_does(server: LocalServer, gguf: Path) -> None:
    shared = shared_server(gguf, context_tokens=1024)
    prompt = [HumanMessage("Name two animals that live in the sea.")]
    both = []
    for served in (server, shared):
        chat = endpoint_model("smollm2-135m", base_url=served.base_url, api_key=served.api_key)
        done = await complete(chat, prompt, stage="x", max_tokens=12)
        both.append((done.text, [token["logprob"] for token in done.tokens or ()]))
    assert both[0] == both[1]


def test_where_no_process_can_be_started_this_one_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    pytest.importorskip("xllamacpp")
    made: list[dict[str, Any]] = []

    class Server:
        def __init__(self, gguf: Path, **given: Any) -> None:
            made.append({"gguf": gguf, **given})

        def close(self) -> None:
            pass

    monkeypatch.setattr(local, "LocalServer", Server)
    monkeypatch.setattr(local, "_shared", {})
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF")
    first = shared_server(path, slots=2)
    assert first is shared_server(path, slots=2)
    assert made == [{"gguf": path.resolve(), "context_tokens": None, "slots": 2}]
    assert "loads the embedded model for itself alone" in caplog.text
