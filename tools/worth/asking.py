"""Asking a model which of several texts is a person's, in one token.

It is asked as a choice is in an answer: first what is known of the person, then the options. What
is asked knowing the same comes together, so that a prefix cache serves it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

from langchain_core.language_models import BaseChatModel

from guided_profile.graph.prompts import (
    ALSO_THEIRS,
    CHOOSE,
    PROFILE,
    WHICH_IS_THEIRS,
    messages,
    profile_in_words,
    render,
)
from guided_profile.graph.records import Call, HistoryItem, Sentence
from guided_profile.graph.text import as_data
from guided_profile.tools.models.choices import LETTERS
from guided_profile.tools.models.letters import score_letters

STAGE = "prove"
LONGEST = 120
"""How many characters of a text are shown."""


@dataclass(frozen=True, slots=True)
class Trial:
    """An item that is held out, beside those of others."""

    item: HistoryItem
    sentences: tuple[Sentence, ...]
    """Those that do not rest on it."""
    others: tuple[str, ...]
    place: int
    """Where the item stands among the texts, from 0 on."""

    @property
    def texts(self) -> list[str]:
        """The texts, in the order in which they are shown."""
        return [*self.others[: self.place], self.item.text, *self.others[self.place :]]


@dataclass(frozen=True, slots=True)
class Asked:
    """A trial, and what is told of the person."""

    trial: Trial
    sentences: tuple[Sentence, ...] = ()
    examples: tuple[HistoryItem, ...] = ()

    @property
    def prompt(self) -> str:
        """The whole of what is asked."""
        known = ""
        if self.sentences:
            known += render(PROFILE, profile=profile_in_words(self.sentences))
        if self.examples:
            lines = "\n".join(f"- {shortened(item.text)}" for item in self.examples)
            known += render(ALSO_THEIRS, items=lines)
        texts = zip(LETTERS, self.trial.texts, strict=False)
        listed = "\n".join(f"{letter}. {shortened(text)}" for letter, text in texts)
        return known + WHICH_IS_THEIRS.text + render(CHOOSE, options=listed)


@dataclass
class Asker:
    """Asks one model, the same thing once, and counts what it took."""

    chat: BaseChatModel
    calls: list[Call] = field(default_factory=list)
    known: dict[Asked, dict[str, float]] = field(default_factory=dict)
    """The letters' probabilities."""

    async def ask(self, asked: Sequence[Asked]) -> bool:
        """Ask, in this order, what was not asked yet; say whether the endpoint tells probabilities.

        Raises:
            ModelError: The model failed.
        """
        new = [one for one in dict.fromkeys(asked) if one not in self.known]
        if new and await self._ask(new[0]):  # alone: it may tell none
            await asyncio.gather(*map(self._ask, new[1:]))
        return all(one in self.known for one in asked)

    async def _ask(self, asked: Asked) -> bool:
        letters = LETTERS[: len(asked.trial.texts)]
        scores = await score_letters(self.chat, messages([], asked.prompt), letters, stage=STAGE)
        self.calls.append(scores.call)
        if scores.letters is not None:
            self.known[asked] = scores.letters
        return scores.letters is not None


def shortened(text: str) -> str:
    """Return the beginning of a text, on one line, as data."""
    line = " ".join(text.split())
    return as_data(line if len(line) <= LONGEST else line[:LONGEST] + "…")
