from pathlib import Path
from typing import Any

import pytest
from records import as_lines

from guided_profile.evals.datasets.load import load
from guided_profile.graph.errors import DatasetError

BEES, RUM = "Ida keeps bees.", "Ida drinks rum."


def session(time: str, text: str, point: str, *questions: dict[str, Any]) -> dict[str, Any]:
    return {
        "start_time": time,
        "dialogue": [
            {"role": "user", "content": text, "timestamp": time, "dialogue_turn": 0},
            {"role": "assistant", "content": "Good.", "timestamp": time, "dialogue_turn": 0},
        ],
        "memory_points": [{"memory_content": point, "memory_type": "Persona Memory"}],
        "questions": list(questions),
    }


def question(kind: str, *points: str) -> dict[str, Any]:
    return {
        "question": "What of Ida?",
        "answer": "Bees." if points else "Unknown.",
        "evidence": [
            {"memory_content": point, "memory_type": "Persona Memory"} for point in points
        ],
        "difficulty": "easy",
        "question_type": kind,
    }


PERSON = {
    "uuid": "u-1",
    "persona_info": "Name: Ida; Gender: f",
    "sessions": [
        session("Dec 15, 2025, 06:11:23", "I keep bees.", BEES, question("Multi-hop", BEES)),
        session("Jan 02, 2026, 10:00:00", "I drink rum.", RUM, question("Memory Boundary")),
    ],
}


def test_a_question_sees_what_was_said_until_then(tmp_path: Path) -> None:
    first, second = load("halumem", as_lines(tmp_path / "HaluMem-Medium.jsonl", PERSON))
    assert [item.text for item in first.history] == ["I keep bees."]
    assert [item.id for item in second.history] == ["0:0", "1:0"]
    assert str(second.history[1].time) == "2026-01-02 10:00:00+00:00"
    assert first.about["evidence"] == ["0:0"]
    assert (first.about["kind"], first.reference) == ("multi-hop", "Bees.")


def test_what_nobody_said_is_not_answerable(tmp_path: Path) -> None:
    *_, example = load("halumem", as_lines(tmp_path / "a.jsonl", PERSON), assistant=True)
    assert (example.answerable, example.reference) == (False, "")
    assert example.about["why"] == "Unknown."
    assert [item.role for item in example.history] == ["user", "other"] * 2


def test_what_is_wrong_is_named_by_its_line(tmp_path: Path) -> None:
    wrong = PERSON | {"sessions": [session("2025", "x", "y")]}
    with pytest.raises(DatasetError, match="line 2: '2025' is not like Dec 15, 2025"):
        list(load("halumem", as_lines(tmp_path / "a.jsonl", PERSON, wrong)))
