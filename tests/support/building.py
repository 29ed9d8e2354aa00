"""`guided-profile build`, as a test gives it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from guided_profile.apps.cli.main import main

Build = Callable[..., dict[str, Any]]


def building(capsys: pytest.CaptureFixture[str]) -> Build:
    def built(*arguments: str | Path) -> dict[str, Any]:
        capsys.readouterr()
        code = main(["build", *map(str, arguments), "--json"])
        return json.loads(capsys.readouterr().out) | {"code": code}

    return built
