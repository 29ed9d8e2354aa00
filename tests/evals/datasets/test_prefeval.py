import json
from pathlib import Path
from typing import Any

import pytest

from guided_profile.evals.datasets.load import load
from guided_profile.graph.errors import DatasetError

TOPIC = "travel_hotel"
QUESTION = "Where should I stay in Lisbon?"
PREFERENCE = "I dislike large hotels."
OPTIONS = ["A small guest house.", "A tower.", "A resort.", "A chain hotel."]
ENTRY = {"preference": PREFERENCE, "question": QUESTION, "explanation": "Small is better."}
PERSONA = {
    "0": {"user": "Hello, I teach maths.", "assistant": "Hello! What do you teach?"},
    "1": None,
    "2": {"user": "I slept in a small inn, and loved it.", "assistant": "How nice."},
    "10": {"user": "And now?", "assistant": "Now what?"},
}
CHOICE = {
    "query": "Where to sleep in Rome?",
    "assistant_options": "1. A tower. 2. A room over a bakery.",
    "user_selection": "The room over the bakery.",
    "assistant_acknowledgment": "So you dislike large hotels.",
}


def benchmark(folder: Path) -> Path:
    contents: dict[str, Any] = {
        "mcq_options": ENTRY | {"classification_task_options": OPTIONS},
        "explicit_preference": ENTRY,
        "implicit_preference/persona-driven": ENTRY | {"persona": "p", "conversation": PERSONA},
        "implicit_preference/choice-based": ENTRY | {"aligned_op": "2", "conversation": CHOICE},
    }
    for name, entry in contents.items():
        (folder / name).mkdir(parents=True)
        (folder / name / f"{TOPIC}.json").write_text(json.dumps([entry] * 9, indent=2))
    return folder


@pytest.mark.parametrize(
    ("form", "mine", "others"),
    [
        (
            "persona",
            ["Hello, I teach maths.", "I slept in a small inn, and loved it.", "And now?"],
            3,
        ),
        ("choice", ["Where to sleep in Rome?", "The room over the bakery."], 1),
        ("explicit", [PREFERENCE], 0),
    ],
)
def test_each_form_has_its_conversation(
    tmp_path: Path, form: str, mine: list[str], others: int
) -> None:
    found = list(load("prefeval", benchmark(tmp_path), form=form))
    assert len(found) == len({example.id for example in found}) == 9
    for example in found:
        assert example.question == QUESTION
        assert example.reference == OPTIONS[0]
        assert sorted(example.options) == sorted(OPTIONS)
        assert [item.text for item in example.history if item.role == "user"] == mine
        assert sum(item.role == "other" for item in example.history) == others
        assert "dislike" not in example.model_dump_json() or form == "explicit"


def test_the_right_reply_stands_in_any_place(tmp_path: Path) -> None:
    folder = benchmark(tmp_path)
    found = list(load("prefeval", folder))
    assert len({example.options.index(OPTIONS[0]) for example in found}) > 1
    assert list(load("prefeval", folder)) == found
    other = list(load("prefeval", folder, seed=1))
    assert [example.options for example in other] != [example.options for example in found]


def test_what_is_missing_or_wrong_is_refused(tmp_path: Path) -> None:
    folder = benchmark(tmp_path)
    with pytest.raises(DatasetError, match="no form 'spoken'; choose one of"):
        list(load("prefeval", folder, form="spoken"))
    with pytest.raises(DatasetError, match="has no mcq_options"):
        list(load("prefeval", folder / "mcq_options"))
    path = folder / "mcq_options" / f"{TOPIC}.json"
    whole = path.read_text()
    path.write_text(whole[:-50])
    with pytest.raises(DatasetError, match=r"mcq_options/travel_hotel\.json, entry 9.*cut off"):
        list(load("prefeval", folder))
    talks = folder / "implicit_preference/persona-driven" / f"{TOPIC}.json"
    text = talks.read_text()
    talks.write_text(json.dumps([ENTRY | {"conversation": {"0": "Hello"}}] * 9))
    path.write_text(whole)
    with pytest.raises(DatasetError, match=r"entry 1: the field '0' is no dict"):
        list(load("prefeval", folder))
    talks.write_text(text)
    path.write_text(json.dumps(json.loads(whole)[:8]))
    with pytest.raises(DatasetError, match=r"has 8 entries and .* has 9"):
        list(load("prefeval", folder))
    path.write_text(whole.replace("Lisbon", "Paris"))
    with pytest.raises(DatasetError, match=r"persona-driven/travel_hotel\.json, entry 1: its que"):
        list(load("prefeval", folder))
