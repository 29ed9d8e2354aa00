"""Whether what a person told before holds the answer to a question, and whether it has to.

A small model would rather invent an answer than say that it does not know. So before it answers it
is shown, after some examples, what was told (of much, what is nearest to the question), and its Yes
to whether that tells the answer is weighed. Only if not, it is asked about the question alone: one
that does not ask for a fact of a person's own life (general knowledge, advice, thanks) needs none.

A small model's Yes does not lie around a half: `told.json` has the weights for each model that was
fitted, by `python -m guided_profile.evals.benches.told --fit`. Any other is taken at its word.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from math import exp, log
from typing import Any

import numpy as np
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage
from numpy.typing import NDArray

from guided_profile.graph.prompts import (
    OF_OWN_LIFE,
    OF_OWN_LIFE_EXAMPLES,
    TOLD,
    TOLD_EXAMPLES,
    TOLD_SYSTEM,
    render,
)
from guided_profile.graph.records import Call
from guided_profile.graph.text import as_data, shortened
from guided_profile.graph.tokens import approximate_tokens
from guided_profile.tools.models.calls import model_id
from guided_profile.tools.models.letters import YesNo, ask_yes_no

WHOLE_TOKENS = 500
"""Up to about this size a history is shown whole, and served from the prefix cache to the user's
next question; of a longer one, the notes that are nearest to the question are shown."""
NEAREST = 5
"""How many those are: a small model loses its way in more."""
NOTE_TOKENS, QUESTION_TOKENS = 120, 200
"""About how much is shown of a long note, and of a long question."""
LEAST = 1e-4
"""A probability below this, or this near to 1, counts as this."""


@dataclass(frozen=True, slots=True)
class Weights:
    """What is made of a model's Yes; as it stands, that of a model that was not fitted."""

    told: Sequence[float] = (0.0, 1.0)
    """Of a constant and the log odds of its Yes: the log odds that the notes tell the answer."""
    own: float = 0.5
    """The Yes from which a question asks for a fact of a person's own life."""
    fitted: str = ""
    """When, and on how many questions."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was found out about a question."""

    probability: float
    """That the notes tell the answer, 0 to 1; 1 where they need not."""
    calls: tuple[Call, ...]


async def is_told(
    chat: BaseChatModel,
    question: str,
    notes: Sequence[str],
    *,
    stage: str,
    floor: float = 0.5,
) -> Told | None:
    """Ask whether notes tell the answer to a question, and if not, whether they have to.

    Args:
        chat: The model.
        question: What is asked.
        notes: What the person told, in order of time; the few that are nearest to the question.
        stage: Named in the calls.
        floor: The probability below which it is asked whether the notes have to tell it.

    Returns:
        None: the model replied with neither Yes nor No.

    Raises:
        ModelError: The model failed.
    """
    weights = weights_of(model_id(chat))
    asked = await ask_yes_no(chat, told_messages(question, notes), stage=stage)
    yes = likely(asked)
    if yes is None:
        return None
    told = probability(yes, weights)
    if told >= floor:
        return Told(told, (asked.call,))
    alone = await ask_yes_no(chat, own_life_messages(question), stage=stage)
    own = likely(alone)
    needed = own is None or own >= weights.own
    return Told(told if needed else 1.0, (asked.call, alone.call))


def is_short(notes: Sequence[str]) -> bool:
    """Whether notes are shown whole."""
    return sum(map(approximate_tokens, notes)) <= WHOLE_TOKENS


def nearest(near: NDArray[np.float64]) -> list[int]:
    """Return the places of the notes that are shown of a longer history, in their order."""
    return sorted(np.argsort(-near, kind="stable")[:NEAREST].tolist())


def told_messages(question: str, notes: Sequence[str]) -> list[BaseMessage]:
    """Return the prompt that asks whether notes tell the answer to a question."""
    asked: list[BaseMessage] = [SystemMessage(TOLD_SYSTEM.text)]
    for theirs, example, reply in TOLD_EXAMPLES:
        asked += [HumanMessage(_of_notes(example, theirs)), AIMessage(reply)]
    return [*asked, HumanMessage(_of_notes(question, notes))]


def own_life_messages(question: str) -> list[BaseMessage]:
    """Return the prompt that asks whether a question is for a fact of a person's own life."""
    asked: list[BaseMessage] = [SystemMessage(OF_OWN_LIFE.text)]
    for example, own in OF_OWN_LIFE_EXAMPLES:
        asked += [HumanMessage(example), AIMessage("Yes" if own else "No")]
    return [*asked, HumanMessage(shortened(as_data(question), QUESTION_TOKENS))]


def likely(reply: YesNo) -> float | None:
    """Return the probability of Yes; where there are only words, they count."""
    return reply.yes if reply.yes is not None or reply.said is None else float(reply.said)


def probability(yes: float, weights: Weights) -> float:
    """Return the probability that the notes tell the answer, of a model's Yes to that."""
    share = min(max(yes, LEAST), 1 - LEAST)
    log_odds = weights.told[0] + weights.told[1] * log(share / (1 - share))
    return 1 / (1 + exp(-max(-50.0, min(50.0, log_odds))))


def weights_of(model: str) -> Weights:
    """Return the weights of a model, by its name; those of any other where it was not fitted."""
    name = model.casefold()
    known = _known()
    return Weights(**known.get(max((key for key in known if key in name), key=len, default=""), {}))


def _of_notes(question: str, notes: Sequence[str]) -> str:
    listed = "\n".join(
        f"- {' '.join(shortened(as_data(note), NOTE_TOKENS).split())}" for note in notes
    )
    return render(TOLD, notes=listed, question=shortened(as_data(question), QUESTION_TOKENS))


@cache
def _known() -> Mapping[str, Mapping[str, Any]]:
    text = (files("guided_profile.tools.evidence") / "told.json").read_text("utf-8")
    known: Mapping[str, Mapping[str, Any]] = json.loads(text)
    return known
