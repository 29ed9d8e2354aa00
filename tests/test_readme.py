"""The README is true: what it asks people to type exists, and what it shows is what they get."""

import os
import re
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from guided_profile.apps.cli.main import parse
from guided_profile.graph.tasks import load_task

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(page: Path) -> list[tuple[str, str]]:
    return re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


def test_the_first_command_stands_on_the_first_screen() -> None:
    assert README[: README.index("make demo")].count("\n") < 30


def test_every_make_target_it_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"^make ([\w-]+)", README, re.MULTILINE))
    assert {"demo", "test", "check", "bench", "test-live"} <= named
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("page", [page for page in PAGES if "$ guided-profile" in page.read_text()])
def test_every_command_it_types_is_understood(page: Path) -> None:
    lines = page.read_text().replace("\\\n", " ").splitlines()
    typed = [line.removeprefix("$ ") for line in lines if line.startswith("$ guided-profile")]
    for line in typed:
        parse(shlex.split(line)[1:])


def test_the_tasks_it_shows_are_tasks(tmp_path: Path) -> None:
    shown = re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "how-to.md").read_text(), re.DOTALL)
    names = []
    for body in shown:
        path = tmp_path / "task.yaml"
        path.write_text(body)
        names.append(load_task(path).name)
    assert names == ["haiku", "current"]


def test_its_settings_are_the_settings() -> None:
    named = set(
        re.findall(
            r"`((?:OPENAI|GUIDED_PROFILE)_[A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text()
        )
    )
    pages = [*(ROOT / "apps").rglob("*settings.py")]
    source = "".join(page.read_text() for page in pages)
    read = set(re.findall(r"[\"`]((?:OPENAI|GUIDED_PROFILE)_[A-Z_]*[A-Z])[\"`]", source))
    assert named == read


PROGRAMS = {
    f"{page.stem}-{place}": (body, printed)
    for page in PAGES
    for place, ((kind, body), (after, printed)) in enumerate(pairwise(blocks(page)))
    if kind == "python" and not after
}
"""The programs that have what they print under them."""


@pytest.mark.live
@pytest.mark.parametrize("program", PROGRAMS)
def test_its_programs_print_what_it_says(tmp_path: Path, program: str) -> None:
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
