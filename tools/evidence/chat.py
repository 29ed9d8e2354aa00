"""The default verifier: it asks a chat model whether the history supports a sentence, Yes or No.

One token a sentence, with the history from the prefix cache. The probability of Yes is no
probability of truth: a small model's sits low, and differs from history to history, so a
calibration (`calibration.py`) makes one of it. Where an endpoint tells no probabilities, one call
judges all sentences.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from langchain_core.language_models import BaseChatModel
from pydantic import BaseModel, ValidationError

from guided_profile.graph.errors import ModelError
from guided_profile.graph.prompts import (
    ENDED,
    JUDGE,
    OF_MOST,
    SAME_STATEMENT,
    SUPPORTED,
    messages,
    render,
)
from guided_profile.graph.records import Call, HistoryItem, SentenceUse, Verdict
from guided_profile.graph.text import as_data
from guided_profile.tools.evidence.base import Claim, Judged
from guided_profile.tools.evidence.calibration import (
    Calibration,
    Features,
    calibration_of,
    is_foreign,
)
from guided_profile.tools.evidence.candidates import strongest
from guided_profile.tools.evidence.uses import uses_of
from guided_profile.tools.models.calls import complete, model_id
from guided_profile.tools.models.dialect import dialect_of
from guided_profile.tools.models.letters import ask_yes_no

STAGE = "verify"
STATED = 0.9
"""The nearness from which an item says a sentence by itself: in nearly its words, or its sense."""
DENIED = 0.3
"""The nearness from which an item speaks of what a sentence says: if that is not so, the item
contradicts it. A question of its own ("does the history contradict this?") does worse: a small
model says Yes to it for what is supported (area under the curve .04, n = 155)."""
JUDGED: dict[Verdict, float] = {
    "stated": 0.9,
    "inferred": 0.75,
    "unsupported": 0.15,
    "contradicted": 0.05,
}
"""What stands for a probability where a model gives its verdict in words alone."""
_TOKENS = 60
"""Of a judgement in words, for each sentence."""


class _Judgement(BaseModel):
    statement: int
    verdict: Literal["stated", "inferred", "contradicted", "unsupported"]
    lines: list[int] = []


class _Judgements(BaseModel):
    judgements: list[_Judgement]


@dataclass(frozen=True)
class ChatVerifier:
    """Judges sentences by what a chat model says to them.

    Args:
        chat: Any LangChain chat model.
        calibration: What makes a probability of its Yes; left out, that of the model's name.
    """

    chat: BaseChatModel
    calibration: Calibration | None = None

    @property
    def id(self) -> str:
        """Names the model and its calibration."""
        return f"{model_id(self.chat)} {self._calibration.id}"

    @property
    def _calibration(self) -> Calibration:
        return self.calibration or calibration_of(model_id(self.chat))

    async def verify(self, claims: Sequence[Claim]) -> tuple[list[Judged], list[Call]]:
        """Judge claims; see `Verifier`."""
        held = [claim for claim in claims if claim.items]
        answers, calls = await self.ask(held)
        more: list[Call] = []
        if all(yes is not None for yes in answers):
            likely = [yes or 0.0 for yes in answers]
            # what tells the language is read from the disk
            judged = await asyncio.to_thread(self._by_probability, held, likely)
        else:
            judged, more = await self._in_words(held)
        left = iter(judged)
        nothing = Judged("unsupported", 0.0)
        return [next(left) if claim.items else nothing for claim in claims], [*calls, *more]

    async def ask(self, claims: Sequence[Claim]) -> tuple[list[float | None], list[Call]]:
        """Return the probability of Yes for each claim; None: the endpoint tells none.

        All are asked at once; an endpoint that tells none is asked in vain once, and remembered.

        Raises:
            ModelError: The model failed.
        """
        dialect = dialect_of(self.chat)
        if not dialect.weighs or dialect.thinks:  # one call for all costs less
            return [None] * len(claims), []
        asked = await asyncio.gather(*map(self._ask, claims))
        return [yes for yes, _ in asked], [call for _, call in asked]

    async def same(self, statement: str, other: str) -> tuple[float, list[Call]]:
        """Ask whether a sentence says what another says; see `Compares`."""
        asked = render(SAME_STATEMENT, one=as_data(statement), other=as_data(other))
        return await self._yes(asked)

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

    async def _ask(self, claim: Claim) -> tuple[float | None, Call]:
        asked = render(SUPPORTED, statement=as_data(claim.text))
        reply = await ask_yes_no(self.chat, messages(claim.items, asked), stage=STAGE)
        return reply.yes, reply.call

    def _by_probability(self, claims: Sequence[Claim], yes: Sequence[float]) -> list[Judged]:
        weigh = self._calibration
        likely = [0.0] * len(claims)
        for group in _sharing(claims):
            foreign = is_foreign(claims[group[0]].items)
            for n in group:
                features = Features.of(claims[n], yes[n], foreign=foreign)
                likely[n] = weigh.probability(features)
        return [
            _by_nearness(claim, probability, stands=probability >= weigh.keep)
            for claim, probability in zip(claims, likely, strict=True)
        ]

    async def _in_words(self, claims: Sequence[Claim]) -> tuple[list[Judged], list[Call]]:
        """Have all claims that share their items judged in one reply, what it leaves out singly."""
        judged: list[Judged | None] = [None] * len(claims)
        calls = []
        for group in _sharing(claims) if dialect_of(self.chat).lists else ():
            found, call = await self._group_in_words([claims[n] for n in group])
            calls.append(call)
            for n, judgement in zip(group, found, strict=True):
                judged[n] = judgement
        left = [n for n, judgement in enumerate(judged) if judgement is None]
        singly = await asyncio.gather(*(self._one_in_words(claims[n]) for n in left))
        for n, (judgement, call) in zip(left, singly, strict=True):
            judged[n] = judgement
            calls.append(call)
        return [judgement for judgement in judged if judgement], calls

    async def _group_in_words(self, claims: Sequence[Claim]) -> tuple[list[Judged | None], Call]:
        statements = "\n".join(
            f"{n}. {as_data(claim.text)}" for n, claim in enumerate(claims, start=1)
        )
        items = claims[0].items
        done = await complete(
            self.chat,
            messages(items, render(JUDGE, statements=statements)),
            stage=STAGE,
            max_tokens=_TOKENS * (len(claims) + 1),
        )
        by_number = _read(done.text)
        if not by_number:
            dialect_of(self.chat).lists = False
        judged: list[Judged | None] = []
        for n, claim in enumerate(claims, start=1):
            if n not in by_number:
                judged.append(None)
                continue
            judgement = by_number[n]
            named = tuple(items[line - 1].id for line in judgement.lines if 0 < line <= len(items))
            evidence = named or strongest(claim)
            kept = judgement.verdict != "unsupported"
            judged.append(
                Judged(judgement.verdict, JUDGED[judgement.verdict], evidence if kept else ())
            )
        return judged, done.call

    async def _one_in_words(self, claim: Claim) -> tuple[Judged, Call]:
        """Have a claim judged by a Yes or a No, whose probability is not known."""
        asked = render(SUPPORTED, statement=as_data(claim.text))
        reply = await ask_yes_no(self.chat, messages(claim.items, asked), stage=STAGE)
        if reply.said is None:
            raise ModelError(
                f"{model_id(self.chat)} was asked to judge a sentence, in JSON or by Yes or No, "
                "and replied with something else; try again, or set another model for the verifier."
            )
        probability = JUDGED["inferred" if reply.said else "unsupported"]
        return _by_nearness(claim, probability, stands=reply.said), reply.call


def _sharing(claims: Sequence[Claim]) -> list[list[int]]:
    """Return the places of claims, those together that share their items."""
    groups: dict[tuple[str, ...], list[int]] = {}
    for n, claim in enumerate(claims):
        groups.setdefault(tuple(item.id for item in claim.items), []).append(n)
    return list(groups.values())


def _by_nearness(claim: Claim, probability: float, *, stands: bool) -> Judged:
    """Return the verdict: how near an item comes tells what is stated, and what is denied."""
    nearest = max(claim.nearness, default=0.0)
    if stands:
        return Judged("stated" if nearest >= STATED else "inferred", probability, strongest(claim))
    if nearest >= DENIED:
        return Judged("contradicted", probability, strongest(claim))
    return Judged("unsupported", probability)


def _read(reply: str) -> dict[int, _Judgement]:
    """Read judgements in words, by number; what stands around the JSON is left out."""
    start, end = reply.find("{"), reply.rfind("}")
    try:
        told = _Judgements.model_validate_json(reply[start : end + 1]).judgements
    except ValidationError:
        return {}
    return {judgement.statement: judgement for judgement in told}
