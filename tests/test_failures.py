"""The table of failures names tests for every row, and they are there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from collected import COLLECTED

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "failures.md"
HEAD = ["What fails", "What the user sees", "What is tried again", "What was acknowledged"]


def rows() -> list[list[str]]:
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in cells if row[:4] != HEAD and set(row[0]) != {"-"}]


def named_by(row: list[str]) -> list[str]:
    return re.findall(r"`(tests/\S+?::\w+)`", row[-1])


def test_every_row_is_whole_and_is_held_by_tests() -> None:
    assert len(rows()) > 20
    for row in rows():
        assert len(row) == 5, row[0]
        assert all(row), row[0]
        assert named_by(row), row[0]


def test_every_failure_that_we_promised_to_try_has_a_row() -> None:
    told = " ".join(row[0].lower() for row in rows())
    for promised in (
        "refuses connections",
        "hangs",
        "429",
        "500",
        "breaks off",
        "garbage",
        "empty text",
        "without any end",
        "another language",
        "another api's schema",
        "chroma server is gone",
        "locked",
        "disk is full",
        "clock jumps",
        "500 simultaneous",
        "sigterm",
    ):
        assert promised in told, promised


def collected(files: set[str]) -> list[str]:
    """Return the tests of files, from a process of their own."""
    all_of_them = ["-o", "addopts=--import-mode=importlib"]  # the live ones too
    arguments = ["-m", "pytest", "--collect-only", "-q", *all_of_them, *sorted(files)]
    done = subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-2000:]
    return done.stdout.splitlines()


def test_the_tests_that_it_names_are_collected(pytestconfig: pytest.Config) -> None:
    named = sorted({test for row in rows() for test in named_by(row)})
    there = set(pytestconfig.stash[COLLECTED])  # all of them, if all the tests are run
    files = {test.partition("::")[0] for test in named}
    if others := files - {test.partition("::")[0] for test in there}:
        there.update(collected(others))
    there = {test.partition("[")[0] for test in there}
    assert [test for test in named if test not in there] == []
