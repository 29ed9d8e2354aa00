"""The command line, run as a script would run it, against an endpoint on this machine."""

import json
import logging
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import forked
import pytest
from endpoint import Endpoint

from guided_profile.apps import assembly, runs
from guided_profile.apps.cli.demo import people
from guided_profile.apps.cli.main import COMMANDS, main
from guided_profile.graph.state import Abstained, Answered
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.embedders.minilm import MiniLMEmbedder


def test_a_question_is_answered_with_what_it_rests_on(
    added: type[Endpoint], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ask", "Any pets?", "--user", "anna"]) == 0
    said = capsys.readouterr().out
    assert "Miso, my cat." in said
    assert "my cat Miso sleeps" in said
    # of them three to judge two sentences, four on their use, and three of the answer
    assert "14 calls" in said
    assert "used: This person has a cat named Miso." in said


def test_an_answer_as_json_can_be_read_by_a_script(
    added: type[Endpoint], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    arguments = ["ask", "Which?", "--user", "anna", "--task", "preference", "--json"]
    assert main([*arguments, "--options", "a car", "a cat toy", "a boat"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["kind"], answer["text"], answer["option"]) == ("answered", "a cat toy", 1)


def test_an_abstention_has_an_exit_code_of_its_own(
    added: type[Endpoint], capsys: pytest.CaptureFixture[str]
) -> None:
    added.yes = 0.05
    assert main(["ask", "Which opera?", "--user", "anna"]) == 3
    assert "The history says nothing about that." in capsys.readouterr().out


def test_the_profile_is_kept_between_commands(
    added: type[Endpoint], capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["profile", "--user", "anna", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made["sentences"][0]["text"] == "This person has a cat named Miso."
    assert made["sentences"][0]["evidence"]
    count = len(added.prompts)
    assert main(["profile", "--user", "anna"]) == 0
    assert len(added.prompts) == count
    assert "This person commutes by bicycle." in capsys.readouterr().out


def test_a_file_with_bad_lines_adds_the_good_ones_and_names_the_bad(
    endpoint: type[Endpoint], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "mixed.jsonl"
    path.write_text('{"text": "a cat"}\nnot json\n{"text": ""}\n{"text": "a cat"}\n')
    assert main(["add", str(path), "--user", "anna"]) == 2
    said = capsys.readouterr()
    assert "added 1, already there 1, refused 2" in said.out
    assert "line 2" in said.err
    assert "line 3" in said.err


def test_a_file_in_a_language_that_the_embedder_does_not_know_is_reported_in_one_line(
    endpoint: type[Endpoint],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    english = LexicalEmbedder()
    english.id = MiniLMEmbedder.id
    monkeypatch.setattr(assembly, "embedder", lambda *given: english)
    monkeypatch.setattr(logging.getLogger(), "level", logging.ERROR)  # what the settings say
    path = tmp_path / "notes.txt"
    path.write_text("Heute war ich lange mit meinem Hund im Wald spazieren.\n")
    assert main(["add", str(path), "--user", "greta"]) == 0
    (said,) = [record.getMessage() for record in caplog.records]
    assert "is in German" in said
    assert "\n" not in said


def test_what_was_added_is_counted_for_a_script(
    endpoint: type[Endpoint], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("Title,Date,Price\na wok,03/04/2025,1\na pan,,2\na pan,,2\n,,3\n")
    mapping = ["--column", "text=Title", "--column", "time=Date", "--source", "purchases"]
    zone = ["--dates", "dmy", "--timezone", "Europe/Berlin"]
    assert main(["add", str(path), "--user", "anna", *mapping, *zone, "--json"]) == 2
    assert json.loads(capsys.readouterr().out) == {
        "added": 2,
        "duplicates": 1,
        "replaced": 0,
        "held_back": 0,
        "formats": {"csv": 1},
        "skipped": 0,
        "left_out": {},
        "masked": 0,
        "refused": 1,
        "refusals": [{"place": "line 5", "line": 5, "reason": "text: is empty"}],
        "restored": 0,
        "wishes_left": [],
    }


def test_a_chat_is_added_with_the_user_named(
    endpoint: type[Endpoint], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "chat.txt"
    path.write_text("1.2.25, 21:41 - Anna: hi\n1.2.25, 21:42 - Ben: ho\n1.2.25, 21:42 - Ben left\n")
    assert main(["add", str(path), "--user", "anna"]) == 2
    assert "--me which of the people is the user: 'Anna', 'Ben'" in capsys.readouterr().err
    assert main(["add", str(path), "--user", "anna", "--me", "Anna"]) == 0
    assert (
        "added 2, already there 0, refused 0; left out: without words 1" in capsys.readouterr().out
    )


def test_plain_text_is_added_by_paragraph(
    endpoint: type[Endpoint], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "diary"
    path.write_text("I ran\ntoday.\n\nIt rained.\n")
    arguments = ["add", str(path), "--user", "anna", "--format", "text"]
    assert main([*arguments, "--paragraphs"]) == 0
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert "added 2, already there 0" in said
    assert "added 2, already there 1" in said


def test_a_terminal_names_the_first_refused_lines_and_counts_all(
    endpoint: type[Endpoint], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a"}\n' + "x\n" * 6000)
    assert main(["add", str(path), "--user", "anna"]) == 2
    said = capsys.readouterr()
    assert "added 1, already there 0, refused 6000" in said.out
    assert said.err.count("is not JSON") == 100
    assert said.err.count("more are refused") == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["ask", "Hi?", "--user", "nobody"], 3, ""),
        (["ask", " ", "--user", "anna"], 2, "the question is empty"),
        (["ask", "", "--user", "anna"], 2, "the question is empty"),
        (["ask", "Hi?", "--user", " "], 2, "user_id is ' '"),
        (["ask", "Hi?", "--user", "anna", "--task", "poem"], 2, "no task is named 'poem'"),
        (["ask", "Hi?", "--user", "anna", "--task", "no.yaml"], 2, "cannot be read"),
        (["ask", "Hi?", "--user", "anna", "--options", "a", "b"], 2, "takes no options"),
        (["add", "missing.jsonl", "--user", "anna"], 2, "missing.jsonl"),
        (["add", "a.docx", "--user", "anna"], 2, "a.docx"),
        (["add", "a.csv", "--user", "anna", "--column", "name=X"], 2, "--column is 'name=X'"),
        (["add", "a.csv", "--user", "anna", "--column", "time=X"], 2, "add --column text="),
        (["add", "a.csv", "--user", "anna", "--timezone", "Mars"], 2, "like Europe/Berlin"),
        (["profile", "--user", "nobody"], 2, "guided-profile add FILE"),
        (["models", "pull"], 2, "name the weights"),
        (["models", "pull", "gpt-9"], 2, "smollm2-135m"),
    ],
)
def test_what_is_wrong_is_said_in_one_line_with_the_fix(
    endpoint: type[Endpoint],
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    message: str,
) -> None:
    assert main(arguments) == code
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) <= 1


NO_TASKS = {
    "a list": (b"- a\n", "holds no fields such as `name: titles`"),
    "a word": (b"a", "holds no fields"),
    "nothing": (b"", "holds no fields"),
    "no YAML": (b"name: [", "is not YAML: while parsing"),
    "no date": (b"name: 2020-13-45", "is not YAML: month must be in 1..12"),
    "a long number": (b"version: " + b"9" * 5000, "is not YAML: Exceeds the limit"),
    "deep": (b"[" * 5000, "is not YAML: maximum recursion depth"),
    "deep fields": (b"a: " + b"{a: " * 3000, "is not YAML: maximum recursion depth"),
    "Latin": ("name: größe".encode("latin-1"), "(it is not UTF-8)"),
    "wrong types": (b"name: 3\nkind: [1]\nsources: 5", "name: Input should be a valid string"),
}


@pytest.mark.parametrize("wrong", NO_TASKS)
def test_a_task_file_that_is_wrong_is_said_in_one_line(
    endpoint: type[Endpoint], tmp_path: Path, capsys: pytest.CaptureFixture[str], wrong: str
) -> None:
    content, message = NO_TASKS[wrong]
    path = tmp_path / "own.yaml"
    path.write_bytes(content)
    assert main(["ask", "Hi?", "--user", "anna", "--task", str(path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"guided-profile: the task file {str(path)!r}")
    assert message in said
    assert said.count("\n") == 1


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("empty.jsonl", "", "'empty.jsonl' is empty; there is nothing to add"),
        ("empty.csv", "", "'empty.csv' is empty; there is nothing to add"),
        ("empty/notes.txt", "", "'empty' is empty; there is nothing to add"),
        ("blank.txt", " \n\n", "'blank.txt' holds nothing to add"),
        ("work/notes.txt", "a diary", "none of the 2 files in 'work' is of a kind .*; give one of"),
    ],
)
def test_a_file_with_nothing_to_add_is_named(
    endpoint: type[Endpoint],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    file: str,
    content: str,
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(file).parent.mkdir(exist_ok=True)
    Path(file).write_text(content)
    if content == "a diary":
        Path("work/more.txt").write_text("and another")
    assert main(["add", Path(file).parts[0], "--user", "anna"]) == 2
    assert re.search(message, capsys.readouterr().err)


def test_what_is_not_kept_is_not_said_to_be_deleted(
    endpoint: type[Endpoint], capsys: pytest.CaptureFixture[str]
) -> None:
    for arguments, code, message in (
        (["forget", "--yes"], 0, "nothing was kept about 'nobody', so nothing was deleted"),
        (["forget", "851c"], 1, "'nobody' has none of these items, so nothing was deleted"),
        (["profile", "--delete"], 0, "there was no profile; what was pinned"),
    ):
        assert main([*arguments, "--user", "nobody"]) == code
        assert message in capsys.readouterr().out


def test_an_endpoint_that_is_down_is_an_error_and_no_answer(
    added: type[Endpoint], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    assert main(["ask", "Any pets?", "--user", "anna"]) == 1
    assert "endpoint cannot be reached" in capsys.readouterr().err


def test_a_task_of_ones_own_is_named_by_its_file(
    added: type[Endpoint], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "titles.yaml"
    path.write_text(
        "name: titles\ndescription: Give a text a title.\nkind: text\n"
        "guiding_question: What are the titles of this person like? pets, family\n"
        "profile_instruction: Now write a short profile of titles.\n"
        "response_instruction: 'Write a title for: {question}'\n"
    )
    assert main(["ask", "a text", "--user", "anna", "--task", str(path)]) == 0
    assert added.prompts[-1].endswith("Write a title for: a text")


@pytest.mark.parametrize(("level", "code"), [("", 0), ("Info", 0), ("loud", 2)])
def test_a_log_level_is_taken_or_refused_as_any_setting(
    endpoint: type[Endpoint],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    level: str,
    code: int,
) -> None:
    monkeypatch.setenv("GUIDED_PROFILE_LOG", level)
    assert main(["tasks", "--json"]) == code
    said = capsys.readouterr()
    assert ("GUIDED_PROFILE_LOG is 'loud'; it may be debug" in said.err) == bool(code)
    assert ("SettingsError" in said.out) == bool(code)


@pytest.mark.parametrize("format", ["jsonl", "text"])
def test_lines_of_json_are_no_export_whatever_their_file_is_called(
    endpoint: type[Endpoint], tmp_path: Path, capsys: pytest.CaptureFixture[str], format: str
) -> None:
    path = tmp_path / "lines.json"
    path.write_text('{"text": "I like tea"}\n{"text": "I like oats"}\n')
    assert main(["add", str(path), "--user", "anna", "--format", format]) == 0
    assert "added 2" in capsys.readouterr().out


def test_the_demo_runs_through_an_endpoint(
    endpoint: type[Endpoint], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "answer", "a reply")
    # the endpoint can only weigh options of which one is a cat toy
    two = [person for person in people() if person.task != "preference"]
    monkeypatch.setattr("guided_profile.apps.cli.demo.people", lambda: two)
    assert main(["demo", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert [result["task"] for result in shown] == ["dialogue", "paraphrase"]
    for result in shown:
        assert [answer["text"] for answer in result["answers"].values()] == ["a reply"] * 3


def test_the_demo_shows_each_answer_as_soon_as_it_is_there(
    endpoint: type[Endpoint], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoint, "answer", "a reply")
    tomas = [person for person in people() if person.task == "dialogue"]
    monkeypatch.setattr("guided_profile.apps.cli.demo.people", lambda: tomas)
    shown: list[str] = []
    run = runs.run

    async def watched(*args: Any, **kwargs: Any) -> Answered | Abstained:
        shown.append(" ".join(capsys.readouterr().out.split()))
        return await run(*args, **kwargs)

    monkeypatch.setattr(runs, "run", watched)
    assert main(["demo"]) == 0
    shown.append(" ".join(capsys.readouterr().out.split()))
    asked, without, raw, guided = shown
    assert "Asked:" in asked
    assert "a reply" not in asked
    assert "Answer without the history: a reply" in without
    assert "Answer with the raw history: a reply" in raw
    assert "Profile" not in raw
    assert guided.index("Profile, each") < guided.index("Answer with the guided profile: a reply")


def test_tasks_and_models_are_listed(
    endpoint: type[Endpoint], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tasks"]) == 0
    assert "dialogue (text): Reply to a message" in capsys.readouterr().out
    assert main(["models", "--json"]) == 0
    names = [entry["name"] for entry in json.loads(capsys.readouterr().out)]
    assert "qwen2.5-coder-1.5b" in names


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"example: guided-profile {command}" in " ".join(capsys.readouterr().out.split())


def test_help_and_version_load_nothing_that_takes_long() -> None:
    program = (
        "import sys\n"
        "from guided_profile.apps.cli.main import COMMANDS, main\n"
        "try: main([{!r}])\n"
        "except SystemExit as ended: print(ended.code, sorted({{'langgraph', 'pydantic', 'rich', "
        "'asyncio'}} & set(sys.modules)))"
    )
    for option, shown in (
        ("--help", "answer a question"),
        ("--version", version("guided-profile")),
    ):
        done = subprocess.run(
            [sys.executable, "-c", program.format(option)], capture_output=True, text=True
        )
        assert shown in done.stdout.casefold(), done.stderr
        assert done.stdout.endswith("0 []\n")


def test_who_has_read_enough_of_the_output_ends_it_quietly(
    added: type[Endpoint], tmp_path: Path
) -> None:
    path = tmp_path / "long.txt"
    # more than a pipe holds
    path.write_text("".join(f"rye loaf number {number}{' of rye' * 60}\n" for number in range(300)))
    assert main(["add", str(path), "--format", "text", "--user", "anna"]) == 0
    command = [sys.executable, "-m", "guided_profile.apps.cli.main", "export", "--user", "anna"]
    with forked.start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout
        assert running.stderr
        running.stdout.readline()
        running.stdout.close()
        assert running.stderr.read().strip() == b""
    assert running.returncode == 141


def test_a_dry_run_shows_what_would_be_added_and_keeps_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "notes.txt"
    bought = "".join(f"bought {kind} tea\n" for kind in "abcdefghijklmnop")
    path.write_text(bought + "my password is hunter2\n")
    data = tmp_path / "data"
    given = ["add", str(path), "--user", "anna", "--dry-run", "--data", str(data)]
    assert main(given) == 0
    said = capsys.readouterr()
    assert said.err.strip() == "found: notes, a line each (text)"
    assert said.out.count("tea") == 10
    assert "nothing was added; items 17 (notes 17); secrets masked 1" in said.out
    assert main([*given, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["formats"], found["items"], len(found["shown"])) == ({"text": 1}, 17, 10)
    assert not data.exists()


def test_the_formats_are_listed_with_how_to_get_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["formats"]) == 0
    said = capsys.readouterr().out
    assert "whatsapp" in said
    assert "Export chat" in said
    assert main(["formats", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert {"format", "title", "obtain"} == listed[0].keys()
    assert all(entry["title"] for entry in listed)
