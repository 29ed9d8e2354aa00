from pathlib import Path
from typing import Any

import pytest
from records import as_json

from guided_profile.evals.datasets.load import load
from guided_profile.graph.errors import DatasetError


def event(id_: str, time: int, **further: Any) -> dict[str, Any]:
    return {
        "source_object_id": id_,
        "source_timestamp": time,
        "source_interaction_type": "implicit_positive",
        "source_hashtags": ["#bees"],
        "interaction_format": {"action_label": "Liked the post", "user_message": None},
        "preferences": [],
    } | further


def asked(task: str, **further: Any) -> dict[str, Any]:
    return {
        "query_id": "q",
        "task_type": task,
        "ts": 1_700_000_500,
        "user_query": "What should I read?",
        "example_response": "A book of bees.",
        "inferior_response": "A book of crime.",
        "groundtruth_preference": "Likes bees.",
    } | further


def backend(folder: Path, *queries: dict[str, Any]) -> Path:
    likes = [{"persona_item": "likes bees.", "category": "animals"}]
    talk = [{"role": "user", "content": "I keep bees."}, {"role": "assistant", "content": "Good."}]
    direct = [
        {"sender": "friend_1", "text": "Honey?", "timestamp": 1},
        {"sender": "self", "text": "Two jars.", "timestamp": 2},
    ]
    person = folder / "17"
    as_json(
        person / "instagram.json",
        [
            event("2", 1_700_000_200, content={"title": "A hive"}, preferences=likes),
            event("9", 1_700_000_900, content={"title": "Too late"}),
            event("3", 1_700_000_300, source_interaction_type="feed_visible"),
        ],
    )
    as_json(person / "chatbot.json", [event("1", 1_700_000_100, conversation=talk)])
    as_json(person / "threads.json", [event("4", 1_700_000_400, messages=direct)])
    as_json(person / "test.json", list(queries))
    return folder


def test_a_question_sees_what_happened_before_it(tmp_path: Path) -> None:
    folder = backend(tmp_path, asked("chatbot_personalized_response"))
    (example,) = load("personamem-3", folder, assistant=True)
    assert [(item.role, item.text) for item in example.history] == [
        ("user", "I keep bees."),
        ("other", "Good."),
        ("user", "Liked the post: A hive: #bees"),
        ("other", "Honey?"),
        ("user", "Two jars."),
    ]
    assert [item.source for item in example.history] == [
        "chat",
        "chat",
        "instagram",
        "chat",
        "chat",
    ]
    assert example.history[2].kind == "did"
    assert example.about["evidence"] == ["instagram-2"]
    assert example.about["violates"] == ["A book of crime."]
    assert (example.about["kind"], example.reference) == ("preference", "A book of bees.")


def test_tasks_are_kinds_and_rankings_are_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = backend(
        tmp_path,
        asked("over_personalization_context_shift"),
        asked("personal_qa_hallucination"),
        asked("personalized_recommendation", example_response={"ranking": [2, 1]}),
        asked("agentic_send_post", user_query=""),
    )
    found = list(load("personamem-3", folder))
    assert [example.about["kind"] for example in found] == ["restraint-context-shift", "abstention"]
    assert [example.answerable for example in found] == [True, False]
    assert "2 questions that are not asked or answered in words" in caplog.text
    assert "Good." not in [item.text for item in found[0].history]


@pytest.mark.parametrize(
    ("further", "message"),
    [
        ({"interaction_format": "Liked"}, "'interaction_format' is no dict"),
        ({"content": "A hive"}, "'content' is no dict"),
        ({"source_hashtags": 5}, "'source_hashtags' is no list"),
        ({"preferences": 5}, "'preferences' is no list"),
        ({"source_timestamp": 10**30}, "'source_timestamp' is no time"),
    ],
)
def test_an_event_that_is_wrong_is_named_by_its_entry(
    tmp_path: Path, further: dict[str, Any], message: str
) -> None:
    folder = backend(tmp_path, asked("chatbot_personalized_response"))
    as_json(folder / "17" / "threads.json", [event("4", 1_700_000_400) | further])
    with pytest.raises(DatasetError, match=rf"threads.json, entry 1: the field {message}"):
        list(load("personamem-3", folder))


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"there is no test.json"):
        list(load("personamem-3", tmp_path))
