import builtins
import json
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import HumanMessage

from guided_profile.graph.errors import ModelError, SettingsError
from guided_profile.tools.models.calls import complete, endpoint_model
from guided_profile.tools.models.letters import score_letters
from guided_profile.tools.models.local import LocalServer, physical_cores, shared_server
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


@pytest.mark.parametrize("content", [b"not a model", b"GGUF, but damaged", None])
def test_what_is_no_model_is_a_model_error(tmp_path: Path, content: bytes | None) -> None:
    pytest.importorskip("xllamacpp")
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
    one = LocalServer(gguf, context_tokens=1024)
    yield one
    one.close()


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
    told, headers = ask(server, server.api_key)
    assert told["model"] == gguf.stem
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
def test_one_server_is_shared_says_nothing_and_lets_the_process_end(gguf: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from guided_profile.tools.models.local import *;"
        "path = Path(sys.argv[1]); assert shared_server(path) is shared_server(path)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(gguf)], capture_output=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
