"""What a run would take, held against what real tokenizers made of it."""

from collections.abc import Sequence

from guided_profile.apps.bulk.base import BuildInput
from guided_profile.apps.bulk.plan import SENTENCES, Planner
from guided_profile.apps.cli.demo import people
from guided_profile.graph.records import Call, HistoryItem
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.evidence.base import Claim, Judged

ACTUAL = {"Rosa": 11830, "Tomas": 13465, "Mika": 10095}
"""Input tokens of making each of the demo's people a profile of eight sentences, as Qwen2.5's
tokenizer counts them: a digestion, the profile, and two questions for each sentence; and two more,
of about 82 tokens, on when an answer may use it."""


async def test_the_estimate_is_rather_too_much_than_too_little_and_not_by_much() -> None:
    task = builtin_tasks()["dialogue"]
    planner = Planner(task, "m")
    for person in people():
        plan = await planner(BuildInput(person.name, person.items))
        assert plan.calls == 2 + 4 * SENTENCES
        guidance = task.max_tokens.digest  # counted in full; the model may say less
        assert 1.0 <= (plan.input_tokens - guidance) / ACTUAL[person.name] <= 1.25


async def test_another_kind_of_verifier_takes_no_calls_of_the_model() -> None:
    class Judges:
        id = "nli"

        async def verify(self, claims: Sequence[Claim]) -> tuple[list[Judged], list[Call]]:
            raise AssertionError("planning judges nothing")

    (person, *_) = people()
    user = BuildInput(person.name, person.items)
    asking, judging = [
        await Planner(builtin_tasks()["dialogue"], "m", verifier)(user)
        for verifier in (None, Judges())
    ]
    assert judging.calls == asking.calls - 2 * SENTENCES == 2 + 2 * SENTENCES
    assert judging.output_tokens == asking.output_tokens - 2 * SENTENCES
    assert judging.input_tokens < asking.input_tokens


async def test_a_language_without_spaces_is_not_taken_for_short() -> None:
    items = tuple(HistoryItem(text=f"猫が机の上で寝ている。{number}") for number in range(20))
    plan = await Planner(builtin_tasks()["dialogue"], "m")(BuildInput("aki", items))
    characters = sum(len(item.text) for item in items)
    assert plan.input_tokens > plan.calls * characters * 0.8
