from pathlib import Path
from typing import Any

import pytest
from records import as_json

from guided_profile.evals.datasets.load import load
from guided_profile.graph.errors import DatasetError


def message(number: int, text: str, day: str | None = None) -> dict[str, Any]:
    role = "assistant" if number % 2 else "user"
    return {"id": number, "role": role, "content": text, "time_anchor": day}


BATCHES = [
    {
        "batch_number": 1,
        "time_anchor": None,
        "turns": [
            [message(0, "I have 12 hives. ->-> 1,1", "March-05-2024"), message(1, "Good.")],
            [message(2, "Always answer in metres.->-> 1,2"), message(3, "Yes.")],
        ],
    },
    {"turns": [[message(4, "Now I have 15 hives.", "April-01-2024"), message(5, "Well done.")]]},
]
ASKED: dict[str, Any] = {
    "abstention": {"ideal_response": "Nothing on it.", "why_unanswerable": "Never said."},
    "knowledge_update": {
        "answer": "15 hives",
        "source_chat_ids": {"original_info": [0], "updated_info": [4]},
        "rubric": ["It states: 15 hives"],
    },
    "instruction_following": {
        "instruction_being_tested": "Always answer in metres.",
        "expected_compliance": "In metres.",
        "non_compliance_signs": ["in feet"],
        "source_chat_ids": [[2], 3],
    },
    "summarization": {"ideal_summary": "Bees."},
}


def chats(folder: Path, chat: Any = BATCHES, name: str = "chat.json") -> Path:
    chat_folder = folder / "chats" / "100K" / "3"
    as_json(chat_folder / name, chat)
    questions = {
        ability: [{"question": "How many?", "difficulty": "easy", "rubric": ["So."]} | asked]
        for ability, asked in ASKED.items()
    }
    as_json(chat_folder / "probing_questions" / "probing_questions.json", questions)
    return folder / "chats"


def test_questions_of_each_ability_are_asked_of_the_whole_chat(tmp_path: Path) -> None:
    found = {example.about["kind"]: example for example in load("beam", chats(tmp_path))}
    assert set(found) == {"abstention", "update", "instruction", "summary"}
    update = found["update"]
    assert update.id == "beam-100K-3-update-0"
    assert [item.id for item in update.history] == ["0", "2", "4"]
    assert update.history[0].text == "I have 12 hives."
    days = [item.time.date().isoformat() for item in update.history if item.time]
    assert days == ["2024-03-05", "2024-03-05", "2024-04-01"]
    assert update.about["evidence"] == ["0", "4"]
    assert update.about["numbers"] == ["15"]
    assert found["instruction"].about["violates"] == ["in feet"]
    assert found["instruction"].about["evidence"] == ["2"]
    silent = found["abstention"]
    assert (silent.answerable, silent.reference) == (False, "")
    assert silent.about["why"] == "Never said."


def test_the_assistants_words_and_some_kinds_can_be_asked_for(tmp_path: Path) -> None:
    found = list(load("beam", chats(tmp_path), assistant=True, kinds=["update", "summary"]))
    assert {example.about["kind"] for example in found} == {"update", "summary"}
    assert [item.role for item in found[0].history] == ["user", "other"] * 3


def test_a_chat_of_several_plans_is_one_and_the_shortened_one_goes_first(tmp_path: Path) -> None:
    plans = [{"plan-1": BATCHES[:1]}, {"plan-2": BATCHES[1:]}]
    folder = chats(tmp_path, plans, "chat_trunecated.json")
    as_json(folder / "100K" / "3" / "chat.json", [])
    assert len(next(load("beam", folder)).history) == 3


def test_what_is_wrong_or_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"there is no probing_questions.json"):
        list(load("beam", tmp_path))
    with pytest.raises(DatasetError, match=r"of the kinds \['updates'\]; there are \['abst"):
        list(load("beam", chats(tmp_path), kinds=["updates"]))
    wrong = [{"turns": [[message(0, "a", "5 March")]]}]
    with pytest.raises(DatasetError, match=r"chat.json, entry 1: .*'5 March', not like March-15"):
        list(load("beam", chats(tmp_path, wrong)))
    with pytest.raises(DatasetError, match="entry 1: it is no batch"):
        list(load("beam", chats(tmp_path, [{"plan-1": ["x"]}])))
