from typing import Any

import pytest

from guided_profile.graph.context import Context, Recall
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
