import json
from pathlib import Path
from typing import Any

import pytest

from guided_profile.evals.datasets.load import load
from guided_profile.graph.errors import DatasetError

ENTRY: dict[str, Any] = {
    "question_id": "e47becba",
    "question_type": "single-session-user",
    "question": "What did I plant?",
    "answer": "Leeks",
    "question_date": "2023/05/30 (Tue) 23:40",
    "haystack_dates": ["2023/05/21 (Sun) 00:51", "2023/05/20 (Sat) 02:21"],
    "haystack_session_ids": ["s2", "answer_1"],
    "haystack_sessions": [
        [
            {"role": "user", "content": "How warm is Crete?"},
            {"role": "assistant", "content": "Very warm."},
        ],
        [
            {"role": "user", "content": "I planted leeks.", "has_answer": True},
            {"role": "assistant", "content": "Water them."},
            {"role": "user", "content": "Will do."},
        ],
    ],
    "answer_session_ids": ["answer_1"],
}
ENTRIES = [
    ENTRY,
    ENTRY | {"question_id": "e47becba_abs", "answer": "You did not mention it.", "question": "?"},
    ENTRY | {"question_id": "x", "question_type": "single-session-assistant"},
    ENTRY | {"question_id": "y", "question_type": "multi-session", "answer": 3},
]


def longmemeval(folder: Path, entries: list[Any], **options: Any) -> list[Any]:
    path = folder / "longmemeval_s.json"
    path.write_text(json.dumps(entries))
    return list(load("longmemeval", path, **options))


def test_the_history_is_what_the_user_said_the_earliest_session_first(tmp_path: Path) -> None:
    example = longmemeval(tmp_path, ENTRIES)[0]
    said = ["I planted leeks.", "Will do.", "How warm is Crete?"]
    assert [item.text for item in example.history] == said
    assert {item.role for item in example.history} == {"user"}
    assert [str(item.time)[:16] for item in example.history][1:] == [
        "2023-05-20 02:21",
        "2023-05-21 00:51",
    ]
    assert len({item.id for item in example.history}) == 3
    assert example.about["asked"] == "2023-05-30T23:40:00"
    assert example.about["sessions"] == ["answer_1"]
    assert example.about["evidence"] == [example.history[0].id]


def test_abstention_questions_are_not_answerable(tmp_path: Path) -> None:
    found = longmemeval(tmp_path, ENTRIES)
    assert [(example.answerable, example.reference) for example in found] == [
        (True, "Leeks"),
        (False, ""),
        (True, "3"),
    ]
    assert found[1].about["why"] == "You did not mention it."


def test_questions_about_the_assistants_words_come_with_these_words(tmp_path: Path) -> None:
    ids = [example.id for example in longmemeval(tmp_path, ENTRIES)]
    found = longmemeval(tmp_path, ENTRIES, assistant=True)
    assert [example.id for example in found if example.id not in ids] == ["longmemeval-x"]
    assert [item.role for item in found[0].history] == ["user", "other", "user", "user", "other"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"question_date": "yesterday"}, "a date is 'yesterday', not like 2023/05/20"),
        ({"haystack_dates": ["2023/05/21 (Sun) 00:51"]}, "are not of one length"),
        ({"haystack_dates": ["2023/05/21 (Sun) 00:51", "2023/13/40"]}, "a date is '2023/13/40'"),
        ({"haystack_sessions": None}, "the field 'haystack_sessions' is no list"),
        ({"haystack_sessions": [[{"role": "tool", "content": "x"}], []]}, "has none of the roles"),
        ({"answer": ""}, "the field 'answer' is missing"),
    ],
)
def test_wrong_entries_are_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(DatasetError, match=rf"longmemeval_s\.json, entry 2: .*{message}"):
        longmemeval(tmp_path, [ENTRY, ENTRY | change])


def test_a_cut_file_is_refused_after_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "longmemeval_s.json"
    path.write_text(json.dumps(ENTRIES)[:-100])
    found = load("longmemeval", path)
    assert next(found).id == "longmemeval-e47becba"
    with pytest.raises(DatasetError, match=r"entry 4: from here on it is not JSON.*cut off"):
        list(found)
