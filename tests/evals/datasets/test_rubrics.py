import json
from pathlib import Path
from typing import Any

import pytest

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.load import load
from guided_profile.evals.datasets.rubrics import known_of, profile_of, wanted_in
from guided_profile.graph.errors import DatasetError
from guided_profile.graph.text import as_data

ROW: dict[str, Any] = {
    "id": "row",
    "user_id": "ada",
    "kind": "preference",
    "history": [{"text": "I never eat nuts.", "source": "chat"}],
    "query": "What shall I bake?",
    "answer": "An apple cake.",
    "violates": ["A walnut cake.", "An almond tart."],
    "preference": "I never eat nuts.",
    "other_preferences": ["I go by tram."],
    "rubric": ["It holds no nuts."],
}


def read(folder: Path, *rows: dict[str, Any], **options: Any) -> list[Example]:
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return list(load("plain", path, **options))


def test_a_row_is_a_text_or_a_choice_among_what_goes_against_it(tmp_path: Path) -> None:
    (text,) = read(tmp_path, ROW)
    assert (text.kind, text.reference) == ("text", "An apple cake.")
    assert text.about["rubric"] == ["It holds no nuts."]
    (choice,) = read(tmp_path, ROW, kind="choice")
    assert sorted(choice.options) == ["A walnut cake.", "An almond tart.", "An apple cake."]
    assert choice.reference == "An apple cake."


def test_the_right_answer_has_no_place_of_its_own(tmp_path: Path) -> None:
    rows = [ROW | {"id": f"row-{n}"} for n in range(30)]
    places = {
        example.options.index(example.reference) for example in read(tmp_path, *rows, kind="choice")
    }
    assert places == {0, 1, 2}


def test_options_of_a_row_stay_as_they_are(tmp_path: Path) -> None:
    row = ROW | {"options": ["An apple cake.", "A pie."], "liked": "A pie."}
    (choice,) = read(tmp_path, row, kind="choice")
    assert choice.options == ("An apple cake.", "A pie.")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"violates": "A walnut cake."}, "the field 'violates' is no list"),
        ({"violates": ["A walnut cake.", 3]}, "the field 'violates' is no list of texts"),
        ({"violates": ["An apple cake."]}, "the answer stands in 'violates' too"),
        ({"rubric": 3}, "the field 'rubric' is no text, list or object"),
        ({"forgotten": ""}, "the field 'forgotten' is missing, or holds no text"),
        ({"options": ["An apple cake.", "Tea."], "liked": "A pie."}, "'liked' is none of the"),
    ],
)
def test_a_row_that_cannot_be_scored_is_refused_by_its_line(
    tmp_path: Path, wrong: dict[str, Any], said: str
) -> None:
    with pytest.raises(DatasetError, match=rf"rows.jsonl, line 2: .*{said}"):
        read(tmp_path, ROW, ROW | {"id": "other"} | wrong)


def test_what_a_data_set_says_is_known(tmp_path: Path) -> None:
    (preference,) = read(tmp_path, ROW)
    assert known_of(preference) == ("I never eat nuts.", "I go by tram.")
    assert profile_of(preference)[1] == "This person says: I go by tram."
    memory = [
        {"content": "likes jazz", "status": "outdated"},
        {"content": "likes folk", "status": "current"},
    ]
    bare = {name: value for name, value in ROW.items() if "preference" not in name}
    notes = bare | {"history": [{"text": "User has a cat.", "source": "notes"}]}
    liked = bare | {"liked": "never eat nuts"}
    examples = read(
        tmp_path,
        bare | {"memory": memory},
        notes | {"id": "notes"},
        liked | {"id": "liked"},
        bare | {"id": "bare"},
    )
    assert [known_of(example) for example in examples] == [
        ("likes folk",),
        ("User has a cat.",),
        ("never eat nuts",),
        (),
    ]


def test_what_an_answer_takes_is_looked_for_in_a_prompt(tmp_path: Path) -> None:
    items = [{"id": "7", "text": "Nuts  make <me> ill.", "source": "chat"}]
    by_item, by_none = read(
        tmp_path,
        ROW | {"history": items, "evidence": ["7"]},
        {name: value for name, value in ROW.items() if name != "preference"} | {"id": "none"},
    )
    assert wanted_in(by_item, f"1. [chat] Nuts make {as_data('<me>')} ill.")
    assert wanted_in(by_item, "This person says: I never eat nuts.")
    assert wanted_in(by_item, "I go by tram.") is False
    assert wanted_in(by_none, "I never eat nuts.") is None
