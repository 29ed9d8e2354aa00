"""Judging sentences in a run: candidates are found, the verifier asked, its calls counted."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np

from guided_profile.graph.prompts import RULE
from guided_profile.graph.records import Call, Draft, HistoryItem, Sentence
from guided_profile.graph.tasks import Task
from guided_profile.tools.evidence.base import (
    Claim,
    Judged,
    JudgesAtOnce,
    KnowsMost,
    KnowsUse,
    Verifier,
)
from guided_profile.tools.evidence.candidates import claims_of
from guided_profile.tools.evidence.habits import behind, habits_of
from guided_profile.tools.evidence.nearness import ON_TOPIC
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.search.parts import own

MOST_NEWS = 2
"""How many newer items a sentence is held against: the nearest one may be about its words alone."""
COMMON = 0.5
"""The probability from which a sentence is true of most people."""


class Judge:
    """Holds sentences about one user against that user's items.

    Args:
        verifier: Who judges.
        history: Where the items' vectors are.
        user_id: Whose.
        task: The task of the sentences.
        tokens: About how many tokens of history one question may hold.
    """

    def __init__(
        self, verifier: Verifier, history: HistoryStore, user_id: str, task: Task, tokens: int
    ) -> None:
        self.calls: list[Call] = []
        """What judging took so far."""
        self.verifier = verifier
        self.style = task.evidence == "style"
        """Whether the sentences are about how somebody writes."""
        self._judged: dict[str, Judged] = {}
        """What the verifier said of new sentences, and"""
        self._still: dict[str, Judged | None] = {}
        """of standing ones beside them, by their texts."""
        self._history = history
        self._user_id = user_id
        self._restrains = task.restrains
        self._tokens = tokens

    async def judge(
        self,
        drafts: Sequence[Draft],
        items: Sequence[HistoryItem],
        standing: Sequence[Sentence] = (),
    ) -> tuple[Sentence, ...]:
        """Return each sentence with what the items say to it.

        Args:
            drafts: The sentences.
            items: Those they may rest on.
            standing: Sentences that stood before the items came: a verifier that judges all at once
                says with the same call whether they still hold, for `still`.

        Raises:
            ModelError: The verifier failed.
        """
        if not drafts:
            return ()
        judged = await self.verify(
            [draft.text for draft in drafts],
            items,
            [draft.cited for draft in drafts],
            [sentence.text for sentence in standing],
        )
        times = {item.id: item.time for item in items}
        return tuple(
            _sentence(draft.text, judgement, times)
            for draft, judgement in zip(drafts, judged, strict=True)
        )

    async def without_commonplaces(self, sentences: Sequence[Sentence]) -> tuple[Sentence, ...]:
        """Return the sentences; what is inferred, and true of most people, without its evidence.

        "Loves to explore new places" follows from any holiday, and says nothing of anybody. A
        small model writes such sentences of a long history.

        Raises:
            ModelError: The verifier failed.
        """
        verifier = self.verifier
        if self.style or not isinstance(verifier, KnowsMost):
            return tuple(sentences)
        inferred = [n for n, sentence in enumerate(sentences) if sentence.verdict == "inferred"]
        commons = {n: self._common(sentences[n].text) for n in inferred}
        unsure = [n for n, common in commons.items() if common is None]
        asked = await asyncio.gather(*(verifier.of_most(sentences[n].text) for n in unsure))
        self.calls += [call for _, calls in asked for call in calls]
        commons |= {n: common for n, (common, _) in zip(unsure, asked, strict=True)}
        kept = list(sentences)
        for n, common in commons.items():
            assert common is not None
            update: dict[str, object] = {"common": round(common, 3)}
            if common >= COMMON:
                update |= {"evidence": (), "since": None}
            kept[n] = kept[n].model_copy(update=update)
        return tuple(kept)

    async def with_uses(
        self, sentences: Sequence[Sentence], knows: KnowsUse, *, known: Sequence[Sentence] = ()
    ) -> tuple[Sentence, ...]:
        """Return the sentences of a profile with when an answer may use them.

        Args:
            sentences: Those that stand.
            knows: Is asked.
            known: Sentences of which that was decided before.

        Raises:
            ModelError: Who knows that failed.
        """
        uses = {text: judged.use for text, judged in self._judged.items() if judged.use}
        uses |= {sentence.text: sentence.use for sentence in known}
        new = [sentence.text for sentence in sentences if sentence.text not in uses]
        if not self._restrains:
            return tuple(sentences)
        decided, calls = await knows.uses(new) if new else ([], [])
        self.calls += calls
        uses |= dict(zip(new, decided, strict=True))
        return tuple(
            sentence.model_copy(update={"use": uses[sentence.text]}) for sentence in sentences
        )

    async def still(self, texts: Sequence[str], news: Sequence[HistoryItem]) -> list[Judged | None]:
        """Return what newer items say to standing sentences, where the verifier judges all at once.

        None stands for a sentence that has to be asked about by itself.

        Raises:
            ModelError: The verifier failed.
        """
        verifier = self.verifier
        if self.style or not isinstance(verifier, JudgesAtOnce):
            return [None] * len(texts)
        unjudged = [text for text in texts if text not in self._still]
        if unjudged and verifier.at_once:
            await self.verify([], news, [], unjudged)
        return [self._still.get(text) for text in texts]

    def now(self, sentence: Sentence) -> str:
        """Return how it is now, as the verifier said of a standing sentence that is over, or ""."""
        judged = self._still.get(sentence.text)
        return judged.now if judged else ""

    def _common(self, text: str) -> float | None:
        """Return whether a sentence is true of most people, as the verifier said beside it."""
        judged = self._judged.get(text)
        return None if judged is None or judged.common is None else float(judged.common)

    async def verify(
        self,
        texts: Sequence[str],
        items: Sequence[HistoryItem],
        cited: Sequence[Collection[str]],
        standing: Sequence[str] = (),
    ) -> list[Judged]:
        """Return what the verifier says of each text; of those that stand it is kept for `still`.

        Raises:
            ModelError: The verifier failed.
        """
        if self.style:
            return await self._verify_habits(texts, items, cited)
        verifier = self.verifier
        beside = standing if isinstance(verifier, JudgesAtOnce) and verifier.at_once else ()
        cites = [*cited, *[frozenset[str]()] * len(beside)] if cited else ()
        claims = await asyncio.to_thread(self._claims, [*texts, *beside], items, cites)
        new, older = claims[: len(texts)], claims[len(texts) :]
        if isinstance(verifier, JudgesAtOnce) and any(claim.items for claim in older):
            judged, still, calls = await verifier.verify_beside(new, older)
            self._still |= dict(zip(beside, still, strict=True))
        else:
            judged, calls = await verifier.verify(new)
        self.calls += calls
        self._judged |= dict(zip(texts, judged, strict=True))
        return judged

    async def _verify_habits(
        self,
        texts: Sequence[str],
        items: Sequence[HistoryItem],
        cited: Sequence[Collection[str]],
    ) -> list[Judged]:
        """Hold sentences about style against what was counted; they point to the items behind."""
        counted = habits_of(own(items))
        showing = {line.id: ids for line, ids in counted.items()}

        def claims() -> list[Claim]:
            lines = list(counted)
            vectors = self._history.embed([*texts, *(line.text for line in lines)])
            likeness = self._history.likeness(vectors[: len(texts)] @ vectors[len(texts) :].T)
            return claims_of(texts, lines, likeness, tokens=self._tokens)

        judged, calls = await self.verifier.verify(await asyncio.to_thread(claims))
        self.calls += calls
        return [
            replace(judgement, evidence=behind(judgement.evidence, showing)) for judgement in judged
        ]

    async def stored(self, ids: Sequence[str]) -> list[HistoryItem]:
        """Return the user's items with these ids that are there."""
        return await asyncio.to_thread(self._history.get, self._user_id, ids)

    async def nearest(
        self, items: Sequence[HistoryItem], sentences: Sequence[Sentence]
    ) -> list[list[HistoryItem]]:
        """Return the items that are nearest to each sentence, of those that are about the same."""
        texts = [sentence.text for sentence in sentences]
        claims = await asyncio.to_thread(self._claims, texts, items, ())
        return [
            [
                claim.items[n]
                for n in sorted(range(len(claim.nearness)), key=lambda n: -claim.nearness[n])
                if claim.nearness[n] >= ON_TOPIC
            ][:MOST_NEWS]
            for claim in claims
        ]

    def _claims(
        self,
        texts: Sequence[str],
        items: Sequence[HistoryItem],
        cited: Sequence[Collection[str]],
    ) -> list[Claim]:
        kept = self._history.vectors(self._user_id, [item.id for item in items])
        there = [item for item in items if item.id in kept]  # one may have been deleted meanwhile
        if not there:
            return [Claim(text, ()) for text in texts]
        vectors = np.asarray([kept[item.id] for item in there])
        asked = self._history.embed([*texts, RULE])
        likeness = self._history.likeness(asked[:-1] @ vectors.T)
        to_rule = self._history.likeness(asked[:-1] @ asked[-1])
        return claims_of(
            texts, there, likeness, tokens=self._tokens, cited=cited, to_rule=to_rule.tolist()
        )


def _sentence(text: str, judged: Judged, times: dict[str, datetime | None]) -> Sentence:
    stands = judged.verdict in ("stated", "inferred")
    return Sentence(
        text=text,
        verdict=judged.verdict,
        evidence=judged.evidence if stands else (),
        against=() if stands else judged.evidence,
        confidence=round(judged.probability, 3),
        since=_newest(times.get(id_) for id_ in judged.evidence) if stands else None,
    )


def _newest(times: Iterable[datetime | None]) -> datetime | None:
    return max((time for time in times if time), default=None)
