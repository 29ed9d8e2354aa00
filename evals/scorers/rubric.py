"""Whether a reply keeps to a rubric, asked of a chat model: only as good as the model.

It is asked twice, whether the reply passes and whether it fails, and may answer "unclear". A judge
that leans to Yes, or to No, says one thing to one question and another to the other:
that is no verdict. How far a judge agrees with people is measured by `evals.run.judge_check`.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.rubrics import known_of
from guided_profile.graph.prompts import Prompt, render
from guided_profile.graph.records import Call
from guided_profile.graph.text import as_data
from guided_profile.tools.models.choices import named_letter
from guided_profile.tools.models.letters import score_letters

RUBRIC = Prompt(
    "rubric",
    2,
    "An assistant answered a person.\n\nThe person asked: {question}\n\nKnown of the person:\n"
    "{known}\n\nThe reply: {reply}\n\n{wanted}How it is judged: {rubric}\n\n"
    "Does the reply {does}? Answer Yes or No, or Unclear if it cannot be told.",
)
DECIDED = 0.5
"""The least weight of Yes and No together; with less, the judge declines to decide."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a judge says of a reply over both questions."""

    verdict: Literal["follows", "violates"] | None
    """None: it declined, or contradicted itself."""
    turned: bool
    """Whether it contradicted itself when the question was turned around."""
    probability: float | None
    """That it passes, the mean of both questions; None: it declined one of them."""
    calls: tuple[Call, ...]


async def passes(chat: BaseChatModel, example: Example, reply: str) -> Judgement:
    """Ask whether a reply passes the example's rubric.

    Raises:
        ModelError: The endpoint failed; a reply that is not judged is not guessed at.
    """
    return await keeps(
        chat,
        question=example.question,
        known=known_of(example),
        reply=reply,
        rubric=_in_words(example.about.get("rubric")),
        wanted=example.reference or "It says that it was not told.",
    )


async def keeps(
    chat: BaseChatModel,
    *,
    question: str,
    known: Sequence[str],
    reply: str,
    rubric: str,
    wanted: str = "",
) -> Judgement:
    """Ask whether a reply keeps to a rubric, in both ways.

    Args:
        chat: The judge.
        question: What the person asked.
        known: What is known of them.
        reply: What is judged.
        rubric: How.
        wanted: What a right reply is like; empty: nothing is said of that.

    Raises:
        ModelError: The endpoint failed; a reply that is not judged is not guessed at.
    """
    parts = {
        "question": as_data(question),
        "known": as_data("\n".join(f"- {fact}" for fact in known) or "(nothing)"),
        "reply": as_data(reply),
        "wanted": f"What a right reply is like: {as_data(wanted)}\n\n" if wanted else "",
        "rubric": as_data(rubric),
    }
    (passing, *pass_calls), (failing, *fail_calls) = await asyncio.gather(
        *(_yes(chat, render(RUBRIC, does=does, **parts)) for does in ("pass", "fail"))
    )
    calls = (*pass_calls, *fail_calls)
    if passing is None or failing is None:
        return Judgement(None, False, None, calls)
    probability = (passing + 1 - failing) / 2
    if (passing > DECIDED) == (failing > DECIDED):
        return Judgement(None, True, probability, calls)
    return Judgement("follows" if passing > DECIDED else "violates", False, probability, calls)


async def _yes(chat: BaseChatModel, asked: str) -> tuple[float | None, Call]:
    """Return the probability of Yes, of Yes and No; None if the judge says neither."""
    said = await score_letters(
        chat, [HumanMessage(asked)], ("Yes", "No"), stage="judge", folded=True
    )
    if said.letters is None:
        named = named_letter(said.text, ("Yes", "No"))
        return (None if named is None else float(named == "Yes")), said.call
    both = sum(said.letters.values())
    return (said.letters["Yes"] / both if both >= DECIDED else None), said.call


def _in_words(rubric: Any) -> str:
    if isinstance(rubric, list):
        return " ".join(str(line) for line in rubric)
    return rubric if isinstance(rubric, str) else json.dumps(rubric or {}, ensure_ascii=False)
