"""Whether a reply keeps to the row's rubric, asked of a chat model: only as good as the model.

A judge as small as the embedded model is not to be trusted; name a stronger one. It sees what was
asked, the rubric, what is known of the person, and the reply.
"""

import json
from dataclasses import dataclass
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import HumanMessage

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.rubrics import known_of
from guided_profile.graph.prompts import Prompt, render
from guided_profile.graph.records import Call
from guided_profile.graph.text import as_data
from guided_profile.tools.models.letters import ask_yes_no

RUBRIC = Prompt(
    "rubric",
    1,
    "An assistant answered a person.\n\nThe person asked: {question}\n\nKnown of the person:\n"
    "{known}\n\nThe reply: {reply}\n\nWhat a right reply is like: {wanted}\n\nHow it is judged: "
    "{rubric}\n\nDoes the reply pass? Answer Yes or No.",
)


@dataclass(frozen=True, slots=True)
class Passed:
    """What a judge says of a reply."""

    probability: float | None
    """That it passes; None: the judge said neither Yes nor No."""
    call: Call


async def passes(chat: BaseChatModel, example: Example, reply: str) -> Passed:
    """Ask whether a reply passes the example's rubric.

    Raises:
        ModelError: The endpoint failed; a reply that is not judged is not guessed at.
    """
    asked = render(
        RUBRIC,
        question=as_data(example.question),
        known=as_data("\n".join(f"- {one}" for one in known_of(example)) or "(nothing)"),
        reply=as_data(reply),
        wanted=as_data(example.reference or "It says that it was not told."),
        rubric=as_data(_in_words(example.about.get("rubric"))),
    )
    said = await ask_yes_no(chat, [HumanMessage(asked)], stage="judge")
    if said.yes is not None:
        return Passed(said.yes, said.call)
    return Passed(None if said.said is None else float(said.said), said.call)


def _in_words(rubric: Any) -> str:
    if isinstance(rubric, list):
        return " ".join(str(one) for one in rubric)
    return rubric if isinstance(rubric, str) else json.dumps(rubric or {}, ensure_ascii=False)
