"""`eval --online`: the command, at a recording LangSmith on this machine."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from langsmith_endpoint import LangSmith, langsmith, project

from guided_profile.apps.cli.main import main

SECRET = "the duke of Norfolk"


@pytest.fixture
def smith(monkeypatch: pytest.MonkeyPatch) -> Iterator[LangSmith]:
    with langsmith() as (kept, url):
        monkeypatch.setenv("LANGSMITH_API_KEY", "key")
        monkeypatch.setenv("LANGSMITH_ENDPOINT", url)
        monkeypatch.delenv("LANGSMITH_TRACING", raising=False)
        kept.version = "0.17.2"
        yield kept


def traced(kept: LangSmith, *confidences: float) -> None:
    kept.sessions.setdefault("host", project("host"))
    for confidence in confidences:
        answer = {"kind": "answered", "text": SECRET, "evidence": ["1"], "confidence": confidence}
        id_ = str(uuid4())
        kept.runs[id_] = {
            "id": id_,
            "start_time": datetime.now(UTC).isoformat(),
            "session_name": "host",
            "inputs": {"question": f"Is it {SECRET}?"},
            "outputs": {"answer": answer},
        }


def ask(folder: Path, *more: str) -> int:
    return main(["eval", "--online", "host", "--out", str(folder / "o"), *more])


def test_it_says_what_it_scored(
    smith: LangSmith, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    traced(smith, 0.9, 0.9, 0.2)
    assert ask(tmp_path, "--online-queue", "to look at", "--json") == 0
    figures: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (figures["scored"], figures["queued"], figures["scored_before"]) == (3, 1, 0)
    assert figures["shares"]["doubt"]["share"] == pytest.approx(1 / 3)
    assert figures["shares"]["abstention"]["n"] == 2
    assert ask(tmp_path, "--online-queue", "to look at") == 0
    shown = capsys.readouterr()
    assert "0 runs scored, 0 of them put into the queue; 3 were scored before" in " ".join(
        shown.out.split()
    )
    kept = (tmp_path / "o" / "online.jsonl").read_text()
    assert len(kept.splitlines()) == 3
    for text in (kept, shown.out, shown.err, str(smith.feedback)):
        assert SECRET not in text


def test_runs_that_cannot_be_scored_are_reported(
    smith: LangSmith, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    traced(smith, 0.9, 0.9)
    smith.refuses_feedback = next(iter(smith.runs))
    assert ask(tmp_path) == 1
    shown = capsys.readouterr()
    assert "1 runs could not be scored: LangSmith refused them" in shown.out
    assert "Traceback" not in shown.err


@pytest.mark.parametrize(
    ("environment", "arguments", "said"),
    [
        ({"LANGSMITH_API_KEY": ""}, (), "--online needs LANGSMITH_API_KEY"),
        ({"LANGSMITH_API_KEY": "wrong"}, (), "LangSmith refused the key"),
        ({}, (), "LangSmith has no project 'host'"),
        ({}, ("--online-hours", "0"), "set it to more than 0"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    smith: LangSmith,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    environment: dict[str, str],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ask(tmp_path, *arguments) == 2
    shown = capsys.readouterr().err.strip().splitlines()
    assert len(shown) == 1
    assert said in shown[0]


def test_a_judge_that_was_not_checked_scores_nothing(
    added: Any, smith: LangSmith, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    traced(smith, 0.9)
    assert ask(tmp_path, "--online-rubric", "It is polite.") == 2
    assert "this judge gives no scores. Not to be claimed" in capsys.readouterr().err
    assert smith.feedback == []
