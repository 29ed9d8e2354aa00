"""The file of a run's profiles: what it takes for its own, and what it leaves alone."""

import json
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guided_profile.apps.bulk.base import BuildResult
from guided_profile.apps.bulk.results import Results
from guided_profile.graph.errors import InputError
from guided_profile.graph.records import Standing
from guided_profile.tools.profiles.plan import empty_profile

PROFILE = empty_profile("dialogue", "made", "m", datetime(2026, 1, 1, tzinfo=UTC))
MADE = Standing(profile=PROFILE, covered=("a",), made_with="x")
ODD = 'a\\"b, ü'
"""A user's id with what JSON escapes, and with two bytes in a character."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "profiles.jsonl"


def add(path: Path, *users: str) -> bytes:
    """Add profiles; return what the file then holds."""
    with closing(Results(path, "dialogue")) as results:
        for user in users:
            results.add(BuildResult(user, standing=MADE))
    return path.read_bytes()


def known(path: Path, users: Sequence[str]) -> list[str]:
    with closing(Results(path, "dialogue", writes=False)) as results:
        return [user for user in users if results.standing(user)]


def test_a_last_line_is_dropped_wherever_a_kill_cut_it(path: Path) -> None:
    first = add(path, "anna")
    whole = add(path, ODD)
    for end in range(len(first), len(whole) - 1):
        path.write_bytes(whole[:end])
        assert known(path, ["anna", ODD]) == ["anna"], whole[len(first) : end]
        assert path.read_bytes() == whole[:end], "who only reads leaves it"
        assert add(path) == first
    path.write_bytes(whole[:-1])
    assert known(path, ["anna", ODD]) == ["anna", ODD], "it lacks its end alone"
    assert add(path, "bo").startswith(whole)
    assert known(path, ["anna", ODD, "bo"]) == ["anna", ODD, "bo"]


@pytest.mark.parametrize("writes", [True, False])
@pytest.mark.parametrize(
    "other",
    [
        json.dumps({"precious": "data", "x": [1, 2]}),
        json.dumps({"user_id": "cy", "history": ["a cat toy"]}),
        json.dumps({"user_id": "cy", "history": ["a cat toy"]})[:-4],
        json.dumps({"user_id": "cy", "task": "dialogue", "answer": 1}) + "\n",
        json.dumps({"user_id": "cy", "task": "assistant", "standing": None}),
        "[" * 100_000,
        "notes\nof mine",
        "\n",
    ],
)
def test_what_is_not_its_own_is_refused_and_left_as_it_is(
    path: Path, other: str, *, writes: bool
) -> None:
    path.write_text(other)
    with pytest.raises(InputError, match="name another file with --out"):
        Results(path, "dialogue", writes=writes)
    assert path.read_text() == other
    add(path.with_name("own.jsonl"), "anna")
    path.write_bytes(path.with_name("own.jsonl").read_bytes() + other.encode())
    before = path.read_bytes()
    with pytest.raises(InputError, match="name another file with --out"):
        Results(path, "dialogue", writes=writes)
    assert path.read_bytes() == before
