from typing import Any

import pytest
from scripted import ScriptedChat

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.scorers.judge import judge, read_verdict
from guided_profile.evals.scorers.judge_pairs import judge_pairs
from guided_profile.evals.scorers.result import Result
from guided_profile.graph.records import HistoryItem

EXAMPLE = Example(
    id="1",
    user_id="u",
    task="dialogue",
    question="Any pets?",
    reference="THE REFERENCE",
    history=(HistoryItem(text="my cat Miso"), HistoryItem(text="not mine", role="other")),
)


def judged_by(script: Any) -> ScriptedChat:
    return ScriptedChat(script=script)


def prefers_miso(prompt: str) -> str:
    return f"Verdict: {'A' if 'Reply A: Miso' in prompt else 'B'}\nCertainty: high"


async def test_the_better_one_wins_in_both_orders() -> None:
    chat = judged_by(prefers_miso)
    verdict = await judge(chat, EXAMPLE, "Miso!", "I am a model.")
    assert (verdict.winner, verdict.certainty, len(verdict.calls)) == ("first", "high", 2)
    assert (await judge(chat, EXAMPLE, "I am a model.", "Miso!")).winner == "second"
    assert "my cat Miso" in chat.prompts[0]
    assert "not mine" not in chat.prompts[0]
    assert "THE REFERENCE" not in "".join(chat.prompts)


@pytest.mark.parametrize(
    ("reply", "turned"),
    [
        ("Verdict: A\nCertainty: high", True),  # whatever stands there: it prefers the place
        ("Verdict: Neither\nCertainty: high", False),
        ("I like both.", False),
    ],
)
async def test_what_is_no_verdict_has_no_winner(reply: str, turned: bool) -> None:
    verdict = await judge(judged_by(lambda prompt: reply), EXAMPLE, "Miso!", "no")
    assert (verdict.winner, verdict.turned) == (None, turned)


async def test_a_verdict_that_is_not_sure_is_none() -> None:
    chat = judged_by(lambda prompt: prefers_miso(prompt).replace("high", "low"))
    assert (await judge(chat, EXAMPLE, "Miso!", "no")).winner is None
    assert (await judge(chat, EXAMPLE, "Miso!", "no", least="low")).winner == "first"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("Verdict: A\nCertainty: medium", ("A", "medium")),
        ("**Verdict:** Reply B\n**Certainty:** High", ("B", "high")),
        ("verdict: neither. certainty: low", (None, "low")),
        ("Verdict: Absolutely", (None, "low")),
        ("Verdict: B", ("B", "low")),
        ("", (None, "low")),
    ],
)
def test_replies_are_read(reply: str, expected: tuple[str | None, str]) -> None:
    said = read_verdict(reply)
    assert (said.prefers, said.certainty) == expected


async def test_pairs_are_counted_and_what_was_not_written_is_left_out() -> None:
    texts = {
        "1": ("Miso!", "no"),
        "2": ("no", "Miso!"),
        "3": ("Miso!", "no"),
        "4": ("same", "same"),
    }
    examples = [EXAMPLE.model_copy(update={"id": id_}) for id_ in texts]
    results = {
        (method, id_): Result(example=id_, method=method, kind="answered", text=text)
        for id_, pair in texts.items()
        for method, text in zip(("gpg", "dg"), pair, strict=True)
    }
    results["dg", "3"] = Result(example="3", method="dg", kind="abstained", text="no")
    judged = await judge_pairs(judged_by(prefers_miso), "gpg", "dg", examples, results)
    assert (judged.wins, judged.losses, judged.declined, judged.p) == (1, 1, 1, 1.0)
    assert "declines on 1" in str(judged)
    assert "Not to be claimed: how far this judge agrees with people is not known" in str(judged)
    assert judged.figures()["claimed"] is False
