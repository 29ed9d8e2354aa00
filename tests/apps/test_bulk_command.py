"""What `build` leaves alone, and what it does where the model writes nothing."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from endpoint import Endpoint

from guided_profile.apps.cli import main

Say = Callable[..., dict[str, Any]]


def line(number: int, *more: str) -> str:
    user = f"user-{number}"
    history = [f"{user}: my cat Miso sleeps on my desk", "the bicycle commute took 20 minutes"]
    return json.dumps({"user_id": user, "history": [*history, *more]}) + "\n"


@pytest.fixture
def histories(tmp_path: Path) -> Path:
    path = tmp_path / "histories.jsonl"
    path.write_text("".join(map(line, range(6))))
    return path


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Builds, and returns what it says as JSON, with its exit code."""

    def said(*arguments: str | Path) -> dict[str, Any]:
        capsys.readouterr()
        code = main(["build", *map(str, arguments), "--json"])
        return json.loads(capsys.readouterr().out) | {"code": code}

    return said


@pytest.mark.parametrize(
    "wrong",
    [
        ["--from", "h.jsonl", "--out", "./h.jsonl", "--dry-run"],
        ["--from", "h.jsonl", "--out", "o.jsonl", "--failures", "h.jsonl"],
        ["--from", "o.failures.jsonl", "--out", "o.jsonl"],
        ["--from", "h.jsonl", "--out", "export.json"],
        ["--from", "h.jsonl", "--out", "export.json", "--dry-run"],
    ],
)
def test_no_file_of_the_users_is_written_over(
    endpoint: type[Endpoint], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, wrong: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    there = {"h.jsonl": line(1)[:-1], "o.failures.jsonl": line(1), "export.json": '{"mine": 1}'}
    for name, text in there.items():
        Path(name).write_text(text)
    assert main(["build", *wrong]) == 2
    assert endpoint.prompts == []
    assert {name: Path(name).read_text() for name in there} == there


def test_an_estimate_writes_nothing(
    endpoint: type[Endpoint], say: Say, histories: Path, tmp_path: Path
) -> None:
    out = tmp_path / "profiles.jsonl"
    say("--from", histories, "--out", out, "--limit-tokens", "48", "--concurrency", "1")
    out.write_text(out.read_text()[:-9])  # as a kill in a line leaves it
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    told = say("--from", histories, "--out", out, "--dry-run")
    assert (told["fresh"], told["missing"]) == (1, 5)
    say("--from", histories, "--out", tmp_path / "new" / "o.jsonl", "--dry-run")
    after = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert after == before
    assert not (tmp_path / "new").exists()


def test_a_model_that_writes_nothing_fails_its_users_and_ends_the_run(
    endpoint: type[Endpoint],
    say: Say,
    histories: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("endpoint.PROFILE", "")
    out = tmp_path / "profiles.jsonl"
    told = say("--from", histories, "--out", out)
    assert (told["code"], told["failed"], told["fresh"]) == (1, 6, 0)
    failures = [json.loads(one) for one in Path(told["failures"]).read_text().splitlines()]
    assert {one["error"] for one in failures} == {"ModelError"}
    assert "the model wrote no profile" in failures[0]["message"]
    assert out.read_text() == ""
    histories.write_text("".join(map(line, range(30))))
    del endpoint.prompts[:]
    told = say("--from", histories, "--out", out)
    assert (told["code"], told["error"]) == (1, "ModelError")
    assert "10 profiles in a row failed" in told["message"]
    assert len(endpoint.prompts) < 40


def test_a_revision_that_is_not_written_fails_and_the_profile_stands(
    endpoint: type[Endpoint],
    say: Say,
    histories: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "profiles.jsonl"
    say("--from", histories, "--out", out)
    before = out.read_text()
    histories.write_text(line(0, "we moved", "to the harbour") + "".join(map(line, range(1, 6))))
    monkeypatch.setattr("endpoint.PROFILE", "")
    told = say("--from", histories, "--out", out)
    assert (told["code"], told["failed"], told["fresh"]) == (1, 1, 5)
    assert out.read_text() == before
