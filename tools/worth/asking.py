"""Asking a model whether a text is a person's: Yes or No, in one token for each text.

The texts of a trial are weighed against each other by their Yes, as if the model chose among them.
It is asked about one at a time, since a small model hardly tells the letters of a choice apart
(see `evals/results/restraint.md`), and no place among others favours any. What is asked knowing the
same comes together, so that a prefix cache serves it.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import exp, log

from langchain_core.language_models import BaseChatModel

from guided_profile.graph.prompts import (
    ALSO_THEIRS,
    IS_THEIRS,
    PROFILE,
    messages,
    profile_in_words,
    render,
)
from guided_profile.graph.records import Call, HistoryItem, Sentence
from guided_profile.graph.text import as_data
from guided_profile.tools.models.letters import ask_yes_no

STAGE = "prove"
LONGEST = 120
"""How many characters of a text are shown."""
_LEAST = 1e-4
"""How far a probability is kept from 0 and 1."""


@dataclass(frozen=True, slots=True)
class Trial:
    """An item that is held out, beside those of others."""

    item: HistoryItem
    sentences: tuple[Sentence, ...]
    """Those that do not rest on it."""
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class View:
    """A trial, and what the model is shown of the person in it."""

    trial: Trial
    sentences: tuple[Sentence, ...] = ()
    examples: tuple[HistoryItem, ...] = ()

    @property
    def prompts(self) -> list[str]:
        """What is asked: about the person's own item, and then about those of others."""
        known = ""
        if self.sentences:
            known += render(PROFILE, profile=profile_in_words(self.sentences))
        if self.examples:
            lines = "\n".join(f"- {shortened(item.text)}" for item in self.examples)
            known += render(ALSO_THEIRS, items=lines)
        texts = [self.trial.item.text, *self.trial.others]
        return [known + render(IS_THEIRS, text=shortened(text)) for text in texts]


@dataclass
class Asker:
    """Asks one model, the same thing once, and counts what it took."""

    chat: BaseChatModel
    calls: list[Call] = field(default_factory=list)
    _odds: dict[str, float] = field(default_factory=dict)
    """The logarithms of the odds of Yes, by what was asked."""

    async def ask(self, views: Iterable[View]) -> bool:
        """Ask, in this order, what was not asked yet; say whether the endpoint gives probabilities.

        Raises:
            ModelError: The model failed.
        """
        prompts = list(dict.fromkeys(prompt for view in views for prompt in view.prompts))
        new = [prompt for prompt in prompts if prompt not in self._odds]
        if new and await self._ask(new[0]):  # alone: it may tell none
            # all are waited for, so that what they took is counted
            for done in await asyncio.gather(*map(self._ask, new[1:]), return_exceptions=True):
                if isinstance(done, BaseException):
                    raise done
        return all(prompt in self._odds for prompt in prompts)

    async def _ask(self, prompt: str) -> bool:
        reply = await ask_yes_no(self.chat, messages([], prompt), stage=STAGE)
        self.calls.append(reply.call)
        if reply.yes is not None:
            yes = min(max(reply.yes, _LEAST), 1 - _LEAST)
            self._odds[prompt] = log(yes / (1 - yes))
        return reply.yes is not None

    def likely(self, view: View) -> float:
        """Return the log probability, in nats, that of a trial's texts the person's is theirs."""
        own, *others = (self._odds[prompt] for prompt in view.prompts)
        return -log(1 + sum(exp(other - own) for other in others))


def shortened(text: str) -> str:
    """Return the beginning of a text, on one line, as data."""
    line = " ".join(text.split())
    return as_data(line if len(line) <= LONGEST else line[:LONGEST] + "…")
