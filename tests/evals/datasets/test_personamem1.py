from pathlib import Path
from typing import Any

import pytest
from records import as_csv, as_lines

from guided_profile.evals.datasets.load import load
from guided_profile.graph.errors import DatasetError

TALK = [
    {"role": "system", "content": "Persona: Ida, a keeper of bees."},
    {"role": "user", "content": "I keep bees."},
    {"role": "assistant", "content": "Good."},
    {"role": "user", "content": "I sold the bees."},
]


def first(number: int, **further: Any) -> dict[str, Any]:
    return {
        "persona_id": 3,
        "question_id": f"q{number}",
        "question_type": "recall_user_shared_facts",
        "topic": "hobbies",
        "user_question_or_message": "What hobby suits me?",
        "correct_answer": "(b)",
        "all_options": str(["(a) Chess.", "(b) Bees (or wasps)."]),
        "shared_context_id": "c1",
        "end_index_in_shared_context": 3,
    } | further


def test_the_first_asks_of_its_part_of_a_shared_history(tmp_path: Path) -> None:
    rows = as_csv(
        tmp_path / "questions_32k.csv",
        first(0),
        first(1, shared_context_id="c2"),
        first(2, end_index_in_shared_context=4),
    )
    talks = as_lines(tmp_path / "shared_contexts_32k.jsonl", {"c2": TALK[:2]}, {"c1": TALK})
    found = list(load("personamem-1", [talks, rows]))
    # in the order of the contexts
    assert [example.id[-2:] for example in found] == ["q1", "q0", "q2"]
    assert [len(example.history) for example in found] == [1, 2, 3]  # without the system's words
    assert found[1].options == ("Chess.", "Bees (or wasps).")
    assert found[1].reference == "Bees (or wasps)."
    assert found[1].about["kind"] == "recall-user-shared-facts"
    assert found[1].about["topic"] == "hobbies"


def test_a_context_or_letter_that_is_missing_is_said(tmp_path: Path) -> None:
    talks = as_lines(tmp_path / "contexts.jsonl", {"c1": TALK})
    rows = as_csv(tmp_path / "a.csv", first(0), first(1, shared_context_id="c9"))
    with pytest.raises(DatasetError, match=r"a.csv, line 3: contexts.jsonl has no such context"):
        list(load("personamem-1", [rows, talks]))
    rows = as_csv(tmp_path / "b.csv", first(0, correct_answer="(e)"))
    with pytest.raises(DatasetError, match=r"b.csv, line 2: the correct_answer 'e' is none of"):
        list(load("personamem-1", [rows, talks]))
    rows = as_csv(tmp_path / "c.csv", first(0, end_index_in_shared_context="9" * 5000))
    with pytest.raises(DatasetError, match=r"c.csv, line 2: the end_index_in_shared_context is no"):
        list(load("personamem-1", [rows, talks]))
    with pytest.raises(DatasetError, match=r"give one: questions_32k.csv"):
        list(load("personamem-1", [talks]))
