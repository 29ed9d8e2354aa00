import json
import os
from pathlib import Path
from typing import Any

import pytest

from guided_profile.apps.cli.main import main
from guided_profile.apps.cli.serve import QUIET

CONFIG = Path(__file__).parents[3] / "langgraph.json"


class Became(Exception):
    pass


@pytest.fixture
def became(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the command's process becomes."""
    seen: dict[str, Any] = {}

    def execve(path: str, command: list[str], environment: dict[str, str]) -> None:
        seen.update(command=command[2:], environment=environment)
        raise Became

    monkeypatch.setattr(os, "execve", execve)
    for name in QUIET:
        monkeypatch.delenv(name, raising=False)
    return seen


@pytest.mark.parametrize("how", [[], ["--langgraph", "--config", str(CONFIG)]])
def test_what_calls_other_machines_is_off(
    became: dict[str, Any], how: list[str], tmp_path: Path
) -> None:
    with pytest.raises(Became):
        main(["serve", *how, "--port", "4711", "--data", str(tmp_path)])
    assert QUIET.items() <= became["environment"].items()
    assert became["environment"]["GUIDED_PROFILE_DATA"] == str(tmp_path)
    assert became["command"][-2:] == ["--port", "4711"]
    assert became["command"][0] == ("langgraph_cli" if how else "uvicorn")


def test_a_switch_of_ones_own_stands(
    became: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FF_V2_EVENT_STREAMING", "true")
    with pytest.raises(Became):
        main(["serve"])
    assert became["environment"]["FF_V2_EVENT_STREAMING"] == "true"


def test_a_missing_configuration_is_named(
    became: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--langgraph", "--config", str(tmp_path / "no.json")]) == 2
    assert "langgraph.json" in capsys.readouterr().err
    assert not became


def test_the_platform_is_told_so_by_its_file_too() -> None:
    told = json.loads(CONFIG.read_text())["env"]
    assert told.items() <= QUIET.items()
    assert told["FF_V2_EVENT_STREAMING"] == "false"
