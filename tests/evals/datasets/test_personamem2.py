import json
from pathlib import Path
from typing import Any

import pytest
from records import as_csv, as_json

from guided_profile.evals.datasets.load import load
from guided_profile.graph.errors import DatasetError

TALK = [
    {"role": "system", "content": "Persona: Ida, a keeper of bees."},
    {"role": "user", "content": "I keep bees."},
    {"role": "assistant", "content": "Good."},
    {"role": "user", "content": "I sold the bees."},
]


def second(**further: Any) -> dict[str, Any]:
    return {
        "persona_id": 3,
        "chat_history_32k_link": "data/chat_3.json",
        "user_query": str({"role": "user", "content": "What should I read?"}),
        "correct_answer": "A book of bees.",
        "incorrect_answers": json.dumps(["A book of crime.", "A book of law."]),
        "preference": "Likes bees.",
        "pref_type": "neutral_preferences",
        "who": "self",
        "updated": "False",
        "prev_pref": "",
        "topic_preference": "animals",
        "related_conversation_snippet": json.dumps(TALK[1:3]),
    } | further


def test_it_asks_of_a_linked_history(tmp_path: Path) -> None:
    as_json(tmp_path / "data" / "chat_3.json", {"metadata": {}, "chat_history": TALK})
    rows = as_csv(
        tmp_path / "benchmark.csv",
        second(),
        second(pref_type="ask_to_forget"),
        second(who="my sister"),
        second(updated="True", prev_pref="Liked wasps."),
        second(incorrect_answers=""),
        second(related_conversation_snippet=""),
    )
    found = list(load("personamem-2", [rows, tmp_path]))
    kinds = ["implicit", "forget", "restraint-others", "change-of-mind", "implicit"]
    assert [example.about["kind"] for example in found] == kinds
    assert found[0].question == "What should I read?"
    assert set(found[0].options) == {"A book of bees.", "A book of crime.", "A book of law."}
    assert found[0].about["evidence"] == ["1"]
    assert found[1].about["forgotten"] == "Likes bees."
    assert "preference" not in found[2].about
    assert found[3].about["before"] == "Liked wasps."
    assert found[4].about["evidence"] == []
    assert len({example.id for example in found}) == 5


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    rows = as_csv(tmp_path / "benchmark.csv", second())
    with pytest.raises(DatasetError, match=r"chat_3.json cannot be read: No such file"):
        list(load("personamem-2", [rows, tmp_path]))
    with pytest.raises(DatasetError, match="give one: the folder that the links"):
        list(load("personamem-2", [rows]))
    with pytest.raises(DatasetError, match="there is no size '64k'"):
        list(load("personamem-2", [rows, tmp_path], size="64k"))
