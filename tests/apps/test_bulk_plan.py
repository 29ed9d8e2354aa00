"""What a run would take, held against what real tokenizers made of it."""

import pytest

from guided_profile.apps.bulk import Job
from guided_profile.apps.bulk_plan import Planner
from guided_profile.apps.demo import people
from guided_profile.graph.state import HistoryItem
from guided_profile.graph.tasks import builtin_tasks

ACTUAL = {"Rosa": 2027, "Tomas": 2314, "Mika": 1628}
"""Input tokens that the two calls of each of the demo's people took with SmolLM2-135M."""


async def test_the_estimate_is_within_a_tenth_of_what_a_real_model_took() -> None:
    planner = Planner(builtin_tasks()["dialogue"], "m")
    for person in people():
        plan = await planner(Job(person.name, person.items))
        assert plan.calls == 2
        guidance = 100  # counted in full; the model may say less
        assert plan.input_tokens - guidance == pytest.approx(ACTUAL[person.name], rel=0.1)


async def test_a_language_without_spaces_is_not_taken_for_short() -> None:
    items = tuple(HistoryItem(text=f"猫が机の上で寝ている。{number}") for number in range(20))
    plan = await Planner(builtin_tasks()["dialogue"], "m")(Job("aki", items))
    characters = sum(len(item.text) for item in items)
    assert plan.input_tokens > plan.calls * characters * 0.8
