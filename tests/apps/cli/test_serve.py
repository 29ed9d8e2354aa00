import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

import forked
import pytest
from ports import free_port

from guided_profile.apps.cli import serve_alone
from guided_profile.apps.cli.main import main
from guided_profile.apps.cli.serve import ALONE, QUIET
from guided_profile.tools.history.store import HistoryStore

CONFIG = Path(__file__).parents[3] / "langgraph.json"


class Became(Exception):
    pass


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the command's process becomes."""
    process: dict[str, Any] = {}

    def execve(path: str, command: list[str], environment: dict[str, str]) -> None:
        process.update(command=command[2:], environment=environment)
        raise Became

    monkeypatch.setattr(os, "execve", execve)
    for name in QUIET:
        monkeypatch.delenv(name, raising=False)
    return process


@pytest.mark.parametrize("how", [[], ["--langgraph", "--config", str(CONFIG)]])
def test_what_calls_other_machines_is_off(
    became: dict[str, Any], how: list[str], tmp_path: Path
) -> None:
    port = str(free_port())
    with pytest.raises(Became):
        main(["serve", *how, "--port", port, "--data", str(tmp_path)])
    assert QUIET.items() <= became["environment"].items()
    assert became["environment"]["GUIDED_PROFILE_DATA"] == str(tmp_path)
    assert became["command"][-1] == port
    assert became["command"][0] == ("langgraph_cli" if how else ALONE)


def test_a_switch_of_ones_own_stands(
    became: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FF_V2_EVENT_STREAMING", "true")
    with pytest.raises(Became):
        main(["serve", "--port", str(free_port())])
    assert became["environment"]["FF_V2_EVENT_STREAMING"] == "true"


def test_a_missing_configuration_is_named(
    became: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--langgraph", "--config", str(tmp_path / "no.json")]) == 2
    assert "langgraph.json" in capsys.readouterr().err
    assert not became


def test_the_platforms_file_says_so_too() -> None:
    switches = json.loads(CONFIG.read_text())["env"]
    assert switches.items() <= QUIET.items()
    assert switches["FF_V2_EVENT_STREAMING"] == "false"


@pytest.mark.parametrize("how", [[], ["--langgraph", "--config", str(CONFIG)]])
@pytest.mark.parametrize(
    ("auth", "port", "message"),
    [
        ("bogus", None, "GUIDED_PROFILE_AUTH is 'bogus'"),
        ("jwt", None, "GUIDED_PROFILE_AUTH names jwt: set one of"),
        ("", "0", "there is no port 0"),
        ("", "70000", "there is no port 70000"),
        ("", "taken", "nothing can listen on port"),
    ],
)
def test_what_is_set_wrong_is_said_in_one_line(
    became: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    how: list[str],
    auth: str,
    port: str | None,
    message: str,
) -> None:
    monkeypatch.setenv("GUIDED_PROFILE_AUTH", auth)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        free = str(free_port()) if port is None else port
        chosen = str(taken.getsockname()[1]) if port == "taken" else free
        assert main(["serve", *how, "--port", chosen]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"guided-profile: {message}")
    assert said.count("\n") == 1
    assert not became


@pytest.mark.parametrize("how", [[], ["--langgraph", "--config", str(CONFIG)]])
def test_a_folder_in_use_is_said_in_one_line(how: list[str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "guided_profile.apps.cli.main", "serve", *how]
    command += ["--data", str(tmp_path), "--port", str(free_port())]
    # an endpoint, which is not asked anything, spares the weights
    own = {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1", "OPENAI_MODEL": "m"}
    environment = os.environ | own | {"GUIDED_PROFILE_EMBEDDER": "lexical"}
    with HistoryStore.open(None, path=tmp_path / "history"):
        ended = forked.run(command, env=environment)
    assert ended.returncode == 1, ended.stderr
    assert ended.stderr.startswith("guided-profile: another process holds the history in")
    assert ended.stderr.count("\n") == 1


def test_a_start_that_fails_all_the_same_ends_with_1(monkeypatch: pytest.MonkeyPatch) -> None:
    async def opened() -> None:
        pass

    def fails(*given: Any, **how: Any) -> None:
        sys.exit(3)

    monkeypatch.setattr(serve_alone, "_open", opened)
    monkeypatch.setattr("uvicorn.run", fails)
    assert serve_alone.main(["127.0.0.1", "1"]) == 1


@pytest.mark.parametrize("as_file", [False, True])
def test_what_the_platforms_file_sets_is_checked_as_set(
    became: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, as_file: bool
) -> None:
    monkeypatch.setenv("GUIDED_PROFILE_AUTH", "jwt")
    own = {"GUIDED_PROFILE_JWT_SECRET": "s" * 64, "GUIDED_PROFILE_DATA": str(tmp_path / "own")}
    dotenv = tmp_path / "own.env"
    dotenv.write_text("".join(f"{name}={value}\n" for name, value in own.items()))
    config = tmp_path / "langgraph.json"
    config.write_text(json.dumps({"env": str(dotenv) if as_file else own}))
    with pytest.raises(Became):
        main(["serve", "--langgraph", "--config", str(config), "--port", str(free_port())])
    assert (tmp_path / "own" / "history").is_dir()
