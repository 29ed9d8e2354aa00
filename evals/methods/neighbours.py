"""Ideas of the field that a user would try instead, over the same tools."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from langchain_core.language_models import BaseChatModel
from numpy.typing import NDArray

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.methods.workflow import MethodInputs, Workflow, fits, model_of, workflow
from guided_profile.evals.scorers.judge import judge
from guided_profile.graph.prompts import Prompt, messages, render
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.state import Abstained, Answered
from guided_profile.graph.text import as_data
from guided_profile.tools.models.calls import complete
from guided_profile.tools.search.parts import own

CRITIQUE = Prompt(
    "critique",
    1,
    "Profile of this person: {profile}\n\nAsked: {question}\n\nA draft in this person's name: "
    "{draft}\n\nHow does the draft differ from what this person would write, in tone, vocabulary, "
    "sentence structure and topic? Name the differences in at most three short points.",
)
REFINE = Prompt(
    "refine",
    1,
    "Profile of this person: {profile}\n\nAsked: {question}\n\nA draft in this person's name: "
    "{draft}\n\nWhat is wrong with it: {critique}\n\nWrite the draft anew, so that it is what this "
    "person would write. Write only the text.",
)
ROUNDS = 2
APART = (
    "{asked}\n\nOther people, who are not this person, did these things:\n{others}\n\n"
    "Say above all what sets this person apart from those people."
)
OTHERS, ITEMS_OF_EACH = 2, 5


@dataclass(frozen=True, slots=True)
class PerFine:
    """Critique and refine (PerFine): a draft is criticized and rewritten, and the better one stays.

    The draft is `gpg`'s; generator, critic and judge are the one model; a rewritten text that does
    not win in both orders of the judge is dropped (the paper's knockout).
    """

    inputs: MethodInputs
    chat: BaseChatModel
    draft: Workflow
    name: str = "perfine"
    description: str = f"gpg, then criticized and rewritten up to {ROUNDS} times (PerFine)"

    async def answer(self, example: Example) -> Answered | Abstained:
        """Draft, then criticize, rewrite and compare."""
        outcome = await self.draft.answer(example)
        if isinstance(outcome, Abstained):
            return outcome
        profile = (
            " ".join(sentence.text for sentence in outcome.profile.supported)
            if outcome.profile
            else ""
        )
        best = outcome.text
        for _ in range(ROUNDS):
            rewritten = await self._rewritten(example, profile, best)
            verdict = await judge(self.chat, example, best, rewritten, least="low")
            if verdict.winner != "second":
                break
            best = rewritten
        return outcome.model_copy(update={"text": best, "confidence": None})

    async def _rewritten(self, example: Example, profile: str, draft: str) -> str:
        fields = {
            "profile": as_data(profile),
            "question": as_data(example.question),
            "draft": as_data(draft),
        }
        items = own(example.history)[-20:]
        limit = self.inputs.task.max_tokens.response
        asked = messages(items, render(CRITIQUE, **fields))
        critique = await complete(self.chat, asked, stage="critique", max_tokens=limit)
        again = messages(items, render(REFINE, **fields, critique=as_data(critique.text)))
        done = await complete(self.chat, again, stage="refine", max_tokens=limit)
        return done.text.strip() or draft


@dataclass(frozen=True, slots=True)
class DifferenceAware:
    """A profile of what sets a person apart from the most similar others (after DPL).

    The guiding question shows some items of the people whose histories lie nearest; all else is
    `gpg`. The others' questions and answers are not looked at.
    """

    inputs: MethodInputs
    name: str = "dpl"
    description: str = "gpg, guided by the difference to similar people (DPL)"
    _centres: dict[str, NDArray[np.float32]] = field(default_factory=dict)

    async def answer(self, example: Example) -> Answered | Abstained:
        """Run the workflow with a guiding question of this person's own."""
        shown = [item for other in self._nearest(example) for item in other[-ITEMS_OF_EACH:]]
        others = "\n".join(f"- {as_data(' '.join(item.text.split()))}" for item in shown)
        task = self.inputs.task
        asked = APART.format(asked=task.guiding_question, others=_no_template(others))
        own = task.model_copy(
            update={"guiding_question": asked if shown else task.guiding_question, "sources": {}}
        )
        return await workflow("gpg", self.inputs, own).answer(example)

    def _nearest(self, example: Example) -> list[Sequence[HistoryItem]]:
        mine = self._centre(example)
        others = {
            candidate.user_id: candidate
            for candidate in self.inputs.examples
            if candidate.user_id != example.user_id and candidate.history
        }
        ranked = sorted(
            others.values(), key=lambda candidate: -float(self._centre(candidate) @ mine)
        )
        return [candidate.history for candidate in ranked[:OTHERS]]

    def _centre(self, example: Example) -> NDArray[np.float32]:
        if example.id not in self._centres:
            texts = [item.text for item in example.history] or [example.question]
            vectors = np.asarray(self.inputs.embedder.embed_documents(texts[-40:]), np.float32)
            mean = vectors.mean(axis=0)
            self._centres[example.id] = mean / max(float(np.linalg.norm(mean)), 1e-9)
        return self._centres[example.id]


def wording() -> str:
    """Return a short digest of what these methods say to the model in words of their own."""
    return hashlib.sha256("\0".join((CRITIQUE.text, REFINE.text, APART)).encode()).hexdigest()[:12]


def _no_template(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


def perfine(inputs: MethodInputs) -> PerFine:
    """Return the method of that name; for texts only.

    Raises:
        InputError: The task is a choice, or there is no model.
    """
    fits(("text",), inputs, "perfine")
    draft = workflow("gpg", inputs)
    return PerFine(inputs, model_of("perfine", inputs), draft)
