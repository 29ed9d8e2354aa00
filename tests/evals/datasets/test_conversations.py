from datetime import UTC, datetime
from pathlib import Path

import pytest

from guided_profile.evals.datasets.conversations import said, users
from guided_profile.graph.errors import DatasetError
from guided_profile.tools.readers.records import Place

PLACE = Place(Path("talks.jsonl"), 3)
TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": " I keep bees. "},
    {"role": "assistant", "content": "How many hives?"},
    {"role": "user", "content": " "},
    {"role": "user", "content": "Four."},
]


def test_whose_words_they_are_and_where_they_stood() -> None:
    when = datetime(2025, 4, 1, tzinfo=UTC)
    items = list(said(PLACE, TALK, session="7", time=when))
    assert [(item.id, item.role, item.text) for item in items] == [
        ("7:1", "user", "I keep bees."),
        ("7:2", "other", "How many hives?"),
        ("7:4", "user", "Four."),
    ]
    assert {item.time for item in items} == {when}
    assert {item.source for item in items} == {"chat"}


def test_a_role_of_another_kind_is_named() -> None:
    with pytest.raises(DatasetError, match=r"line 3: message 0 has none of the roles"):
        list(said(PLACE, [{"role": ["user"], "content": "I keep bees."}]))


def test_an_id_is_the_same_without_the_assistant() -> None:
    assert [item.id for item in said(PLACE, TALK, assistant=False)] == ["1", "4"]


def test_what_the_user_said_is_found_by_its_text() -> None:
    items = list(said(PLACE, TALK))
    assert users(items) == ["1", "4"]
    assert users(items, {"Four.", "How many hives?"}) == ["4"]


def test_what_is_no_conversation_is_refused_by_its_place() -> None:
    with pytest.raises(DatasetError, match=r"talks.jsonl, line 3: message 0 of session 'x' has"):
        list(said(PLACE, [{"role": "bot", "content": "hi"}], session="x"))
    with pytest.raises(DatasetError, match="line 3: the conversation is no list of messages"):
        list(said(PLACE, {"role": "user"}))
