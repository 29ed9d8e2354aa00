import pytest
from scripted import Script, ScriptedChat

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.scorers.rubric import keeps, passes
from guided_profile.graph.errors import ModelError

EXAMPLE = Example(
    id="1",
    user_id="u",
    task="dialogue",
    question="Which van?",
    reference="A plain answer.",
    about={"rubric": {"failure": "It names screens."}, "preference": "No screens."},
)


def passing(yes: float, no: float) -> Script:
    """Return a judge that says so of passing, and the contrary of failing."""

    def script(prompt: str) -> dict[str, float]:
        turned = "Does the reply fail?" in prompt
        return {"Yes": no if turned else yes, "No": yes if turned else no}

    return script


async def test_a_judge_sees_the_rubric_and_what_is_known_in_both_questions() -> None:
    chat = ScriptedChat(script=passing(0.2, 0.8))
    said = await passes(chat, EXAMPLE, "One without <screens>.")
    assert (said.verdict, said.turned, len(said.calls)) == ("violates", False, 2)
    assert said.probability == pytest.approx(0.2)
    for prompt in chat.prompts:
        for part in ("It names screens.", "- No screens.", "A plain answer."):
            assert part in prompt
        assert "<screens>" not in prompt


async def test_a_judge_that_always_says_yes_has_no_verdict() -> None:
    said = await passes(ScriptedChat(script=lambda prompt: {"Yes": 0.9, "No": 0.1}), EXAMPLE, "x")
    assert (said.verdict, said.turned) == (None, True)


async def test_a_judge_may_say_that_it_is_unclear() -> None:
    unclear = {"Un": 0.7, "Yes": 0.2, "No": 0.1}
    said = await passes(ScriptedChat(script=lambda prompt: unclear), EXAMPLE, "x")
    assert (said.verdict, said.turned, said.probability) == (None, False, None)


@pytest.mark.parametrize(
    ("words", "verdict"),
    [(("Yes", "No"), "follows"), (("No", "Yes"), "violates"), (("Unclear", "Unclear"), None)],
)
async def test_without_probabilities_the_words_count(
    words: tuple[str, str], verdict: str | None
) -> None:
    def script(prompt: str) -> str:
        return words["Does the reply fail?" in prompt]

    said = await passes(ScriptedChat(script=script, logprobs=False), EXAMPLE, "x")
    assert said.verdict == verdict


async def test_what_a_right_reply_is_like_is_left_out_where_nobody_says() -> None:
    chat = ScriptedChat(script=passing(0.9, 0.1))
    said = await keeps(chat, question="Which van?", known=(), reply="x", rubric="It is short.")
    assert said.verdict == "follows"
    assert "What a right reply is like" not in chat.prompts[0]
    assert "(nothing)" in chat.prompts[0]


async def test_a_judge_that_fails_gives_no_score() -> None:
    def fails(prompt: str) -> str:
        raise RuntimeError("down")

    with pytest.raises((ModelError, RuntimeError)):
        await passes(ScriptedChat(script=fails), EXAMPLE, "x")
