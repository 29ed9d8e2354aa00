"""What stands around the question: a reminder after it, or notes on what was recalled before it.

reminder   `rag`, and one sentence after the question: heed what is known (PrefEval, Zhao et
           al. 2025, whose reminder stands there too)
notes      `rag`, and before the question what each item tells that bears on it, as the model
           noted (chain-of-note, as LongMemEval reads what it recalls, Wu et al. 2025)
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.methods.workflow import (
    FEW_TOKENS,
    MethodInputs,
    Workflow,
    check_content,
    workflow,
)
from guided_profile.graph.context import Recall
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.state import Abstained, Answered
from guided_profile.tools.safety.screen import flagged
from guided_profile.tools.search.ranking import LEAST_TOKENS, within

REMINDER = (
    "\nHeed what this person told before, as shown above: the answer has to suit what they like, "
    "dislike and must avoid."
)
NOTES = (
    "This person now asks: {question}\nFor each line above that bears on that, note in a few words "
    "what it tells of this person. Leave out the other lines."
)
NO_ITEMS = Abstained(reason="no_history", detail="There is no history to answer from.")


@dataclass(frozen=True, slots=True)
class Notes:
    """Each recalled item is noted on, and the answer sees the items and the notes."""

    inputs: MethodInputs
    name: str = "notes"
    description: str = "rag, and notes on what bears, before the question (LongMemEval)"

    async def answer(self, example: Example) -> Answered | Abstained:
        """Recall, note and answer."""
        found = await asyncio.to_thread(recalled, self.inputs, example, FEW_TOKENS)
        task = self.inputs.task.model_copy(update={"guiding_question": NOTES, "sources": {}})
        return await answered(self.inputs, example, found, workflow("g", self.inputs, task))


def reminder(inputs: MethodInputs) -> Workflow:
    """Return the method of that name."""
    instruction = inputs.task.response_instruction
    if "{question}" not in instruction:
        instruction += "\n\n{question}"
    task = inputs.task.model_copy(update={"response_instruction": instruction + REMINDER})
    made = workflow("rag", inputs, task)
    description = "rag, reminded after the question to heed what is known (PrefEval)"
    return Workflow("reminder", description, made.graph, made.task, made.switches)


def recalled(
    inputs: MethodInputs, example: Example, tokens: int, recall: Recall | None = None
) -> list[HistoryItem]:
    """Return the items that the workflow would recall within so many tokens, the best first."""
    found = inputs.history.search(
        example.id,
        example.question,
        limit=tokens // LEAST_TOKENS + 1,
        recall=recall or inputs.task.recall,
        role="user",
    )
    return shown([match.item for match in found], tokens)


def shown(items: Sequence[HistoryItem], tokens: int) -> list[HistoryItem]:
    """Return those of the items that a prompt has room for, without those that give orders."""
    orders = flagged(items)
    return within([item for item in items if item.id not in orders], tokens)


async def answered(
    inputs: MethodInputs, example: Example, items: Sequence[HistoryItem], by: Workflow
) -> Answered | Abstained:
    """Answer an example as if its history were these items."""
    if not items:
        return NO_ITEMS
    async with holding(inputs, example, items) as held:
        return await by.answer(held)


@asynccontextmanager
async def holding(
    inputs: MethodInputs, example: Example, items: Sequence[HistoryItem]
) -> AsyncIterator[Example]:
    """Keep items as a history of their own for a while; yield the example that has it."""
    id_ = f"{example.id} shown"
    await asyncio.to_thread(inputs.history.add, id_, items)
    try:
        yield example.model_copy(update={"id": id_, "history": tuple(items)})
    finally:
        await asyncio.to_thread(inputs.history.delete_user, id_)


AROUND = ("reminder", "notes")


def around(name: str, inputs: MethodInputs) -> Workflow | Notes:
    """Return one of `AROUND` by name.

    Raises:
        InputError: There is no model, or the task is one of style.
    """
    check_content(name, inputs)
    return reminder(inputs) if name == "reminder" else Notes(inputs)


def wording() -> str:
    """Return a short digest of what these methods say to the model."""
    return hashlib.sha256("\0".join((REMINDER, NOTES)).encode()).hexdigest()[:12]
