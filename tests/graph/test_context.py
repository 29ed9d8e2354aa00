from typing import Any

import pytest
from pydantic import TypeAdapter

from guided_profile.graph.context import PROMPTS, Context, Recall, context_of
from guided_profile.graph.errors import QuestionError
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.profiles.plan import variant_of


def test_recall_comes_from_the_task_unless_the_run_says_otherwise() -> None:
    task = builtin_tasks()["dialogue"]
    assert task.with_switches(Context(user_id="anna")).recall == task.recall
    given: Any = {"bm25": False, "half_life_days": 30}  # as JSON brings it
    switched = task.with_switches(Context(user_id="anna", recall=given))
    assert switched.recall == Recall(bm25=False, half_life_days=30)
    assert switched.recipe == task.recipe, "how items are ranked does not make a profile stale"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"recall": {"colour": 1}}, r"recall\.colour: Extra .*recall may have dense, bm25"),
        ({"recall": {"half_life_days": 0}}, r"recall\.half_life_days: "),
        ({"recall": {"most_alike": 2}}, r"recall\.most_alike: "),
        ({"recall": "dense"}, "recall: "),
        ({"recall_tokens": 0}, "recall_tokens is 0"),
    ],
)
def test_a_recall_that_is_none_is_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(QuestionError, match=message):
        Context(user_id="anna", **fields)


def test_an_assistants_context_differs_in_its_task_alone() -> None:
    own, any_task = context_of("preference"), Context
    assert own(user_id="anna").task == "preference"
    assert own(user_id="anna", task="dialogue").task == "dialogue"
    with pytest.raises(QuestionError, match="user_id is ''"):
        own(user_id="")
    schema, known = (TypeAdapter(context).json_schema() for context in (own, any_task))
    assert schema["properties"]["task"].pop("default") == "preference"
    assert known["properties"]["task"].pop("default") == "dialogue"
    assert schema["properties"] == known["properties"]
    described = [*known["properties"].values(), *known["$defs"]["Recall"]["properties"].values()]
    assert all(field["description"] for field in described)


def test_studio_edits_a_tasks_texts_on_their_nodes() -> None:
    task = builtin_tasks()["assistant"]
    schema = TypeAdapter(context_of(task.name, task.prompts, "me")).json_schema()
    for name, stage in PROMPTS.items():
        shown = schema["properties"][name]
        assert (shown["langgraph_nodes"], shown["langgraph_type"]) == ([stage], "prompt")
        assert shown["default"] == task.prompts[name]
    assert schema["properties"]["user_id"]["default"] == "me"
    assert "user_id" in TypeAdapter(context_of(task.name)).json_schema()["required"]
    assert context_of(task.name, task.prompts)(user_id="anna").guiding_question is None


def test_a_run_may_bring_a_tasks_texts() -> None:
    task = builtin_tasks()["assistant"]
    own = {"guiding_question": "Who is it?", "response_instruction": "Answer in verse: {question}"}
    switched = task.with_switches(Context(user_id="anna", **own))
    assert {name: getattr(switched, name) for name in own} == own
    assert switched.sources == {}, "all of the history is asked the one question"
    assert switched.profile_instruction == task.profile_instruction
    assert variant_of(switched) != variant_of(task), "its profiles stand apart"
    same = task.with_switches(Context(user_id="anna", **task.prompts))
    assert (same, variant_of(same)) == (task, variant_of(task)), "as Studio sends them back"
    answers = task.with_switches(Context(user_id="anna", response_instruction="In verse."))
    assert variant_of(answers) == variant_of(task)
    with pytest.raises(QuestionError, match=r"response_instruction: uses \{name\}; the only"):
        task.with_switches(Context(user_id="anna", response_instruction="Answer {name}."))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"guiding_question": " "}, "guiding_question is ' '; set it to a text of at most 4096"),
        ({"profile_instruction": "a" * 4097}, "profile_instruction is "),
        ({"response_instruction": ["a"]}, "response_instruction is "),
        ({"max_retries": 300}, "max_retries is 300; set it to a number from 0 to 10"),
        ({"max_retries": -1}, "max_retries is -1; .* from 0 to 10"),
        ({"max_retries": True}, "max_retries is True; "),
        ({"max_retries": 1.5}, "max_retries is 1.5; "),
        ({"max_retries": "9" * 9999}, r"max_retries is '9+\.\.\.9+'; "),
        ({"recall_tokens": 10**7}, "recall_tokens is 10000000; .* from 1 to 1000000"),
        ({"profile_items": 10_001}, "profile_items is 10001; .* from 1 to 10000"),
        ({"context_tokens": 99}, "context_tokens is 99; .* from 100 to 1000000"),
        ({"context_tokens": 10**9}, "context_tokens is 1000000000; "),
        ({"recall": {"half_life_days": 1e300}}, r"recall\.half_life_days: "),
        ({"recall": {"half_life_days": float("nan")}}, r"recall\.half_life_days: "),
        ({"guided": "no"}, "guided is 'no'; set it to true or false"),
        ({"sees": ["profile"] * 100_000}, "sees names .*each once"),
        ({"sees": 5}, "sees names 5; it may name personal_context, guidance, profile"),
        ({"sees": [["profile"]]}, "sees names "),
        ({"task": ["dialogue"]}, "task is "),
        ({"user_id": "a" * 4097}, "user_id is .* at most 4096 characters"),
        ({"user_id": 5}, "user_id is 5; "),
    ],
)
@pytest.mark.parametrize("kind", [Context, context_of("preference")])
def test_what_a_caller_sets_has_bounds(
    kind: type[Context], fields: dict[str, Any], message: str
) -> None:
    with pytest.raises(QuestionError, match=message) as refused:
        kind(**{"user_id": "anna"} | fields)
    assert len(str(refused.value)) < 200


def test_the_bounds_themselves_may_be_set() -> None:
    for fields in (
        {"max_retries": 0, "recall_tokens": 1, "profile_items": 1, "context_tokens": 100},
        {"max_retries": 10, "recall_tokens": 10**6, "profile_items": 10**4},
        {"context_tokens": 10**6, "sees": [], "user_id": "a" * 4096},
    ):
        Context(**{"user_id": "anna"} | fields)
