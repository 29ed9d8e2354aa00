"""What of `guided-profile eval` does not go together is refused; nothing is silently left out."""

from pathlib import Path

import pytest
from endpoint import Endpoint

from guided_profile.apps.cli.main import main


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--online p --judge-check", "--judge-check and --online ask different things; give one"),
        ("--by-length 10 --online p", "--online and --by-length ask different things; give one"),
        ("--sharing 3", "--sharing goes with --by-length; add it"),
        ("--neutral a.jsonl", "--neutral goes with --by-length; add it"),
        ("--join a", "--join goes with --by-length; add it"),
        ("--online-hours 3", "--online-hours goes with --online; add it"),
        ("--online-queue q", "--online-queue goes with --online; add it"),
        ("--online-rubric r", "--online-rubric goes with --online; add it"),
        ("--judge-check --judge a,b", "--judge does not go with --judge-check"),
        ("--judge-check --data f", "--data does not go with --judge-check"),
        ("--judge-check --methods dg", "--methods does not go with --judge-check"),
        ("--online p --methods dg", "--methods does not go with --online"),
        ("--online p --langsmith-local", "--langsmith-local does not go with --online"),
        ("--by-length 10 --price-in 1", "--price-in does not go with --by-length"),
        ("--by-length 10 --profiles f", "--profiles does not go with --by-length"),
        ("--online=", "--online is empty; name the project"),
        ("--by-length=", "--by-length is ''; give numbers of items"),
    ],
)
def test_what_does_not_go_together_is_refused_before_anything_is_asked(
    endpoint: type[Endpoint],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: str,
    message: str,
) -> None:
    assert main(["eval", "--out", str(tmp_path / "o"), *arguments.split()]) == 2
    assert message in " ".join(capsys.readouterr().err.split())
    assert not endpoint.prompts
    assert not (tmp_path / "o").exists()


@pytest.mark.parametrize("hours", ["nan", "inf", "1e12", "0"])
def test_hours_are_a_number_that_a_clock_knows(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    hours: str,
) -> None:
    monkeypatch.setenv("LANGSMITH_API_KEY", "key")
    asked = ["eval", "--out", str(tmp_path), "--online", "p", "--online-hours", hours]
    assert main(asked) == 2
    assert "set it to more than 0, and at most 87600" in capsys.readouterr().err
