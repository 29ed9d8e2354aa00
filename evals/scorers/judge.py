"""Which of two texts suits a person better, asked of a chat model in both orders.

The judge says how sure it is in words, and may decline (Dong et al. 2024, "Can LLM be a
Personalized Judge?": its verdicts agree with people's far more often where it is sure). A judge
that prefers a place says one thing in one order and another in the other: that is no verdict.
"""

import asyncio
import re
from dataclasses import dataclass
from typing import Literal

from langchain_core.language_models import BaseChatModel

from guided_profile.evals.datasets.examples import Example
from guided_profile.graph.prompts import Prompt, messages, render
from guided_profile.graph.records import Call, HistoryItem
from guided_profile.graph.text import as_data
from guided_profile.tools.models.calls import complete
from guided_profile.tools.search.parts import own

Certainty = Literal["low", "medium", "high"]
_CERTAINTIES: tuple[Certainty, ...] = ("low", "medium", "high")

QUESTION = Prompt(
    "judge",
    1,
    "Someone asked this person: {question}\n\nHere are two replies in this person's name.\n\n"
    "Reply A: {first}\n\nReply B: {second}\n\nWhich reply is more like what this person would say "
    "themselves, in its content and its style? If the history does not tell, say Neither.\n"
    "Answer in exactly this form:\nVerdict: A, B or Neither\nCertainty: low, medium or high",
)
MOST_ITEMS = 40
"""The newest items of the history that the judge sees."""


@dataclass(frozen=True, slots=True)
class JudgeReply:
    """What the judge replied to the texts in one order."""

    prefers: Literal["A", "B"] | None
    """None: it declined, or said nothing that is a verdict."""
    certainty: Certainty


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge says over both orders."""

    winner: Literal["first", "second"] | None
    """None: it declined, contradicted itself when the order was turned, or was not sure."""
    certainty: Certainty
    """The lower of both."""
    turned: bool
    """Whether it contradicted itself when the order was turned."""
    calls: tuple[Call, ...]


def read_verdict(reply: str) -> JudgeReply:
    """Read a reply; one without a certainty is of low certainty."""
    found = re.search(r"verdict\W*(?:reply\s+)?(A|B|Neither)\b", reply, re.IGNORECASE)
    sure = re.search(r"certainty\W*(low|medium|high)\b", reply, re.IGNORECASE)
    named = found[1].upper() if found else ""
    named_so = (word for word in _CERTAINTIES if sure and word == sure[1].lower())
    certainty: Certainty = next(named_so, "low")
    return JudgeReply("A" if named == "A" else "B" if named == "B" else None, certainty)


async def judge(
    chat: BaseChatModel,
    example: Example,
    first: str,
    second: str,
    *,
    least: Certainty = "medium",
) -> Verdict:
    """Ask which text is more like the person, in both orders.

    Args:
        chat: The judge; better another model than the one that wrote the texts.
        example: Whose history is shown, and what was asked; its reference is not shown.
        first: One text.
        second: The other.
        least: A verdict of less certainty is none.

    Raises:
        ModelError: The endpoint failed.
    """
    items = own(example.history)[-MOST_ITEMS:]
    there, back = await asyncio.gather(
        _ask(chat, example, items, first, second), _ask(chat, example, items, second, first)
    )
    certainty = min(there[0].certainty, back[0].certainty, key=_CERTAINTIES.index)
    sure = _CERTAINTIES.index(certainty) >= _CERTAINTIES.index(least)
    winner: Literal["first", "second"] | None = None
    if sure and (there[0].prefers, back[0].prefers) == ("A", "B"):
        winner = "first"
    elif sure and (there[0].prefers, back[0].prefers) == ("B", "A"):
        winner = "second"
    turned = there[0].prefers is not None and there[0].prefers == back[0].prefers
    return Verdict(winner, certainty, turned, (there[1], back[1]))


async def _ask(
    chat: BaseChatModel, example: Example, items: list[HistoryItem], first: str, second: str
) -> tuple[JudgeReply, Call]:
    asked = render(
        QUESTION,
        question=as_data(example.question),
        first=as_data(first),
        second=as_data(second),
    )
    done = await complete(chat, messages(items, asked), stage="judge", max_tokens=30)
    return read_verdict(done.text), done.call
