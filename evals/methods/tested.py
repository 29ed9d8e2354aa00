"""A persona that is made of guesses, each tested on what the person did (SynthesizeMe).

    synthesizeme   a few guesses at why the person chose what they chose, each from other items;
                   each is tested on items that it was not made from, beside those of others; the
                   one that tells them apart best is the persona, if it helps at all (Ryan et al.
                   2025). The paper's pairs of a chosen and a refused reply are here an item and
                   another person's.

The answer sees the history and the persona, at the place where `gpg` shows its profile.
"""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from langchain_core.language_models import BaseChatModel

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.methods.workflow import MethodInputs, fits, model_of, workflow
from guided_profile.graph.prompts import PROFILE, messages, profile_in_words, render
from guided_profile.graph.records import HistoryItem, Sentence
from guided_profile.graph.state import Abstained, Answered
from guided_profile.tools.models.calls import complete
from guided_profile.tools.search.parts import own
from guided_profile.tools.worth.asking import Asker, Trial, View
from guided_profile.tools.worth.held_out import spread

GUESSES, TESTED, SHOWN = 3, 4, 12
"""How many guesses there are, on how many items each is tested, and from how many it is made."""
GUESS = (
    "Why did this person choose the things above, and no others? Say in one or two short sentences "
    'what they want and avoid, without names of products, starting with "This person".'
)
MOST_TOKENS = 60


@dataclass(frozen=True, slots=True)
class SynthesizeMe:
    """Guesses at a person, tested on the rest of their history."""

    inputs: MethodInputs
    chat: BaseChatModel
    name: str = "synthesizeme"
    description: str = f"history and the best of {GUESSES} tested personas (SynthesizeMe)"

    async def answer(self, example: Example) -> Answered | Abstained:
        """Guess, test, and answer with the best; without any, as `dg` does."""
        persona = await self.persona(example)
        task = self.inputs.task
        if persona:
            known = render(PROFILE, profile=profile_in_words([Sentence(text=persona)]))
            known = known.replace("{", "{{").replace("}", "}}")
            instruction = known + task.response_instruction
            task = task.model_copy(update={"response_instruction": instruction})
        return await workflow("dg", self.inputs, task).answer(example)

    async def persona(self, example: Example) -> str | None:
        """Return the guess that tells the person's own items from others' best.

        None: there are too few items, or none does it better than nothing known.
        """
        items = own(example.history)
        tested = spread(items, min(TESTED, len(items) // 2))
        others = self._others(example, len(tested))
        if not tested or not others:
            return None
        rest = [item for item in items if item not in tested]
        guesses = [await self._guess(part) for part in _parts(rest)]
        trials = [Trial(item, (), (other,)) for item, other in zip(tested, others, strict=True)]
        asker = Asker(self.chat)
        known = {guess: (Sentence(text=guess),) for guess in dict.fromkeys(guesses) if guess}
        views = {guess: [View(trial, said) for trial in trials] for guess, said in known.items()}
        views[""] = [View(trial) for trial in trials]
        if not await asker.ask(view for some in views.values() for view in some):
            return next(iter(known), None)  # the endpoint gives no probabilities
        likely = {guess: mean(map(asker.likely, some)) for guess, some in views.items()}
        return max(likely, key=lambda guess: likely[guess]) or None

    async def _guess(self, items: Sequence[HistoryItem]) -> str:
        asked = messages(items, GUESS)
        done = await complete(self.chat, asked, stage="guess", max_tokens=MOST_TOKENS)
        return " ".join(done.text.split())

    def _others(self, example: Example, count: int) -> list[str]:
        """Return texts of other people of the data set, drawn by the seed."""
        texts = [
            item.text
            for other in self.inputs.examples
            if other.user_id != example.user_id
            for item in own(other.history)
        ]
        drawn = random.Random(f"{self.inputs.seed} {example.id}")
        return drawn.choices(sorted(set(texts)), k=count) if texts else []


def _parts(items: Sequence[HistoryItem]) -> list[list[HistoryItem]]:
    """Return the items that each guess is made from: each leaves out others of them."""
    if len(items) < GUESSES:
        return [list(items)]
    left = [[item for n, item in enumerate(items) if n % GUESSES != k] for k in range(GUESSES)]
    return [spread(some, SHOWN) for some in left]


def synthesizeme(inputs: MethodInputs) -> SynthesizeMe:
    """Return the method of that name; for choices only.

    Raises:
        InputError: The task is no choice, or there is no model.
    """
    fits(("choice",), inputs, "synthesizeme")
    return SynthesizeMe(inputs, model_of("synthesizeme", inputs))


def wording() -> str:
    """Return a short digest of what this method depends on beside the task and the models."""
    parts = repr((GUESS, GUESSES, TESTED, SHOWN, MOST_TOKENS))
    return hashlib.sha256(parts.encode()).hexdigest()[:12]
