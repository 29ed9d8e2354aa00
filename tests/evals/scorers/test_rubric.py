import pytest
from scripted import ScriptedChat

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.scorers.rubric import passes
from guided_profile.graph.errors import ModelError

EXAMPLE = Example(
    id="1",
    user_id="u",
    task="dialogue",
    question="Which van?",
    reference="A plain answer.",
    about={"rubric": {"failure": "It names screens."}, "preference": "No screens."},
)


async def test_a_judge_sees_the_rubric_and_what_is_known() -> None:
    chat = ScriptedChat(script=lambda prompt: {"Yes": 0.2, "No": 0.8})
    said = await passes(chat, EXAMPLE, "One without <screens>.")
    assert said.probability == pytest.approx(0.2)
    for part in ("It names screens.", "- No screens.", "A plain answer."):
        assert part in chat.prompts[0]
    assert "<screens>" not in chat.prompts[0]


@pytest.mark.parametrize(("reply", "probability"), [("No", 0.0), ("Hm.", None)])
async def test_without_probabilities_the_words_count(reply: str, probability: float | None) -> None:
    said = await passes(ScriptedChat(script=lambda prompt: reply, logprobs=False), EXAMPLE, "x")
    assert said.probability == probability


async def test_a_judge_that_fails_gives_no_score() -> None:
    def fails(prompt: str) -> str:
        raise RuntimeError("down")

    with pytest.raises((ModelError, RuntimeError)):
        await passes(ScriptedChat(script=fails), EXAMPLE, "x")
