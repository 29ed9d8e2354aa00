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
        for name, one in contents.items():
            as_json(folder / name / f"{topic}.json", [one, one])
    talk = [
        {"role": role, "content": f"{role} {number}"}
        for number in range(9)
        for role in ("user", "assistant")
    ]
    as_json(folder / "filtered_inter_turns.json", [{"conversation": talk}])
    return folder


@pytest.mark.parametrize(
    ("form", "kind", "told"),
    [
        ("explicit", "preference", ["I dislike towers, travel_hotel."]),
        ("choice", "implicit", [CHOICE["query"], CHOICE["user_selection"]]),
        ("persona", "implicit", ["Towers, no."]),
    ],
)
def test_the_preference_stands_among_other_talk(
    tmp_path: Path, form: str, kind: str, told: list[str]
) -> None:
    found = list(load("prefeval-generation", benchmark(tmp_path), form=form, others=2, turns=4))
    assert len(found) == len({one.id for one in found}) == 6
    one = next(one for one in found if one.about["topic"] == "travel_hotel")
    assert (one.task, one.about["kind"]) == ("dialogue", kind)
    items = {item.id: item for item in one.history}
    assert [items[id_].text for id_ in one.about["evidence"]] == told
    assert one.about["preference"] == "I dislike towers, travel_hotel."
    assert len(one.about["other_preferences"]) == 2
    assert one.about["preference"] not in one.about["other_preferences"]
    for other in one.about["other_preferences"]:
        assert any(item.text == other for item in one.history)
    assert sum(item.text.startswith("user ") for item in one.history) == 4
    assert one.reference == OPTIONS[0]
    assert one.about["violates"] == OPTIONS[1:]
    assert set(options_of(one.about | {"answer": one.reference}, one.id)) == set(OPTIONS)


def test_the_acknowledgement_that_spells_it_out_is_not_told(tmp_path: Path) -> None:
    found = list(load("prefeval-generation", benchmark(tmp_path), form="choice", others=0))
    assert "So you dislike" not in json.dumps([item.text for one in found for item in one.history])


def test_where_it_stands_is_drawn_by_the_seed(tmp_path: Path) -> None:
    folder = benchmark(tmp_path)
    some = [list(load("prefeval-generation", folder, seed=seed)) for seed in (0, 0, 1)]
    assert some[0] == some[1]
    assert [one.about["evidence"] for one in some[0]] != [one.about["evidence"] for one in some[2]]
