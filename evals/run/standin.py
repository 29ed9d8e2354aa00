"""A model whose answers are taken over, so that an answer can be scored without a judge.

Where the answer would be written, the model weighs the options of the example instead, in several
orders, and the likeliest is the answer: the model is shown what it would be shown anyway, and no
text has to be judged.

That stage is recognised by its token limit, which the task below sets to a number of its own.
"""

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.methods.workflow import Method
from guided_profile.evals.run.wrapped_chat import WrappedChat
from guided_profile.graph.prompts import CHOOSE, render
from guided_profile.graph.state import Abstained, Answered
from guided_profile.graph.task_rules import TokenLimits
from guided_profile.graph.tasks import Task
from guided_profile.graph.text import as_data
from guided_profile.tools.models.choices import (
    LETTERS,
    Tally,
    average,
    named_letter,
    rotations,
    vote,
)
from guided_profile.tools.models.letters import score_letters

LIMITS = TokenLimits(digest=203, profile=307, response=101)
"""Near to those of the built-in tasks, and used by nothing else."""
OFFERED = "\n\nYour reply is one of these:"


@dataclass(slots=True)
class Asked:
    """What is asked now."""

    options: Sequence[str] = ()
    orders: int = 2
    prompt: str = ""
    """The last prompt that asked for the answer."""
    tally: Tally | None = field(default=None)


_asked: ContextVar[Asked | None] = ContextVar("asked", default=None)


class StandIn(WrappedChat):
    """Passes on what it is asked, but for the answer."""

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        now, limit = _asked.get(), kwargs.get("max_tokens")
        if now and limit == LIMITS.response:
            now.prompt = "\n".join(message.text for message in messages)
            if now.options:
                return await self._chosen(messages, now)
        return await self.inner._agenerate(messages, stop=stop, **kwargs)

    async def _chosen(self, messages: Sequence[BaseMessage], now: Asked) -> ChatResult:
        orders = rotations(len(now.options), now.orders)
        letters = LETTERS[: len(now.options)]
        scores, votes = [], []
        for order in orders:
            lettered = zip(letters, order, strict=True)
            listed = "\n".join(f"{letter}. {as_data(now.options[at])}" for letter, at in lettered)
            last = messages[-1].model_copy(
                update={"content": messages[-1].text + OFFERED + render(CHOOSE, options=listed)}
            )
            scored = await score_letters(
                self.inner, [*messages[:-1], last], letters, stage="respond"
            )
            scores.append(scored.letters)
            letter = named_letter(scored.text, letters)
            votes.append(order[letters.index(letter)] if letter else None)
        known = [score for score in scores if score is not None]
        whole = len(known) == len(orders)
        now.tally = average(orders, known) if whole else vote(votes, len(now.options))
        best = max(range(len(now.options)), key=now.tally.probabilities.__getitem__)
        return _said(now.options[best])


def _said(text: str) -> ChatResult:
    message = AIMessage(text, response_metadata={"finish_reason": "stop"})
    return ChatResult(generations=[ChatGeneration(message=message)])


def stood_in_for(task: Task) -> Task:
    """Return a task whose stages a `StandIn` can recognise."""
    return task.model_copy(update={"max_tokens": LIMITS})


@dataclass(frozen=True, slots=True)
class Chosen:
    """A method over a `StandIn`, whose texts are options of the example where there are any."""

    inner: Method
    orders: int = 2
    prompts: dict[str, str] = field(default_factory=dict)
    """What the model was shown when it was asked for the answer, by example."""

    @property
    def name(self) -> str:
        """The inner method's."""
        return self.inner.name

    @property
    def description(self) -> str:
        """The inner method's."""
        return self.inner.description

    async def answer(self, example: Example) -> Answered | Abstained:
        """Have the inner method answer, without showing it the options."""
        now = Asked(example.options, self.orders)
        token = _asked.set(now)
        try:
            outcome = await self.inner.answer(example.model_copy(update={"options": ()}))
        finally:
            _asked.reset(token)
        self.prompts[example.id] = now.prompt
        if isinstance(outcome, Abstained) or not now.tally:
            return outcome
        best = max(range(len(example.options)), key=now.tally.probabilities.__getitem__)
        sure = now.tally.probabilities[best]
        return outcome.model_copy(
            update={"option": best, "text": example.options[best], "confidence": sure}
        )
