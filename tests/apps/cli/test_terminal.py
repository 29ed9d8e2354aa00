"""Nothing that a user or a model wrote is obeyed by the terminal that shows it."""

import io
import json
import re
from pathlib import Path

import pytest
from endpoint import Endpoint
from rich.table import Table

from guided_profile.apps.cli.demo import people
from guided_profile.apps.cli.main import main
from guided_profile.apps.terminal import Terminal, marked, plain

EVIL = (
    "my cat \x1b]0;title\x07 \x1b[2J \x9b31m \x1b]52;c;aGk=\x1b\\ \rMiso\x08 "
    "\u202esleeps\u202c [red] here"
)
OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
TASK = """
name: own
description: "Reply \\e]0;title\\a[bold]."
kind: text
guiding_question: "Which pets \\e[2J are there?"
profile_instruction: Now write a short profile of this person.
response_instruction: "Someone asks: {question}"
"""


@pytest.fixture
def evil(
    endpoint: type[Endpoint], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> type[Endpoint]:
    """A history, and a model, that write what a terminal would obey."""
    monkeypatch.setattr(endpoint, "answer", f"Miso, {EVIL}")
    monkeypatch.setattr("endpoint.PROFILE", f"This person has {EVIL}.")
    path = tmp_path / "evil.jsonl"
    path.write_text(json.dumps({"text": EVIL, "source": EVIL[:30], "id": "a\x1b[2Jb"}) + "\n")
    with path.open("a") as file:
        file.write(json.dumps({"text": "my cat Miso sleeps on my desk"}) + "\n")
    assert main(["add", str(path), "--user", "anna"]) == 0
    own = tmp_path / "data" / "tasks"
    own.mkdir()
    (own / "own.yaml").write_text(TASK)
    return endpoint


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(
    "command",
    [
        ["ask", "Any pets?", "--user", "anna"],
        ["ask", "Any \x1b[2J pets?", "--user", "anna\x1b[2J"],
        ["profile", "--user", "anna"],
        ["profile", "--user", "anna", "--pin", EVIL],
        ["profile", "--user", "anna", "--versions"],
        ["add", "\x1b[2J.jsonl", "--user", "anna"],
        ["add", "bad\r.csv", "--user", "anna"],
        ["export", "--user", "anna"],
        ["forget", "\x1b[2J", "--user", "anna\x1b[2J"],
        ["tasks"],
        ["demo"],
        ["build", "--from", "users.jsonl", "--out", "out.jsonl"],
        ["keys", "add", "--user", "anna\x1b[2J"],
        ["keys", "list"],
    ],
    ids=lambda command: " ".join(command).encode("unicode_escape").decode()[:40],
)
def test_no_command_prints_what_a_terminal_obeys(
    evil: type[Endpoint],
    command: list[str],
    as_json: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("guided_profile.apps.cli.demo.people", lambda: people()[1:2])
    Path("bad\r.csv").write_text(f"{EVIL}\nx\n")
    user = {"user_id": "b\x1b[2J", "history": [{"text": EVIL, "id": "x"}, {"text": EVIL[:-1]}]}
    Path("users.jsonl").write_text(json.dumps(user) + "\n")
    if "--versions" in command:
        main(["profile", "--user", "anna"])
    capsys.readouterr()
    main([*command, *(["--json"] if as_json else [])])
    said = capsys.readouterr()
    assert not OBEYED.search(said.out + said.err)
    if as_json:
        json.loads(said.out)


def test_an_export_with_marks_is_the_same_data(
    evil: type[Endpoint], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["export", "--user", "anna"]) == 0
    assert EVIL in {item["text"] for item in json.loads(capsys.readouterr().out)["items"]}


def test_what_is_obeyed_is_shown_as_a_mark_and_all_else_as_it_is() -> None:
    assert marked("a\x1b[2Jb\x07\x9b\rc\u202e") == r"a\u001b[2Jb\u0007\u009b\u000dc\u202e"
    same = "zwei\tWörter\r\nعربي \u200f\u200d👩‍👧 [bold] :cat: é"
    assert marked(same) == same


def test_a_terminals_own_sequences_stay_and_markup_is_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    terminal = Terminal()
    terminal.file = io.StringIO()
    table = Table()
    table.add_column("a\x1b[2J")
    table.add_row("[red]b\x07[/red] :cat:")
    terminal.print(table, plain("c\r", "bold"), "\x9bd")
    shown = terminal.file.getvalue()
    assert "\x1b[1mc\\u000d\x1b[0m" in shown  # bold
    for text in (r"a\u001b[2J", r"[red]b\u0007[/red] :cat:", r"\u009bd"):
        assert text in shown
    assert "\x1b[2J" not in shown
