"""`guided-profile models serve`: a chat model for other processes."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from guided_profile.apps.cli import models
from guided_profile.apps.cli.main import main
from guided_profile.tools.models.local import LocalServer


@pytest.mark.parametrize(
    ("key", "given", "words"),
    [
        ("", [], "set OPENAI_API_KEY to the key that callers need"),
        ("k", ["--port", "0"], "there is no port 0"),
        ("k", ["nothing.gguf"], "'nothing.gguf' cannot be read"),
    ],
)
def test_what_keeps_it_from_serving_is_said(
    key: str,
    given: list[str],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", key)
    assert main(["models", "serve", *given]) in (1, 2)
    assert words in capsys.readouterr().err


def test_it_serves_where_it_is_told_to_with_the_key(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[dict[str, Any]] = []

    class Server(LocalServer):
        def __init__(self, gguf: Path, **given: Any) -> None:
            made.append({"gguf": gguf, **given})
            self.base_url = "http://0.0.0.0:18080/v1"

    async def ended(self: asyncio.Event) -> bool:
        return True

    monkeypatch.setattr(models, "LocalServer", Server)
    monkeypatch.setattr(asyncio.Event, "wait", ended)
    monkeypatch.setenv("OPENAI_API_KEY", "a key")
    file = tmp_path / "mine.gguf"
    assert main(["models", "serve", str(file), "--host", "0.0.0.0", "--port", "18080"]) == 0
    given = {"host": "0.0.0.0", "port": 18080, "key": "a key", "slots": 1}
    assert made == [{"gguf": file, "context_tokens": None} | given]
    assert "mine at http://0.0.0.0:18080/v1" in capsys.readouterr().out
    monkeypatch.setenv("GUIDED_PROFILE_LOCAL_MODEL", str(file))
    assert main(["models", "serve", "--host", "0.0.0.0", "--port", "18080"]) == 0
    assert made[1] == made[0]  # OPENAI_API_KEY names no endpoint here
