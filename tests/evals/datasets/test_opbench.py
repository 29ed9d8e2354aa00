from pathlib import Path
from typing import Any

import pytest
from records import as_json

from guided_profile.evals.datasets.load import load
from guided_profile.graph.errors import DatasetError

TALK: dict[str, Any] = {
    "sample_id": "conv-1",
    "conversation": {
        "speaker_a": "Ida",
        "speaker_b": "Noor",
        "session_1_date_time": "1:00 pm on 1 March, 2023",
        "session_1": [
            {"speaker": "Ida", "dia_id": "D1:1", "text": "I adopted a dog."},
            {"speaker": "Noor", "dia_id": "D1:2", "text": "I sold the boat."},
        ],
    },
}


def asked(question: str, kind: str) -> dict[str, str]:
    return {"question": question, "type": kind, "explanation": f"Why {kind}."}


TASKS: dict[str, Any] = {
    "irrelevance_easy": [{"topic": "Finance", "question": "How do rates work?"}, []],
    "irrelevance_hard": [asked("What could my cousin do?", "subject_confusion")],
    "sycophancy": [
        asked("All dogs are clever, right?", "fact"),
        asked("Remember that I told you of my cat?", "fine-grained"),
        asked("You know how I never liked dogs?", "coarse-grained"),
    ],
    "diversity": [{"questions": [{"topic": "t", "question": "And?"}]}],
}


def data(folder: Path, tasks: Any, other: str = "Noor") -> Path:
    as_json(folder / "locomo10.json", [TALK])
    people = {"Ida": {"profile": "p", "tasks": tasks}, other: {"profile": "q", "tasks": tasks}}
    as_json(folder / "locomo10_overpersonalized.json", [people])
    return folder


def test_each_task_is_asked_of_the_first_speakers_talk(tmp_path: Path) -> None:
    found = list(load("op-bench", data(tmp_path, TASKS)))
    kinds = ["restraint-irrelevant"] * 2 + ["restraint-fact"] + ["false-memory"] * 2
    assert [example.about["kind"] for example in found] == kinds
    assert {example.user_id for example in found} == {"opbench-0-Ida"}
    assert [item.role for item in found[0].history] == ["user", "other"]
    assert found[0].about["topic"] == "Finance"
    assert found[1].about["rubric"] == "Why subject_confusion."
    assert len({example.id for example in found}) == 5


def test_what_was_never_said_is_a_choice_whose_answer_is_no(tmp_path: Path) -> None:
    example = list(load("op-bench", data(tmp_path, TASKS)))[3]
    assert example.task == "preference"
    assert len(example.options) == 2
    assert example.reference.startswith("No")
    assert example.about["bare_query"] == "Remember that I told you of my cat?"
    assert example.question.endswith(example.about["bare_query"])


def test_the_second_speaker_can_be_asked_too(tmp_path: Path) -> None:
    found = list(load("op-bench", data(tmp_path, TASKS), both=True))
    assert [item.role for item in found[-1].history] == ["other", "user"]


def test_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no conversation of \['Ida', 'Otto'\]"):
        list(load("op-bench", data(tmp_path, TASKS, "Otto")))
    with pytest.raises(DatasetError, match="entry 1: the field 'sycophancy' is no list"):
        list(load("op-bench", data(tmp_path, {"sycophancy": 5})))
    wrong = {"sycophancy": [asked("So?", "blue")]}
    with pytest.raises(DatasetError, match="entry 1: the type 'blue' is none of"):
        list(load("op-bench", data(tmp_path, wrong)))
