"""What `build` leaves alone, and what it does where the model writes nothing."""

import json
from pathlib import Path

import pytest
from building import Build
from endpoint import Endpoint
from histories import user_line

from guided_profile.apps.cli.main import main


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
    there = {
        "h.jsonl": user_line(1)[:-1],
        "o.failures.jsonl": user_line(1),
        "export.json": '{"mine": 1}',
    }
    for name, text in there.items():
        Path(name).write_text(text)
    assert main(["build", *wrong]) == 2
    assert endpoint.prompts == []
    assert {name: Path(name).read_text() for name in there} == there


def test_an_estimate_writes_nothing(
    endpoint: type[Endpoint], build: Build, users: Path, tmp_path: Path
) -> None:
    out = tmp_path / "profiles.jsonl"
    build("--from", users, "--out", out, "--limit-tokens", "150", "--concurrency", "1")
    out.write_text(out.read_text()[:-9])  # as a kill in a line leaves it
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    estimate = build("--from", users, "--out", out, "--dry-run")
    assert (estimate["fresh"], estimate["missing"]) == (1, 5)
    build("--from", users, "--out", tmp_path / "new" / "o.jsonl", "--dry-run")
    after = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert after == before
    assert not (tmp_path / "new").exists()


def test_a_model_that_writes_nothing_fails_its_users_and_ends_the_run(
    endpoint: type[Endpoint],
    build: Build,
    users: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("endpoint.PROFILE", "")
    out = tmp_path / "profiles.jsonl"
    report = build("--from", users, "--out", out)
    assert (report["code"], report["failed"], report["fresh"]) == (1, 6, 0)
    failures = [json.loads(line) for line in Path(report["failures"]).read_text().splitlines()]
    assert {failure["error"] for failure in failures} == {"ModelError"}
    assert "the model wrote no profile" in failures[0]["message"]
    assert out.read_text() == ""
    users.write_text("".join(map(user_line, range(30))))
    del endpoint.prompts[:]
    report = build("--from", users, "--out", out)
    assert (report["code"], report["error"]) == (1, "ModelError")
    assert "10 profiles in a row failed" in report["message"]
    assert len(endpoint.prompts) < 40


def test_a_revision_that_is_not_written_fails_and_the_profile_stands(
    endpoint: type[Endpoint],
    build: Build,
    users: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "profiles.jsonl"
    build("--from", users, "--out", out)
    before = out.read_text()
    users.write_text(
        user_line(0, "we moved", "to the harbour") + "".join(map(user_line, range(1, 6)))
    )
    monkeypatch.setattr("endpoint.PROFILE", "")
    report = build("--from", users, "--out", out)
    assert (report["code"], report["failed"], report["fresh"]) == (1, 1, 5)
    assert out.read_text() == before
