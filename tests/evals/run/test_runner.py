"""A run, killed and resumed, at a real endpoint on this machine; and what it refuses."""

import asyncio
import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import forked
import pytest
from counting import (
    Endpoint,
    await_kept,
    comes_true,
    command,
    counting,
    finished,
    finished_here,
    given_here,
    lines,
)
from langchain_core.messages import HumanMessage
from scripted import ScriptedChat

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.methods.rules import by_rule
from guided_profile.evals.methods.workflow import MethodInputs
from guided_profile.evals.run.answers import Answers
from guided_profile.evals.run.calls import Calls, KeptChat
from guided_profile.evals.run.runner import check_same_run, run
from guided_profile.evals.scorers.result import Result
from guided_profile.graph.context import Context
from guided_profile.graph.errors import InputError, ModelError
from guided_profile.graph.state import Abstained, Answered
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.models.calls import MOST_FAILURES, complete


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    with counting() as server:
        yield server


def test_a_killed_run_goes_on_and_no_call_is_answered_twice(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        folder.mkdir()
        (folder / "data.jsonl").write_text(lines(4))
    done = finished(endpoint, whole)
    assert done.returncode == 0, done.stderr
    in_all = endpoint.answered.copy()
    made_of = json.loads((whole / "o" / "run.json").read_text())
    assert made_of["bounds"]["recall_tokens"] == Context(user_id="x").recall_tokens
    assert made_of["setting gpg-nopc"]["sees"] == ["profile"]
    assert set(in_all.values()) == {1}  # methods that ask the same share the call

    endpoint.answered.clear()
    endpoint.hold_at = in_all.total() // 2
    arguments, environment = command(endpoint, cut)
    child = forked.start(arguments, env=environment)
    await_kept(endpoint, cut)
    answers = cut / "o" / "answers.jsonl"
    assert comes_true(lambda: answers.stat().st_size > 0)
    os.kill(child.pid, signal.SIGKILL)
    child.wait(60)
    endpoint.hold_at = None
    endpoint.release.set()
    time.sleep(0.1)
    before = answers.read_text()
    assert 0 < len(before.splitlines()) < 20
    with answers.open("a") as file:
        file.write('{"example": "data-4", "meth')  # as a kill in the middle of a write leaves it

    done = finished(endpoint, cut)
    assert done.returncode == 0, done.stderr
    assert endpoint.answered == in_all  # every call once, over both
    assert answers.read_text().startswith(before)
    assert figures(cut) == figures(whole)

    endpoint.answered.clear()
    resumed = answers.read_text()
    again = finished_here(endpoint, cut)
    assert again.returncode == 0, again.stderr
    assert endpoint.answered.total() == 0
    assert answers.read_text() == resumed


def figures(folder: Path) -> Any:
    summary = json.loads((folder / "o" / "summary.json").read_text())
    for row in summary["rows"]:
        row["cost"].pop("seconds")
    return summary


def test_what_was_asked_with_something_else_is_another_run(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    check_same_run(path, {"model": "m", "setting dg": {"sees": ("personal_context",)}})
    check_same_run(path, {"model": "m", "setting gpg": {"sees": ()}})  # one more method
    check_same_run(path, {"model": "m", "setting dg": {"sees": ["personal_context"]}})
    with pytest.raises(InputError, match="its model was 'm' and is now 'n'; choose another"):
        check_same_run(path, {"model": "n"})
    with pytest.raises(InputError, match="its setting gpg was"):
        check_same_run(path, {"setting gpg": {"sees": ["profile"]}})


class Scripted:
    """A method that does what its script says."""

    description = "as scripted"

    def __init__(self, name: str, script: Any) -> None:
        self.name = name
        self.script = script
        self.asked: list[str] = []

    async def answer(self, example: Example) -> Answered | Abstained:
        self.asked.append(example.id)
        said: Answered | Abstained = self.script(example)
        return said


def examples(count: int) -> list[Example]:
    return [
        Example(
            id=str(number),
            user_id="u",
            task="preference",
            question="?",
            options=("a", "b"),
            reference="a",
        )
        for number in range(count)
    ]


async def test_an_error_is_kept_as_one_and_asked_again(
    history: HistoryStore, tmp_path: Path
) -> None:
    broken = True

    def script(example: Example) -> Answered:
        if broken and example.id == "1":
            raise ModelError("gone")
        return Answered(text="a", option=0)

    method = Scripted("m", script)
    answers = Answers(tmp_path / "answers.jsonl")
    first = await run(examples(3), [method], answers, history=history)
    assert [result.kind for result in first] == ["answered", "error", "answered"]
    answers.close()
    broken = False
    answers = Answers(tmp_path / "answers.jsonl")
    second = await run(examples(3), [method], answers, history=history)
    assert [result.kind for result in second] == ["answered"] * 3
    assert method.asked == ["0", "1", "2", "1"]
    answers.close()


async def test_a_run_stops_when_nothing_works(history: HistoryStore, tmp_path: Path) -> None:
    def script(example: Example) -> Answered:
        raise ModelError("the endpoint is gone")

    answers = Answers(tmp_path / "answers.jsonl")
    method = Scripted("m", script)
    with pytest.raises(ModelError, match=r"10 answers in a row failed.*the endpoint is gone"):
        await run(examples(30), [method], answers, history=history, concurrency=3)
    assert MOST_FAILURES <= len(method.asked) <= MOST_FAILURES + 3
    answers.close()


async def test_a_bug_is_not_counted_but_raised(history: HistoryStore, tmp_path: Path) -> None:
    def script(example: Example) -> Answered:
        raise KeyError("a bug")

    answers = Answers(tmp_path / "answers.jsonl")
    with pytest.raises(KeyError):
        await run(examples(3), [Scripted("m", script)], answers, history=history)
    answers.close()


async def test_histories_do_not_mix_and_do_not_stay(history: HistoryStore, tmp_path: Path) -> None:
    from guided_profile.graph.records import HistoryItem

    shown: dict[str, list[str]] = {}

    def script(example: Example) -> Answered:
        shown[example.id] = [item.text for item in history.list(example.id)]
        return Answered(text="a", option=0)

    asked = [
        example.model_copy(update={"history": (HistoryItem(text=f"text {example.id}"),)})
        for example in examples(4)
    ]
    answers = Answers(tmp_path / "answers.jsonl")
    await run(asked, [Scripted("m", script)], answers, history=history, concurrency=4)
    assert shown == {str(number): [f"text {number}"] for number in range(4)}
    assert history.users() == []
    answers.close()


async def test_a_rule_reads_the_example_and_nothing_is_embedded(
    history: HistoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    added: list[str] = []
    monkeypatch.setattr(HistoryStore, "add", lambda store, user_id, items: added.append(user_id))
    answers = Answers(tmp_path / "answers.jsonl")
    inputs = MethodInputs(None, history, history.embedder, builtin_tasks()["preference"], [])
    rule = by_rule("longest", inputs)
    scripted = Scripted("m", lambda example: Answered(text="a", option=0))
    assert len(await run(examples(3), [rule], answers, history=history)) == 3
    assert added == []
    await run(examples(3), [rule, scripted], answers, history=history)
    assert added == ["0", "1", "2"]
    answers.close()


def test_an_answer_with_line_breaks_of_any_kind_is_read_again(tmp_path: Path) -> None:
    said = Result(example="1", method="m", kind="answered", text="a\u2028b\u2029c\x85d\r\ne")
    answers = Answers(tmp_path / "answers.jsonl")
    answers.add(said)
    answers.close()
    again = Answers(tmp_path / "answers.jsonl")
    assert again.of(["1"], ["m"]) == [said]
    again.close()


async def test_a_call_is_over_at_the_models_deadline(tmp_path: Path) -> None:
    class Slow(ScriptedChat):
        deadline: float = 0.05

        async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
            await asyncio.sleep(10)

    with closing(Calls(tmp_path / "calls.db")) as calls:
        kept = KeptChat(inner=Slow(script=str), calls=calls)
        with pytest.raises(ModelError, match="did not answer in time"):
            await complete(kept, [HumanMessage("?")], stage="x", max_tokens=2)


def test_a_damaged_line_in_the_middle_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    good = Result(example="1", method="m", kind="answered").model_dump_json()
    path.write_text(f"{good}\nno answer\n{good}\n")
    with pytest.raises(InputError, match=r"line 2 of .* is no answer"):
        Answers(path)


def test_the_command_refuses_what_cannot_work(endpoint: Endpoint, tmp_path: Path) -> None:
    (tmp_path / "data.jsonl").write_text(lines(1))
    done = finished_here(endpoint, tmp_path, "--task", "dialogue")
    assert done.returncode == 2
    assert "is of kind 'choice', and the task 'dialogue' is of kind 'text'" in done.stderr
    (tmp_path / "data.jsonl").write_text('{"user_id": "u"}\n')
    done = finished_here(endpoint, tmp_path)
    assert done.returncode == 2
    assert "data.jsonl, line 1: the fields ['history', 'query'] are missing" in done.stderr
    (tmp_path / "data.jsonl").write_text("\n")
    done = finished_here(endpoint, tmp_path)
    assert done.returncode == 2
    assert "data.jsonl' holds no examples; give a file with some" in done.stderr
    assert endpoint.answered.total() == 0


def test_a_run_over_texts_is_scored_and_judged(endpoint: Endpoint, tmp_path: Path) -> None:
    (tmp_path / "data.jsonl").write_text(
        json.dumps(
            {"user_id": "u", "history": ["green tea", "tea"], "query": "Tea?", "answer": "yes"}
        )
    )
    text = ("--task", "dialogue", "--methods", "dg,gpg")
    done = finished_here(endpoint, tmp_path, *text, "--judge", "gpg,dg")
    assert done.returncode == 0, done.stderr
    assert "declines on 1" in done.stdout
    summary = json.loads((tmp_path / "o" / "summary.json").read_text())
    assert summary["judged"]["declined"] == 1
    assert summary["judged"]["claimed"] is False
    assert "is not known; `guided-profile eval --judge-check`" in " ".join(done.stdout.split())

    arguments, environment = command(endpoint, tmp_path)
    check = [*arguments[: arguments.index("--data")], "--judge-check"]
    done = given_here(check, environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("Not to be claimed, since it decided on 0 of") == 2
    checked = json.loads((tmp_path / "o" / "judge.json").read_text())
    assert set(checked) == {"rubric 2 by m", "judge 1 by m"}
    asked = endpoint.answered.total()
    done = finished_here(endpoint, tmp_path, *text, "--judge", "gpg,dg")
    assert endpoint.answered.total() == asked
    for shown in (done.stdout, (tmp_path / "o" / "report.html").read_text()):
        assert "Not to be claimed, since it decided on 0 of 40" in " ".join(shown.split())
    summary = json.loads((tmp_path / "o" / "summary.json").read_text())
    assert summary["judged"]["agreement"]["question"] == "judge 1"
    assert {"rouge-l", "meteor", "bleu", "similarity", "style-distance"} <= set(
        summary["rows"][0]["scores"]
    )
    done = finished_here(endpoint, tmp_path, *text, "--judge", "gpg,pg")
    assert done.returncode == 2
    assert "--judge takes two of the --methods" in done.stderr
