from collections.abc import Callable
from typing import Any

import pytest
from scripted import ScriptedChat

from guided_profile.evals.datasets.judged import Form, Labelled, labelled
from guided_profile.evals.run.judge_check import agreement_of, check


def knows(form: Form) -> Callable[[str], Any]:
    """Return a judge that says what the labels say, in both orders."""
    hand = labelled(form)
    rows = {row["id"]: row for row in hand.rows}

    def of_replies(prompt: str) -> dict[str, float] | str:
        label = next(
            label
            for id_, label in hand.labels.items()
            if rows[id_]["question"] in prompt and f"The reply: {rows[id_]['reply']}" in prompt
        )
        if label == "cannot_tell":
            return {"Unclear": 1.0}
        fits = (label == "follows") != ("Does the reply fail?" in prompt)
        return {"Yes": 0.9, "No": 0.1} if fits else {"Yes": 0.1, "No": 0.9}

    def of_pairs(prompt: str) -> str:
        for id_, label in hand.labels.items():
            for place, name in (("first", "A"), ("second", "B")):
                if f"Reply A: {rows[id_][place]}" in prompt:
                    if label == "neither":
                        return "Verdict: Neither\nCertainty: high"
                    wins = name == "A" if label == "first" else name == "B"
                    return f"Verdict: {'A' if wins else 'B'}\nCertainty: high"
        raise AssertionError(prompt)

    return of_replies if form == "replies" else of_pairs


@pytest.mark.parametrize("form", ["replies", "pairs"])
async def test_a_judge_that_says_what_people_say_agrees_with_them(form: Form) -> None:
    found = await check(ScriptedChat(script=knows(form)), form, concurrency=4)
    assert found.kappa is not None
    assert found.kappa.mean == 1.0
    assert found.decided >= 40
    assert (found.declined, found.turned) == (0, 0)
    assert found.rightly_declined == found.undecidable == (2 if form == "replies" else 3)
    assert found.labels == labelled(form).digest


@pytest.mark.parametrize(
    ("form", "same"),
    [("replies", {"Yes": 0.9, "No": 0.1}), ("pairs", "Verdict: A\nCertainty: high")],
)
async def test_a_judge_that_says_the_same_to_both_orders_decides_nothing(
    form: Form, same: Any
) -> None:
    found = await check(ScriptedChat(script=lambda prompt: same), form)
    assert found.decided == 0
    assert found.turned >= 40
    assert "decided on 0" in found.why_not


def test_what_is_left_open_is_in_no_score() -> None:
    labels = {"a": "follows", "b": "violates", "c": "follows", "d": "violates", "e": "cannot_tell"}
    hand = Labelled(tuple({"id": id_} for id_ in labels), labels, (), True)
    said: dict[str, tuple[str | None, bool]] = {
        "a": ("follows", False),
        "b": ("violates", False),
        "c": (None, False),
        "d": (None, True),
        "e": ("follows", False),
    }
    found = agreement_of(said, hand, "m", "rubric 2")
    assert found.kappa is not None
    assert (found.kappa.mean, found.kappa.n) == (1.0, 2)
    assert (found.decided, found.declined, found.turned) == (2, 1, 1)
    assert (found.rightly_declined, found.undecidable) == (0, 1)
