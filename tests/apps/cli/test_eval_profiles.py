"""`guided-profile eval --profiles`: the methods that take profiles made elsewhere."""

import json
from pathlib import Path

import pytest
from endpoint import Endpoint

from guided_profile.apps.cli.main import main

EXAMPLE = {
    "user_id": "ada",
    "history": ["cat litter", "a cat toy"],
    "query": "Which one?",
    "options": ["a phone case", "a scratching post"],
    "answer": "a scratching post",
}


def command(folder: Path, methods: str, whose: str = "ada") -> list[str]:
    (folder / "mine.jsonl").write_text(json.dumps(EXAMPLE))
    profile = {"user_id": whose, "sentences": ["Looks after three tomcats."]}
    (folder / "strong.jsonl").write_text(json.dumps(profile))
    files = ["--data", str(folder / "mine.jsonl"), "--profiles", str(folder / "strong.jsonl")]
    return ["eval", "--methods", methods, *files, "--out", str(folder / "run")]


def test_they_stand_beside_the_models_own(endpoint: type[Endpoint], tmp_path: Path) -> None:
    assert main(command(tmp_path, "dg0,gpg-nopc,given-nopc")) == 0
    lines = (tmp_path / "run" / "answers.jsonl").read_text().splitlines()
    methods = {row["method"]: row for row in map(json.loads, lines)}
    assert list(methods) == ["dg0", "gpg-nopc", "given-nopc"]
    prompts = [prompt for prompt in endpoint.prompts if "three tomcats" in prompt]
    assert prompts
    assert all("option and nothing else" in prompt for prompt in prompts)


@pytest.mark.parametrize(
    ("methods", "whose", "said"),
    [
        ("dg0,gpg", "ada", "name one with --methods"),
        ("given", "bo", "has no profile of 'ada'"),
    ],
)
def test_what_does_not_fit_is_said_before_the_first_call(
    endpoint: type[Endpoint],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    methods: str,
    whose: str,
    said: str,
) -> None:
    assert main(command(tmp_path, methods, whose)) == 2
    assert said in " ".join(capsys.readouterr().err.split())
    assert not endpoint.prompts
