import json
from pathlib import Path
from typing import Any

import pytest

from guided_profile.evals.datasets.load import load
from guided_profile.graph.errors import DatasetError

SAMPLE: dict[str, Any] = {
    "sample_id": "conv-1",
    "conversation": {
        "speaker_a": "Ida",
        "speaker_b": "Noor",
        "session_1_date_time": "1:56 pm on 8 May, 2023",
        "session_1": [
            {"speaker": "Ida", "dia_id": "D1:1", "text": "I adopted a dog."},
            {
                "speaker": "Noor",
                "dia_id": "D1:2",
                "text": "Look at my boat!",
                "img_url": ["http://example.com/boat.jpg"],
                "blip_caption": "a photo of a red boat",
                "query": "red boat",
            },
        ],
        "session_10_date_time": "12:05 am on 1 July, 2023",
        "session_10": [{"speaker": "Ida", "dia_id": "D10:1", "text": "It is called Bo."}],
        "session_2_date_time": "9:30 am on 20 May, 2023",
        "session_2": [{"speaker": "Noor", "dia_id": "D2:1", "text": "I sold it."}],
        "session_11_date_time": "9:30 am on 20 August, 2023",
    },
    "observation": {},
    "session_summary": {},
    "event_summary": {},
    "qa": [
        {"question": "What did Ida adopt?", "answer": "A dog", "evidence": ["D1:1"], "category": 4},
        {
            "question": "When was the boat sold?",
            "answer": 2023,
            "evidence": ["D2:1"],
            "category": 2,
        },
        {
            "question": "Would Noor sail again?",
            "answer": "No; the boat was sold",
            "evidence": ["D1:2; D2:1"],
            "category": 3,
        },
        {
            "question": "What did Ida sell?",
            "evidence": ["D2:1"],
            "category": 5,
            "adversarial_answer": "a red boat",
        },
    ],
}


def locomo(path: Path, sample: dict[str, Any]) -> list[Any]:
    path.write_text(json.dumps([sample]))
    return list(load("locomo", path))


def test_questions_are_of_the_speaker_that_they_are_about(tmp_path: Path) -> None:
    found = locomo(tmp_path / "locomo10.json", SAMPLE)
    assert [example.user_id.split("-")[-1] for example in found] == ["Ida", "Noor", "Noor", "Ida"]
    assert [example.reference for example in found] == ["A dog", "2023", "No", ""]
    assert [example.about["kind"] for example in found][:2] == ["single-hop", "temporal"]
    assert [example.id for example in found] == [f"locomo-conv-1-{number}" for number in range(4)]


def test_what_nobody_said_of_them_is_not_answerable(tmp_path: Path) -> None:
    found = locomo(tmp_path / "locomo10.json", SAMPLE)
    assert [example.answerable for example in found] == [True, True, True, False]
    assert found[3].about["tempting"] == "a red boat"
    selling = [item for item in found[3].history if "sold" in item.text]
    assert [item.role for item in selling] == ["other"]


def test_the_history_is_the_conversation_in_order_with_its_times(tmp_path: Path) -> None:
    example = locomo(tmp_path / "locomo10.json", SAMPLE)[0]
    assert [item.id for item in example.history] == ["D1:1", "D1:2", "D2:1", "D10:1"]
    assert [item.role for item in example.history] == ["user", "other", "other", "user"]
    assert example.history[1].text == "Look at my boat! [shares a photo of a red boat]"
    assert [str(item.time) for item in example.history][::3] == [
        "2023-05-08 13:56:00+00:00",
        "2023-07-01 00:05:00+00:00",
    ]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"qa": [{"question": "?", "category": 9}]}, "of the category 9"),
        ({"qa": [{"question": "?", "category": 1}]}, "the field 'answer' is missing"),
        ({"qa": [{"question": "?"}]}, "the field 'category' is missing"),
        (
            {"qa": [{"question": "?", "answer": "x", "category": 1, "evidence": "D1:1"}]},
            "the field 'evidence' is no list",
        ),
        ({"conversation": {"speaker_a": "Ida"}}, "the field 'speaker_b' is missing"),
    ],
)
def test_wrong_entries_are_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(DatasetError, match=rf"locomo10\.json, entry 1: .*{message}"):
        locomo(tmp_path / "locomo10.json", SAMPLE | change)


def test_a_time_that_is_none_is_refused(tmp_path: Path) -> None:
    talk = SAMPLE["conversation"] | {"session_2_date_time": "some day"}
    with pytest.raises(DatasetError, match="session 2 has the time 'some day'"):
        locomo(tmp_path / "locomo10.json", SAMPLE | {"conversation": talk})


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "locomo10.json"
    path.write_text(json.dumps([SAMPLE, SAMPLE])[:-40])
    with pytest.raises(DatasetError, match=r"locomo10\.json, entry 2: from here on.*cut off"):
        list(load("locomo", path))
