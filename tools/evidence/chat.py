"""The default verifier: it asks a chat model whether the history supports a sentence, Yes or No.

One token a sentence, with the history from the prefix cache. The probability of Yes is no
probability of truth: a small model's sits low, and differs from history to history, so a
calibration (`calibration.py`) makes one of it. Where an endpoint gives no probabilities, one call
judges all sentences, and with them whether the standing ones are still so.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from langchain_core.language_models import BaseChatModel

from guided_profile.graph.prompts import (
    ABOUT,
    ENDED,
    OF_MOST,
    SAME_STATEMENT,
    SUPPORTED,
    messages,
    render,
)
from guided_profile.graph.records import Call, HistoryItem, SentenceUse
from guided_profile.graph.text import as_data
from guided_profile.tools.evidence.base import Claim, Judged
from guided_profile.tools.evidence.calibration import (
    Calibration,
    Features,
    calibration_of,
    is_foreign,
)
from guided_profile.tools.evidence.in_words import (
    STAGE,
    by_nearness,
    judged_in_words,
    same_in_words,
    sharing,
)
from guided_profile.tools.evidence.uses import uses_of
from guided_profile.tools.models.calls import model_id
from guided_profile.tools.models.dialect import dialect_of
from guided_profile.tools.models.letters import ask_yes_no


@dataclass(frozen=True)
class ChatVerifier:
    """Judges sentences by what a chat model says to them.

    Args:
        chat: Any LangChain chat model.
        calibration: What makes a probability of its Yes; left out, that of the model's name.
        together: Whether one call judges all sentences, in words, even where the endpoint gives
            probabilities: a tenth of the calls, for a model that keeps many sentences apart.
    """

    chat: BaseChatModel
    calibration: Calibration | None = None
    together: bool = False

    @property
    def id(self) -> str:
        """Names the model and its calibration."""
        how = "together" if self.together else self._calibration.id
        return f"{model_id(self.chat)} {how}"

    @property
    def _calibration(self) -> Calibration:
        return self.calibration or calibration_of(model_id(self.chat))

    @property
    def at_once(self) -> bool:
        """Whether one call judges all sentences; see `JudgesAtOnce`."""
        dialect = dialect_of(self.chat)
        return dialect.lists and (self.together or not dialect.weighs_first)

    async def verify(self, claims: Sequence[Claim]) -> tuple[list[Judged], list[Call]]:
        """Judge claims; see `Verifier`."""
        judged, _, calls = await self.verify_beside(claims, ())
        return judged, calls

    async def verify_beside(
        self, claims: Sequence[Claim], standing: Sequence[Claim]
    ) -> tuple[list[Judged], list[Judged | None], list[Call]]:
        """Judge claims, and where one call does it standing ones too; see `JudgesAtOnce`."""
        held = [claim for claim in claims if claim.items]
        older: list[Judged | None] = [None] * len(standing)
        answers, calls = await self.ask(held)
        more: list[Call] = []
        alone = standing and not held and self.at_once
        if not alone and all(yes is not None for yes in answers):
            likely = [yes or 0.0 for yes in answers]
            # what tells the language is read from the disk
            judged = await asyncio.to_thread(self._by_probability, held, likely)
        else:
            judged, older, more = await judged_in_words(self.chat, held, standing)
        left = iter(judged)
        nothing = Judged("unsupported", 0.0)
        return [next(left) if claim.items else nothing for claim in claims], older, [*calls, *more]

    async def ask(self, claims: Sequence[Claim]) -> tuple[list[float | None], list[Call]]:
        """Return the probability of Yes for each claim; None: the endpoint tells none.

        All are asked at once; an endpoint that tells none is asked in vain once, and remembered.

        Raises:
            ModelError: The model failed.
        """
        if self.at_once or not dialect_of(self.chat).weighs_first:  # one call for all costs less
            return [None] * len(claims), []
        asked = await asyncio.gather(*map(self._ask, claims))
        return [yes for yes, _ in asked], [call for _, calls in asked for call in calls]

    async def same(self, statement: str, other: str) -> tuple[float, list[Call]]:
        """Ask whether a sentence says what another says; see `Compares`."""
        asked = render(SAME_STATEMENT, one=as_data(statement), other=as_data(other))
        return await self._yes(asked)

    async def same_of_each(
        self, pairs: Sequence[Sequence[str]]
    ) -> tuple[list[float | None], list[Call]]:
        """Ask of all pairs in one question; see `JudgesAtOnce`."""
        return await same_in_words(self.chat, pairs)

    async def of_most(self, text: str) -> tuple[float, list[Call]]:
        """Ask whether a sentence is true of most people; see `KnowsMost`."""
        return await self._yes(render(OF_MOST, statement=as_data(text)))

    async def ended(self, text: str, item: HistoryItem) -> tuple[float, list[Call]]:
        """Ask whether a newer item ends what a sentence tells; see `KnowsEnded`."""
        did = "did" if item.kind == "did" else "wrote"
        asked = render(ENDED, note=as_data(text), did=did, item=as_data(item.text))
        yes, calls = await self._yes(asked)
        return self._calibration.ended(yes), calls

    async def uses(self, texts: Sequence[str]) -> tuple[list[SentenceUse], list[Call]]:
        """Ask when an answer may use each sentence; see `KnowsUse`."""
        return await uses_of(self.chat, texts, stage=STAGE)

    async def _yes(self, asked: str) -> tuple[float, list[Call]]:
        reply = await ask_yes_no(self.chat, messages([], asked), stage=STAGE)
        yes = reply.yes
        if yes is None:
            yes = 1.0 if reply.text.strip().casefold().startswith("yes") else 0.0
        return yes, [reply.call]

    async def _ask(self, claim: Claim) -> tuple[float | None, list[Call]]:
        """Ask about a claim; what may be our own rule has to be shown without the rule too."""
        asked = render(SUPPORTED, statement=as_data(claim.text))
        reply = await ask_yes_no(self.chat, messages(claim.items, asked), stage=STAGE)
        if reply.yes is None or not claim.echoes_rule:
            return reply.yes, [reply.call]
        without = messages(claim.items, asked, system=ABOUT)
        again = await ask_yes_no(self.chat, without, stage=STAGE)
        return min(reply.yes, again.yes or 0.0), [reply.call, again.call]

    def _by_probability(self, claims: Sequence[Claim], yes: Sequence[float]) -> list[Judged]:
        weigh = self._calibration
        likely = [0.0] * len(claims)
        for group in sharing(claims):
            foreign = is_foreign(claims[group[0]].items)
            for n in group:
                features = Features.of(claims[n], yes[n], foreign=foreign)
                likely[n] = weigh.probability(features)
        return [
            by_nearness(claim, probability, stands=probability >= weigh.keep)
            for claim, probability in zip(claims, likely, strict=True)
        ]
