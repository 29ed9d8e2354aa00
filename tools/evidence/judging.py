"""Judging sentences in a run: candidates are found, the verifier asked, its calls counted."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from guided_profile.graph.records import Call, Draft, HistoryItem, Sentence
from guided_profile.graph.tasks import Task
from guided_profile.tools.evidence.base import (
    Claim,
    Compares,
    Judged,
    JudgesAtOnce,
    KnowsEnded,
    KnowsMost,
    KnowsUse,
    Verifier,
)
from guided_profile.tools.evidence.candidates import claims_of
from guided_profile.tools.evidence.habits import behind, habits_of
from guided_profile.tools.evidence.nearness import ON_TOPIC
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.search.parts import own
from guided_profile.tools.text.words import words

RELATED = 0.5
"""The likeness from which two sentences may tell the same."""
SAME_FROM = 0.5
"""The probability of Yes from which they do."""
ENDED_FROM = 0.5
"""The probability from which a newer item ends a sentence."""
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
        self._judged: dict[str, Judged] = {}
        """What the verifier said of new sentences, and"""
        self._still: dict[str, Judged | None] = {}
        """of standing ones beside them, by their texts."""
        self._verifier = verifier
        self._history = history
        self._user_id = user_id
        self._style = task.evidence == "style"
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
                says with the same call whether they are over, for `contradicted_by`.

        Raises:
            ModelError: The verifier failed.
        """
        if not drafts:
            return ()
        judged = await self._verify(
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

        "Loves to explore new places" follows from any holiday, and tells nothing of anybody. A
        small model writes such sentences of a long history.

        Raises:
            ModelError: The verifier failed.
        """
        verifier = self._verifier
        if self._style or not isinstance(verifier, KnowsMost):
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
        told, calls = await knows.uses(new) if new else ([], [])
        self.calls += calls
        uses |= dict(zip(new, told, strict=True))
        return tuple(one.model_copy(update={"use": uses[one.text]}) for one in sentences)

    async def contradicted_by(
        self, standing: Sequence[Sentence], news: Sequence[HistoryItem]
    ) -> dict[int, HistoryItem]:
        """Return which standing sentences newer items contradict, and the item that does.

        Raises:
            ModelError: The verifier failed.
        """
        if not standing or not news:
            return {}
        ended = await self._over_at_once(standing, news)
        left = [n for n in range(len(standing)) if n not in ended]
        over = {n: item for n, item in ended.items() if item}
        if not left:
            return over
        asked = [standing[n] for n in left]
        if isinstance(self._verifier, KnowsEnded) and not self._style:
            found = await self._ended_by(self._verifier, asked, news)
        else:
            found = await self._contradicted(asked, news)
        return over | {left[n]: item for n, item in found.items()}

    async def _over_at_once(
        self, standing: Sequence[Sentence], news: Sequence[HistoryItem]
    ) -> dict[int, HistoryItem | None]:
        """Return of standing sentences what ended them, or None, where one reply tells of all."""
        verifier = self._verifier
        if self._style or not isinstance(verifier, JudgesAtOnce):
            return {}
        unjudged = [sentence.text for sentence in standing if sentence.text not in self._still]
        if unjudged and verifier.at_once:
            await self._verify([], news, [], unjudged)
        new = {item.id: item for item in news}
        judgements = {n: self._still.get(sentence.text) for n, sentence in enumerate(standing)}
        return {
            n: next(
                (
                    new[id_]
                    for id_ in judged.evidence
                    if judged.verdict == "contradicted"
                    and id_ in new
                    and _later(new[id_], standing[n])
                ),
                None,
            )
            for n, judged in judgements.items()
            if judged
        }

    async def _contradicted(
        self, standing: Sequence[Sentence], news: Sequence[HistoryItem]
    ) -> dict[int, HistoryItem]:
        """Have standing sentences judged again, by what they rest on and the news."""
        ids = {id_ for sentence in standing for id_ in sentence.evidence}
        older = await asyncio.to_thread(self._history.get, self._user_id, sorted(ids))
        items = sorted(
            {item.id: item for item in (*older, *news)}.values(),
            key=lambda item: (item.time is not None, item.time and item.time.timestamp(), item.id),
        )
        judged = await self._verify(
            [sentence.text for sentence in standing],
            items,
            [sentence.evidence for sentence in standing],
        )
        new = {item.id: item for item in news}
        found = {}
        for n, judgement in enumerate(judged):
            if judgement.verdict != "contradicted":
                continue
            # a verifier may point to what a sentence rested on, which is nearer to it than the news
            by = next((new[id_] for id_ in judgement.evidence if id_ in new), None)
            by = by or next(iter((await self._nearest(news, standing[n : n + 1]))[0]), None)
            if by and _later(by, standing[n]):
                found[n] = by
        return found

    async def _ended_by(
        self, verifier: KnowsEnded, standing: Sequence[Sentence], news: Sequence[HistoryItem]
    ) -> dict[int, HistoryItem]:
        """Ask of each standing sentence whether the news that are nearest to it end it.

        A sentence beside one item is an easier question to a small model than a sentence after the
        whole history, and a shorter one.
        """
        near = [
            (n, item)
            for n, items in enumerate(await self._nearest(news, standing))
            for item in items
            if _later(item, standing[n])
        ]
        asked = await asyncio.gather(*(verifier.ended(standing[n].text, item) for n, item in near))
        self.calls += [call for _, calls in asked for call in calls]
        surest: dict[int, tuple[float, HistoryItem]] = {}
        for (n, item), (ended, _) in zip(near, asked, strict=True):
            if ended >= max(ENDED_FROM, surest.get(n, (0.0, item))[0]):
                surest[n] = ended, item
        return {n: item for n, (_, item) in surest.items()}

    def now(self, sentence: Sentence) -> str:
        """Return how it is now, as the verifier told of a standing sentence that is over, or ""."""
        judged = self._still.get(sentence.text)
        return judged.now if judged else ""

    def _common(self, text: str) -> float | None:
        """Return whether a sentence is true of most people, as the verifier told beside it."""
        judged = self._judged.get(text)
        return None if judged is None or judged.common is None else float(judged.common)

    async def without_forbidden(
        self, sentences: Sequence[Sentence], forbidden: Sequence[str]
    ) -> tuple[Sentence, ...]:
        """Return the sentences that do not tell, in other words, what the user forbade.

        The very words are found wherever a profile is read (`overrides.py`); here the verifier is
        asked about what is alike.

        Raises:
            ModelError: The verifier failed.
        """
        if not sentences or not forbidden or not isinstance(self._verifier, Compares):
            return tuple(sentences)
        alike = await self.likeness([*forbidden, *(sentence.text for sentence in sentences)])
        near = [
            (n, row)
            for row in range(len(sentences))
            for n in range(len(forbidden))
            if alike[n, len(forbidden) + row] >= RELATED
        ]
        pairs = [(forbidden[n], sentences[row].text) for n, row in near]
        asked = await self._compare(self._verifier, pairs)
        gone = {row for (_, row), yes in zip(near, asked, strict=True) if yes >= SAME_FROM}
        return tuple(sentence for row, sentence in enumerate(sentences) if row not in gone)

    async def same(self, pairs: Sequence[tuple[str, str]]) -> list[bool]:
        """Return of each pair of sentences that are alike whether both tell the same.

        "Likes hiking in the Alps" and "likes skiing in the Alps" are as near as what is said twice.
        All pairs are asked about at once.

        Raises:
            ModelError: The verifier failed.
        """
        same = [tuple(words(first)) == tuple(words(second)) for first, second in pairs]
        if isinstance(self._verifier, Compares):
            unsure = [n for n, verbatim in enumerate(same) if not verbatim]
            # asked whether the longer one tells what the shorter one tells
            ordered = [sorted(pairs[n], key=len) for n in unsure]
            for n, yes in zip(unsure, await self._compare(self._verifier, ordered), strict=True):
                same[n] = yes >= SAME_FROM
        return same

    async def _compare(self, verifier: Compares, pairs: Sequence[Sequence[str]]) -> list[float]:
        """Return the probability that the second of a pair tells what the first one tells."""
        likely: list[float | None] = [None] * len(pairs)
        if len(pairs) > 1 and isinstance(verifier, JudgesAtOnce) and verifier.at_once:
            likely, calls = await verifier.same_of_each(pairs)
            self.calls += calls
        left = [n for n, yes in enumerate(likely) if yes is None]
        asked = await asyncio.gather(*(verifier.same(*pairs[n]) for n in left))
        self.calls += [call for _, calls in asked for call in calls]
        for n, (yes, _) in zip(left, asked, strict=True):
            likely[n] = yes
        return [yes or 0.0 for yes in likely]

    async def likeness(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return how like each text is to each other, on the scale of `HistoryStore.likeness`."""
        return await asyncio.to_thread(self._history.alike, texts)

    async def _verify(
        self,
        texts: Sequence[str],
        items: Sequence[HistoryItem],
        cited: Sequence[Collection[str]],
        standing: Sequence[str] = (),
    ) -> list[Judged]:
        if self._style:
            return await self._verify_habits(texts, items, cited)
        verifier = self._verifier
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

        judged, calls = await self._verifier.verify(await asyncio.to_thread(claims))
        self.calls += calls
        return [
            replace(judgement, evidence=behind(judgement.evidence, showing)) for judgement in judged
        ]

    async def _nearest(
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
        likeness = self._history.likeness(self._history.embed(list(texts)) @ vectors.T)
        return claims_of(texts, there, likeness, tokens=self._tokens, cited=cited)


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


def _later(item: HistoryItem, sentence: Sentence) -> bool:
    """Whether an item is later than what a sentence rests on; without times, what is new is."""
    return not (item.time and sentence.since) or item.time > sentence.since
