"""The command, with a scripted model in place of the endpoint's; all else is real."""

import json
from pathlib import Path
from typing import Any

import pytest
from scripted import Script, ScriptedChat
from tuned import BETTER, PROPOSED, PROPOSING, WORSE, people, script

from guided_profile.apps import assembly
from guided_profile.apps.assembly import known_task
from guided_profile.apps.cli.main import main
from guided_profile.apps.settings import read_settings
from guided_profile.evals.datasets.plain import written
from guided_profile.graph.errors import ModelError
from guided_profile.graph.tasks import builtin_tasks, load_task

OWN = builtin_tasks()["preference"].guiding_question


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_KEY", "GUIDED_PROFILE_CHROMA_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GUIDED_PROFILE_EMBEDDER", "lexical")
    monkeypatch.setenv("GUIDED_PROFILE_DATA", str(tmp_path / "data"))


@pytest.fixture
def tuned(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Any:
    """Runs the command over so many people's examples; returns code, prompts, out and err."""

    def run(*more: str, script: Script = script, count: int = 12) -> tuple[int, list[str], Any]:
        chat = ScriptedChat(script=script)
        monkeypatch.setattr(assembly, "chat_model", lambda *_: chat)
        with written(tmp_path / "data.jsonl") as file:
            for example in people(count):
                file.write(example)
        paths = ["--data", str(tmp_path / "data.jsonl"), "--out", str(tmp_path / "out")]
        code = main(["tune", *paths, *more])
        return code, chat.prompts, capsys.readouterr()

    return run


def test_the_better_question_is_found_shown_and_written_as_a_task(
    tuned: Any, tmp_path: Path
) -> None:
    code, _, said = tuned()
    assert code == 0
    words = " ".join(said.out.split())
    assert "development half: 6 examples by 6 people" in words
    assert "Use question 1: it is better on the report half too (100.0 [" in words
    task = load_task(tmp_path / "out" / "task.yaml")
    own = builtin_tasks()["preference"]
    assert task == own.model_copy(update={"guiding_question": BETTER, "version": own.version + 1})
    figures = json.loads((tmp_path / "out" / "tuning.json").read_text())
    assert figures["recommended"] == BETTER
    assert [trial["question"] for trial in figures["development"]["trials"]] == [OWN, BETTER, WORSE]
    assert figures["report"]["trials"][1]["against"]["difference"]["n"] == 6
    assert not set(figures["development"]["users"]) & set(figures["report"]["users"])
    assert known_task(read_settings(), str(tmp_path / "out" / "task.yaml"))[1] == task


def test_the_same_command_again_makes_no_call(tuned: Any) -> None:
    first = tuned("--json")
    again = tuned("--json")
    assert first[1]
    assert again[1] == []
    assert json.loads(again[2].out) == json.loads(first[2].out)


def test_what_was_killed_goes_on_without_a_call_made_twice(tuned: Any) -> None:
    left = 30

    def killed(prompt: str) -> str | dict[str, float]:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        return script(prompt)

    code, before, _ = tuned(script=killed)
    assert code == 130
    code, after, _ = tuned()
    assert code == 0
    assert not set(before[:30]) & set(after)
    assert len({*before[:30], *after}) == len(before[:30]) + len(after)


def test_where_nothing_is_better_the_question_stays_and_no_task_is_written(
    tuned: Any, tmp_path: Path
) -> None:
    code, _, said = tuned(script=lambda p: "no idea" if PROPOSING in p else script(p))
    assert code == 1
    assert "proposed no question that can be used" in said.err
    mine = tmp_path / "mine.txt"
    mine.write_text(f"\n{WORSE}\n")
    code, prompts, said = tuned("--candidates", "0", "--questions", str(mine))
    assert code == 0
    assert "Keep your question: no other one (1 tried) did better" in " ".join(said.out.split())
    assert not (tmp_path / "out" / "task.yaml").exists()
    assert not [prompt for prompt in prompts if PROPOSING in prompt]


def test_further_questions_in_the_same_folder_are_counted_as_further_looks(
    tuned: Any, tmp_path: Path
) -> None:
    mine = tmp_path / "mine.txt"

    def fair(prompt: str) -> str | dict[str, float]:
        return script(prompt.replace("By which hue?", BETTER))

    mine.write_text("By which hue?\n")
    tuned("--candidates", "0", "--questions", str(mine), script=fair)
    assert load_task(tmp_path / "out" / "task.yaml").guiding_question == "By which hue?"
    mine.write_text(f"{WORSE}\n{BETTER}\n")
    code, prompts, said = tuned("--candidates", "0", "--questions", str(mine))
    assert code == 0
    assert not [prompt for prompt in prompts if OWN in prompt], "the task's own is not asked again"
    assert "question 2 that the report half is looked at for" in " ".join(said.out.split())
    assert load_task(tmp_path / "out" / "task.yaml").guiding_question == BETTER
    mine.write_text(f"{WORSE}\n")
    tuned("--candidates", "0", "--questions", str(mine))
    assert not (tmp_path / "out" / "task.yaml").exists(), "what is not recommended does not stay"


def test_answers_that_failed_are_reported_and_asked_again(tuned: Any) -> None:
    def failing(prompt: str) -> str | dict[str, float]:
        if WORSE in prompt and PROPOSING not in prompt:
            raise ModelError("gone")
        return script(prompt)

    code, _, said = tuned(script=failing, count=10)
    assert code == 1
    assert "5 answers failed; the same command asks them again." in " ".join(said.out.split())
    code, prompts, _ = tuned(count=10)
    assert code == 0
    assert not [prompt for prompt in prompts if BETTER in prompt]


@pytest.mark.parametrize(
    ("more", "count", "said"),
    [
        ((), 9, "there are 9 examples that can be answered, and tuning takes 10 or more"),
        (("--n", "9"), 12, "there are 9 examples that can be answered"),
        (("--candidates", "-1"), 12, "--candidates is -1; set it to 0 or more."),
        (("--candidates", "0"), 12, "there is nothing to compare"),
        (("--questions", "none.txt"), 12, "the questions in 'none.txt' cannot be read"),
        (("--questions", "{empty}"), 12, "holds no question; write one a line"),
        (("--questions", "{wrong}"), 12, "the guiding question 'Who is {name}?': uses {name}"),
        (("--task", "dialogue"), 12, "the task 'dialogue' is of kind 'text'"),
        (("--task", "{unguided}"), 12, "never asks its guiding question"),
        (("--task", "{sourced}"), 12, "a question of its own of each source here (purchases)"),
    ],
)
def test_what_cannot_be_tuned_is_refused_before_the_first_call(
    tuned: Any, tmp_path: Path, more: tuple[str, ...], count: int, said: str
) -> None:
    own = (Path(assembly.__file__).parents[1] / "graph/builtin_tasks/preference.yaml").read_text()
    texts = {
        "{empty}": "\n",
        "{wrong}": "Who is {name}?\n",
        "{unguided}": own + "guided: false\n",
        "{sourced}": own + 'sources: {purchases: "What do they buy?"}\n',
    }
    given = []
    for argument in more:
        if argument in texts:
            path = tmp_path / f"{argument.strip('{}')}.yaml"
            path.write_text(texts[argument])
            argument = str(path)
        given.append(argument)
    code, prompts, shown = tuned(*given, count=count)
    assert code == 2
    assert said in shown.err
    assert prompts == []


def test_another_run_s_folder_is_refused(tuned: Any) -> None:
    tuned()
    code, prompts, said = tuned("--seed", "1")
    assert code == 2
    assert "holds another run: its seed was 0 and is now 1" in said.err
    assert prompts == []


def test_questions_that_quote_the_data_are_not_tried(tuned: Any, tmp_path: Path) -> None:
    leaking = "3. Would this person want a red scarf of all things?\n"
    tuned(script=lambda p: PROPOSED + leaking if PROPOSING in p else script(p))
    figures = json.loads((tmp_path / "out" / "tuning.json").read_text())
    assert [trial["question"] for trial in figures["development"]["trials"]] == [OWN, BETTER, WORSE]
    assert figures["proposing"]["dropped"][0]["why"] == "it quotes the examples: 'a red scarf'"
