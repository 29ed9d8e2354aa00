import json
from pathlib import Path
from typing import Any

import pytest
from records import as_json

from guided_profile.evals.datasets.load import load
from guided_profile.evals.datasets.rubrics import options_of

CHOICE = {
    "query": "Where to sleep in Rome?",
    "assistant_options": "1. A tower. 2. A room over a bakery.",
    "user_selection": "The room over the bakery.",
    "assistant_acknowledgment": "So you dislike towers.",
}
OPTIONS = ["A small guest house.", "A tower.", "A resort.", "A chain hotel."]


def benchmark(folder: Path) -> Path:
    for topic in ("travel_hotel", "pet_ownership", "shop_home"):
        entry: dict[str, Any] = {
            "preference": f"I dislike towers, {topic}.",
            "question": "Where should I stay?",
            "explanation": "Towers come up often.",
        }
        contents = {
            "mcq_options": entry | {"classification_task_options": OPTIONS},
            "explicit_preference": entry,
            "implicit_preference/persona-driven": entry
            | {"conversation": {"0": {"user": "Towers, no.", "assistant": "I see."}}},
            "implicit_preference/choice-based": entry | {"conversation": CHOICE},
        }
        for name, content in contents.items():
            as_json(folder / name / f"{topic}.json", [content, content])
    talk = [
        {"role": role, "content": f"{role} {number}"}
        for number in range(9)
        for role in ("user", "assistant")
    ]
    as_json(folder / "filtered_inter_turns.json", [{"conversation": talk}])
    return folder


@pytest.mark.parametrize(
    ("form", "kind", "stated"),
    [
        ("explicit", "preference", ["I dislike towers, travel_hotel."]),
        ("choice", "implicit", [CHOICE["query"], CHOICE["user_selection"]]),
        ("persona", "implicit", ["Towers, no."]),
    ],
)
def test_the_preference_stands_among_other_talk(
    tmp_path: Path, form: str, kind: str, stated: list[str]
) -> None:
    found = list(load("prefeval-generation", benchmark(tmp_path), form=form, others=2, turns=4))
    assert len(found) == len({example.id for example in found}) == 6
    example = next(example for example in found if example.about["topic"] == "travel_hotel")
    assert (example.task, example.about["kind"]) == ("dialogue", kind)
    items = {item.id: item for item in example.history}
    assert [items[id_].text for id_ in example.about["evidence"]] == stated
    assert example.about["preference"] == "I dislike towers, travel_hotel."
    assert len(example.about["other_preferences"]) == 2
    assert example.about["preference"] not in example.about["other_preferences"]
    for other in example.about["other_preferences"]:
        assert any(item.text == other for item in example.history)
    assert sum(item.text.startswith("user ") for item in example.history) == 4
    assert example.reference == OPTIONS[0]
    assert example.about["violates"] == OPTIONS[1:]
    assert set(options_of(example.about | {"answer": example.reference}, example.id)) == set(
        OPTIONS
    )


def test_the_acknowledgement_that_spells_it_out_is_left_out(tmp_path: Path) -> None:
    found = list(load("prefeval-generation", benchmark(tmp_path), form="choice", others=0))
    assert "So you dislike" not in json.dumps(
        [item.text for example in found for item in example.history]
    )


def test_where_it_stands_is_drawn_by_the_seed(tmp_path: Path) -> None:
    folder = benchmark(tmp_path)
    some = [list(load("prefeval-generation", folder, seed=seed)) for seed in (0, 0, 1)]
    assert some[0] == some[1]
    assert [example.about["evidence"] for example in some[0]] != [
        example.about["evidence"] for example in some[2]
    ]
