from typing import Any

import pytest
from pydantic import TypeAdapter

from guided_profile.graph.context import Context, Recall, context_of
from guided_profile.graph.errors import QuestionError
from guided_profile.graph.tasks import builtin_tasks


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
    schema, known = (TypeAdapter(one).json_schema() for one in (own, any_task))
    assert schema["properties"]["task"].pop("default") == "preference"
    assert known["properties"]["task"].pop("default") == "dialogue"
    assert schema["properties"] == known["properties"]
    described = [*known["properties"].values(), *known["$defs"]["Recall"]["properties"].values()]
    assert all(field["description"] for field in described)
