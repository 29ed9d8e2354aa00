"""The benchmark of abstentions, on the real workflow with a scripted model."""

from pathlib import Path

import pytest
from asked import writes_profile
from scripted import ScriptedChat

from guided_profile.evals.benches.abstention import ARMS, Row, arm, balanced, measure, score, table
from guided_profile.evals.datasets.abstention import abstention
from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.methods.workflow import MethodInputs, workflow
from guided_profile.evals.scorers.result import Result
from guided_profile.graph.errors import InputError
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.history.store import HistoryStore

DEV = abstention("dev")


def script(prompt: str) -> str | dict[str, float]:
    """Say Yes to every check but one, and take A with all its weight, wherever it is asked."""
    if "Answer Yes or No" in prompt:
        of_history = "Does the reply answer" not in prompt
        no = of_history and "What is your dog called" in prompt and "shiba" not in prompt
        return {"Yes": 0.1, "No": 0.9} if no else {"Yes": 0.9, "No": 0.1}
    if "option and nothing else" in prompt:
        return {letter: 0.91 if letter == "A" else 0.03 for letter in "ABCD"}
    return "This person has a dog." if writes_profile(prompt) else "My dog is called Rex."


def asked(question: str) -> list[Example]:
    return [example for example in DEV if example.question == question]


async def test_the_check_abstains_in_the_workflow_and_not_in_the_raw_arm(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    examples = asked("What is your dog called?")
    chat = ScriptedChat(script=script)
    rows = await measure(examples, ARMS, tmp_path, chat, LexicalEmbedder())
    assert [(row.arm, row.cells[0].split()[0], row.cells[2].split()[0]) for row in rows] == [
        ("default", "100.0", "0.0"),
        ("dg", "0.0", "0.0"),
    ]
    assert "not answerable; abstained: not_in_history" in capsys.readouterr().out

    made = len(chat.prompts)
    assert await measure(examples, ARMS, tmp_path, chat, LexicalEmbedder()) == rows
    assert len(chat.prompts) == made
    with pytest.raises(InputError, match="another run"):
        await measure(examples[:1], ARMS, tmp_path, chat, LexicalEmbedder())


async def test_no_floor_stands_under_the_raw_arms_choices(tmp_path: Path) -> None:
    """Every order takes its own A, so that the options are level: that is below the floor."""
    (example,) = balanced(abstention("dev", "preference"), 1)[1:]
    with HistoryStore.open(LexicalEmbedder(), path=tmp_path) as history:
        history.add(example.id, example.history)
        chat = ScriptedChat(script=script)
        task = builtin_tasks()["preference"]
        parts = MethodInputs(chat, history, LexicalEmbedder(), task, [example])
        kinds = [
            (await method.answer(example)).kind
            for method in (workflow("dg", parts), arm("dg", parts))
        ]
    assert kinds == ["abstained", "answered"]


def test_shares_are_of_what_can_and_cannot_be_answered_and_errors_are_neither() -> None:
    examples = balanced(abstention("dev", "preference"), 2)
    cannot, can = (
        [example for example in examples if example.answerable == answerable]
        for answerable in (False, True)
    )
    right = can[1].options.index(can[1].reference)
    results = [
        Result(example=cannot[0].id, method="m", kind="abstained"),
        Result(example=cannot[1].id, method="m", kind="error", reason="down"),
        Result(example=can[0].id, method="m", kind="abstained"),
        Result(example=can[1].id, method="m", kind="answered", option=right),
    ]
    abstained, near, wrongly, accuracy, errors = score("preference", "m", examples, results).cells
    assert abstained.startswith("100.0 ")
    assert abstained.endswith("(n=1)")
    assert near == "-"
    assert wrongly == accuracy == "50.0 [9.5, 90.5] (n=2)"
    assert errors == "1"


def test_a_limit_takes_as_many_of_each_kind() -> None:
    kinds = [(example.task, example.answerable) for example in balanced(DEV, 3)]
    assert len(kinds) == 12
    assert all(kinds.count(kind) == 3 for kind in kinds)
    assert len(balanced(DEV, None)) == len(DEV)


def test_columns_stand_under_their_heads() -> None:
    lines = table([Row("dialogue", "dg", ("1", "2", "3", "4", "0"))]).splitlines()
    assert lines[0].index("wrongly") == lines[1].index("3")
