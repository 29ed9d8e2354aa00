"""`guided-profile proxy` as it is typed: what it refuses, and that it serves."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import forked
import httpx
import pytest
from endpoint import Endpoint
from ports import free_port
from upstream import an_upstream

from guided_profile.apps.cli.main import main
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.history.store import HistoryStore


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["--upstream", "nowhere"], "GUIDED_PROFILE_UPSTREAM_URL is no address"),
        (["--workers", "2"], "GUIDED_PROFILE_CHROMA_URL"),
        (["--workers", "0"], "--workers is 0"),
        (["--port", "0"], "there is no port 0"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    endpoint: type[Endpoint], given: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["proxy", *given]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


@pytest.mark.parametrize("command", ["proxy", "serve"])
def test_a_folder_that_cannot_be_written_is_said_before_anything_is_opened(
    endpoint: type[Endpoint],
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def opened(*given: object, **more: object) -> None:
        raise AssertionError("it was opened")

    monkeypatch.setattr(os, "execve", opened)
    (tmp_path / "file").touch()
    port = ["--port", str(free_port())]
    assert main([command, "--data", str(tmp_path / "file" / "under"), *port]) == 2
    message = capsys.readouterr().err
    assert "cannot be written (Not a directory); name one that can, with --data" in message
    assert message.count("\n") == 1


def test_it_serves_in_front_of_what_it_is_given(added: type[Endpoint], tmp_path: Path) -> None:
    port = free_port()
    with an_upstream() as upstream:
        command = [sys.executable, "-m", "guided_profile.apps.cli.main", "proxy"]
        options = ["--upstream", upstream.url, "--port", str(port)]
        with forked.start([*command, *options], stdout=subprocess.PIPE) as run:
            try:
                assert run.stdout
                assert run.stdout.readline().decode() == f"personal at http://127.0.0.1:{port}/v1\n"
                said = {"role": "user", "content": "Where does my cat Miso sleep?"}
                sending = httpx.HTTPTransport(retries=10)
                with httpx.Client(transport=sending, timeout=60) as client:
                    url = f"http://127.0.0.1:{port}/v1/chat/completions"
                    answer = client.post(url, json={"messages": [said], "user": "anna"})
                assert answer.headers["x-guided-profile"].startswith("personalised; user=user")
                assert "my cat Miso sleeps on my desk" in upstream.sent[0].last
            finally:
                run.terminate()
        assert run.returncode in (0, -signal.SIGTERM)
    with HistoryStore.open(LexicalEmbedder(), path=tmp_path / "data" / "history") as history:
        assert said["content"] in [item.text for item in history.list("anna")]
