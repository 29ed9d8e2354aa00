"""The README is true: what it tells people to type exists, and what it shows is what they get."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from guided_profile.apps.cli.main import parse
from guided_profile.graph.tasks import load_task

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
BLOCKS = [(kind, body) for kind, body in re.findall(r"```(\w*)\n(.*?)```", README, re.DOTALL)]


def test_the_first_command_stands_on_the_first_screen() -> None:
    assert README[: README.index("make demo")].count("\n") < 30


def test_every_make_target_it_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"^make ([\w-]+)", README, re.MULTILINE))
    assert {"demo", "test", "check", "bench", "test-live"} <= named
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_every_command_it_types_is_understood() -> None:
    lines = README.replace("\\\n", " ").splitlines()
    typed = [line.removeprefix("$ ") for line in lines if line.startswith("$ guided-profile")]
    assert len(typed) >= 4
    for line in typed:
        parse(shlex.split(line)[1:])


def test_the_task_it_shows_is_a_task(tmp_path: Path) -> None:
    (body,) = [body for kind, body in BLOCKS if kind == "yaml"]
    path = tmp_path / "haiku.yaml"
    path.write_text(body)
    assert load_task(path).name == "haiku"


def test_its_settings_are_the_settings() -> None:
    named = set(re.findall(r"`((?:OPENAI|GUIDED_PROFILE)_[A-Z_]+)`", README))
    source = (ROOT / "apps" / "settings.py").read_text()
    read = set(re.findall(r"[\"`]((?:OPENAI|GUIDED_PROFILE)_[A-Z_]*[A-Z])[\"`]", source))
    assert named == read


PROGRAMS = [
    (body, BLOCKS[place + 1][1]) for place, (kind, body) in enumerate(BLOCKS) if kind == "python"
]


@pytest.mark.live
@pytest.mark.parametrize("program", range(len(PROGRAMS)))
def test_its_programs_print_what_it_says(tmp_path: Path, program: int) -> None:
    body, shown = PROGRAMS[program]
    done = subprocess.run(
        [sys.executable, "-c", body],
        cwd=tmp_path,
        env={**os.environ, "GUIDED_PROFILE_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.stdout == shown, done.stderr
