"""What a user may do with what is kept of them, on the command line."""

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from endpoint import Endpoint

from guided_profile.apps.cli.main import main

CAT = "This person has a cat named Miso."
BIKE = "This person commutes by bicycle."
USER = ["--user", "anna"]


class Said:
    """Runs commands and returns what they print."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str) -> str:
        self._capsys.readouterr()
        assert main([*arguments, *USER]) == 0
        return self._capsys.readouterr().out

    def sentences(self) -> list[str]:
        """Return the profile's sentences, as a script would read them."""
        return [sentence["text"] for sentence in json.loads(self("profile", "--json"))["sentences"]]


@pytest.fixture
def said(added: type[Endpoint], capsys: pytest.CaptureFixture[str]) -> Said:
    commands = Said(capsys)
    assert commands.sentences() == [CAT, BIKE]
    return commands


def test_what_is_forbidden_is_gone_until_it_is_taken_back(
    said: Said, endpoint: type[Endpoint]
) -> None:
    assert f"1. never: {CAT}" in said("profile", "--forbid", "1")
    assert said.sentences() == [BIKE]
    main(["ask", "Any pets?", *USER])
    prompts = [prompt for prompt in endpoint.prompts if "Profile of this person" in prompt]
    assert prompts
    assert CAT not in prompts[-1]
    assert "nothing is pinned or forbidden" in said("profile", "--undo", "1")
    assert said.sentences() == [CAT, BIKE]


def test_what_the_history_contradicts_is_shown_with_the_item_that_does(
    added: type[Endpoint],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("endpoint.PROFILE", "This person sold the bicycle after years of rain.")
    shown = Said(capsys)("profile")
    assert "✗ This person sold the bicycle after years of rain." in shown
    before, _, behind = shown.partition("the history contradicts this: not used")
    assert "“the bicycle commute took 20 minutes”" in behind
    assert "minutes" not in before.split("Profile:")[-1]


def test_a_pinned_sentence_comes_first_and_outlives_the_profile(said: Said) -> None:
    said("profile", "--pin", "2")
    said("profile", "--pin", "This person sails.")
    assert said.sentences() == [BIKE, "This person sails.", CAT]
    assert "pinned" in said("profile")
    said("profile", "--delete")
    assert said.sentences() == [BIKE, "This person sails.", CAT]


def test_a_correction_is_in_the_profile_and_in_the_history(said: Said) -> None:
    said("profile", "--correct", "1", "My cat is called Mochi, not Miso.")
    assert said.sentences() == ["My cat is called Mochi, not Miso.", BIKE]
    export = json.loads(said("export"))
    assert [item["source"] for item in export["items"]] == ["chat", "chat", "correction"]
    corrected = json.loads(said("profile", "--json"))["sentences"][0]
    assert corrected["evidence"] == [export["items"][-1]["id"]]


def test_each_version_says_what_it_changed(
    said: Said, endpoint: type[Endpoint], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "more.jsonl"
    path.write_text(
        "\n".join(json.dumps({"text": f"my choir sings on evening {n}"}) for n in range(3))
    )
    said("add", str(path))
    monkeypatch.setattr("endpoint.PROFILE", "This person sings in a choir.")
    assert "version 2" in said("profile")
    versions = said("profile", "--versions")
    assert versions.index("version 1") < versions.index("version 2")
    assert f"  + {CAT}" in versions
    assert "  + This person sings in a choir." in versions
    changes = [
        version["changes"] for version in json.loads(said("profile", "--versions", "--json"))
    ]
    assert changes[0]["added"] == [CAT, BIKE]
    assert changes[1]["added"] == ["This person sings in a choir."]


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("anna.json", []),
        ("anna.json", ["--format", "json"]),
        ("anna.backup", ["--format", "json"]),
    ],
)
def test_what_an_export_decides_is_kept_only_when_it_is_confirmed(
    said: Said, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, how: list[str]
) -> None:
    said("profile", "--forbid", "1")
    text = said("export")
    path = tmp_path / name
    path.write_text(text)
    said("forget", "--yes")
    assert main(["export", *USER]) == 2, "nothing is kept any more"
    capsys.readouterr()
    assert main(["add", str(path), *USER, *how]) == 0
    output = capsys.readouterr()
    assert "added 2" in output.out
    assert "profiles and wishes restored 1" in output.out
    assert f"not kept, nobody confirmed it: dialogue, never: {CAT}" in output.err
    assert "add the file again with --keep-wishes" in output.err
    assert "(imported: no answer uses it)" in said("profile", "--versions")
    assert CAT in said.sentences()
    assert "restored 1" in said("add", str(path), *how, "--keep-wishes")
    assert said.sentences() == [BIKE]
    before, again = json.loads(text), json.loads(said("export"))
    assert sorted(again["items"], key=str) == sorted(before["items"], key=str)


def test_forgetting_an_item_forgets_what_was_made_of_it(
    said: Said, endpoint: type[Endpoint]
) -> None:
    cat = json.loads(said("export"))["items"][0]["id"]
    assert "deleted 1, not there 1" in said("forget", cat, "never-there")
    export = json.loads(said("export"))
    assert len(export["items"]) == 1
    assert not any("Miso" in json.dumps(record) for record in export["profiles"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["profile", "--pin", "9"], "has no sentence 9; it has 2"),
        (["profile", "--undo", "1"], "there is no wish 1; there are 0"),
        (["profile", "--correct", "1", " "], "1 to 500 characters"),
        (["profile", "--correct", "foo", "text"], "there is no sentence 'foo'"),
        (["profile", "--correct", "²", "text"], "there is no sentence '²'"),
        (["profile", "--pin", "x" * 501], "1 to 500 characters"),
        (["profile", "--pin", "1", "--task", "paraphrase"], "no profile of 'anna' for 'paraphr"),
        (["forget"], "nothing was deleted; type yes"),
    ],
)
def test_what_cannot_be_done_is_refused(
    said: Said,
    arguments: Sequence[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("no\n"))
    assert main([*arguments, *USER]) == 2
    assert message in capsys.readouterr().err.replace("\n", " ")
    export: dict[str, Any] = json.loads(said("export"))
    assert len(export["items"]) == 2, "nothing is lost"
    assert not any("wishes" in record["where"] for record in export["profiles"])


def test_what_it_is_worth_is_measured_once_and_shown_in_plain_words(
    said: Said, endpoint: type[Endpoint], tmp_path: Path
) -> None:
    text = said("profile", "--worth")
    assert "What the profile is worth is not known." in text
    assert "too few items to hold some" in text
    lines = [f"letter number {n} went to the post office" for n in range(8)]
    (tmp_path / "more.txt").write_text("\n".join(lines))
    said("add", str(tmp_path / "more.txt"))
    assert "The profile neither helps nor misleads" in said("profile", "--worth")
    asked = len(endpoint.prompts)
    worth = json.loads(said("profile", "--worth", "--json"))
    assert len(endpoint.prompts) == asked
    assert (worth["gain"], worth["items"], worth["model"]) == (0.0, 8, "m")
    assert json.loads(said("profile", "--json"))["worth"] == worth
