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
        "session_1": [{"speaker": "Ida", "dia_id": "D1:1", "text": "I adopted a dog."}],
        "session_2_date_time": "1:00 pm on 1 June, 2023",
        "session_2": [{"speaker": "Noor", "dia_id": "D2:1", "text": "I sold the boat."}],
    },
}
REMARK = {
    "relation_type": "causal",
    "cue_dialogue": "A: I broke my wrist on the ice.\nB: Oh no.",
    "trigger_query": "A: They ask me to join the skating club.",
    "time_gap": "about two months later",
}


def data(folder: Path, *remarks: dict[str, Any]) -> Path:
    as_json(folder / "locomo10.json", [TALK])
    as_json(folder / "locomo_plus.json", list(remarks))
    return folder


def test_the_old_remark_stands_where_it_was_said(tmp_path: Path) -> None:
    (example,) = load("locomo-plus", data(tmp_path, REMARK))
    assert example.question == "They ask me to join the skating club."
    assert [(item.id, item.role) for item in example.history] == [
        ("D1:1", "user"),
        ("cue:1", "user"),  # 9 April: 60 days before 8 June
        ("cue:2", "other"),
        ("D2:1", "other"),
    ]
    assert example.history[1].time is not None
    assert example.history[1].time.date().isoformat() == "2023-04-09"
    assert example.about["evidence"] == ["cue:1"]
    assert example.reference == "I broke my wrist on the ice."
    assert example.about["kind"] == "implicit"


@pytest.mark.parametrize(
    ("gap", "day"),
    [
        ("a year after", "2022-06-08"),
        ("several weeks later", "2023-05-11"),
        ("a couple of months later", "2023-04-09"),
        ("around one week after the birth", "2023-06-01"),
    ],
)
def test_gaps_are_read_as_they_are_worded(tmp_path: Path, gap: str, day: str) -> None:
    (example,) = load("locomo-plus", data(tmp_path, REMARK | {"time_gap": gap}))
    times = [item.time for item in example.history if item.id == "cue:1"]
    assert [time.date().isoformat() for time in times if time] == [day]


def test_what_is_wrong_is_named_by_its_entry(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"entry 2: the time_gap 'soon' is not like"):
        list(load("locomo-plus", data(tmp_path, REMARK, REMARK | {"time_gap": "soon"})))
    with pytest.raises(DatasetError, match="entry 1: a line of 'trigger_query' begins with"):
        list(load("locomo-plus", data(tmp_path, REMARK | {"trigger_query": "C: what?"})))
    (tmp_path / "locomo10.json").unlink()
    with pytest.raises(DatasetError, match=r"locomo10.json is not there"):
        list(load("locomo-plus", tmp_path))
