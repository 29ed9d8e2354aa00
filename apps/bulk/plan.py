"""What the profiles of many users would take, before a model is called."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage

from guided_profile.apps.bulk.base import BuildInput, Plan
from guided_profile.apps.bulk.maker import Workbench
from guided_profile.graph.context import Context
from guided_profile.graph.prompts import (
    FOR_EVERY_ANSWER,
    GUIDANCE,
    OF_MOST,
    SUPPORTED,
    UNGUIDED,
    messages,
    render,
)
from guided_profile.graph.state import Question
from guided_profile.graph.tasks import Task
from guided_profile.graph.tokens import approximate_tokens
from guided_profile.nodes.digest import counted, digestions_of
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.evidence.base import Verifier
from guided_profile.tools.evidence.chat import ChatVerifier
from guided_profile.tools.models.calls import endpoint_model

_BEFORE_ANY_CALL = ["digest", "profile", "respond", "review", "welcome"]
_OUTPUTS = ["material", "profile_use", "text", "tries", "clarification", "building"]


class Planner:
    """Runs the workflow up to its first call of a model, on what is in memory alone."""

    def __init__(self, task: Task, model: str, verifier: Verifier | None = None) -> None:
        """Get ready.

        Args:
            task: Whose profiles are planned.
            model: The name of the model that would make them; it is not called.
            verifier: What would judge them, likewise; None: the model.
        """
        nobody = endpoint_model(model, base_url="http://127.0.0.1:9/v1", api_key=None)
        # planning compares no meanings, so no weights are needed
        self._workbench = Workbench(nobody, LexicalEmbedder(), task, verifier)
        asks = verifier is None or isinstance(verifier, ChatVerifier)
        self._judged = SENTENCES if asks else 0

    async def __call__(self, user: BuildInput) -> Plan:
        """Return what the workflow would do about a user, and about what it would take."""
        task = self._workbench.task
        options = ["one", "another"] if task.kind == "choice" else []
        question: Question = {"question": "What is this person like?", "options": options}
        context = Context(user_id=user.user_id, task=task.name, sees=("profile",))
        state: Any = None
        async with self._workbench.holding(user) as (graph, _):
            async for values in graph.astream(
                question,
                context=context,
                stream_mode="values",
                output_keys=_OUTPUTS,
                interrupt_before=_BEFORE_ANY_CALL,
            ):
                state = values
        if not state["material"]:
            return Plan(state["profile_use"])
        return _taking(task.with_switches(context), state, self._judged)


def _taking(task: Task, state: Any, sentences: int) -> Plan:
    digestions = digestions_of(task, state) if task.needs_guidance else []
    asked = 0
    for digestion in digestions:
        habits = counted(digestion["items"]) if task.evidence == "style" else ""
        asked += tokens(messages(digestion["items"], habits + digestion["asked"]))
    guidance = task.max_tokens.digest * len(digestions)
    instruction = UNGUIDED.text
    if task.guided:
        instruction = render(GUIDANCE, guidance="") + render(
            task.profile_instruction, question=state["text"]
        )
    largest = max(state["material"], key=len)
    written = tokens(messages(largest, instruction)) + guidance
    judged = tokens(messages(largest, SUPPORTED.text)) + SENTENCE_TOKENS
    inferred = 0 if task.evidence == "style" else sentences
    judged_of_most = tokens(messages([], OF_MOST.text)) + SENTENCE_TOKENS
    # each sentence that stands is asked for its use, by two questions
    uses = 2 * SENTENCES if task.restrains else 0
    asked_of_use = tokens(messages([], FOR_EVERY_ANSWER.text)) + SENTENCE_TOKENS
    return Plan(
        state["profile_use"],
        items=sum(map(len, state["material"])),
        calls=len(digestions) + 1 + sentences + inferred + uses,
        input_tokens=asked
        + written
        + sentences * judged
        + inferred * judged_of_most
        + uses * asked_of_use,
        output_tokens=guidance + task.max_tokens.profile + sentences + inferred + uses,
    )


SENTENCES = 8
"""How many a profile has, about; a chat model judges each in a call of its own, in another whether
what is inferred is true of most people, and in two more when an answer may use it."""
SENTENCE_TOKENS = 20
_A_MESSAGE = 6
"""Tokens of the chat template around a message."""


def tokens(prompt: Sequence[BaseMessage]) -> int:
    """Return about how many tokens a prompt takes."""
    return sum(approximate_tokens(message.text) + _A_MESSAGE for message in prompt)


@dataclass(slots=True)
class Estimate:
    """What a whole run would take."""

    users: int = 0
    fresh: int = 0
    cold: int = 0
    missing: int = 0
    """Who have no profile yet."""
    stale: int = 0
    """Whose profile is revised, or built anew."""
    failed: int = 0
    items: int = 0
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0

    def add(self, user: BuildInput, plan: Plan) -> None:
        """Count one user's plan."""
        self.users += 1
        self.fresh += plan.use == "standing"
        self.cold += plan.use == "cold"
        self.missing += bool(plan.calls) and user.standing is None
        self.stale += bool(plan.calls) and user.standing is not None
        self.items += plan.items
        self.calls += plan.calls
        self.input_tokens += plan.input_tokens
        self.output_tokens += plan.output_tokens
