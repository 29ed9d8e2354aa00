"""Which sentences of a profile newer items end."""

import asyncio
from collections.abc import Sequence

from guided_profile.graph.records import HistoryItem, Sentence
from guided_profile.tools.evidence.base import KnowsEnded
from guided_profile.tools.evidence.judging import Judge

ENDED_FROM = 0.5
"""The probability from which a newer item ends a sentence."""


async def ended_by(
    judge: Judge, standing: Sequence[Sentence], news: Sequence[HistoryItem]
) -> dict[int, HistoryItem]:
    """Return which standing sentences no longer hold, by their places, and the item that says so.

    What a verifier said of them beside new sentences (`Judge.judge`) is not asked again.

    Raises:
        ModelError: The verifier failed.
    """
    if not standing or not news:
        return {}
    known = await _known(judge, standing, news)
    over = {n: item for n, item in known.items() if item}
    left = [n for n in range(len(standing)) if n not in known]
    if not left:
        return over
    asked = [standing[n] for n in left]
    if isinstance(judge.verifier, KnowsEnded) and not judge.style:
        found = await _asked(judge, judge.verifier, asked, news)
    else:
        found = await _contradicted(judge, asked, news)
    return over | {left[n]: item for n, item in found.items()}


async def _known(
    judge: Judge, standing: Sequence[Sentence], news: Sequence[HistoryItem]
) -> dict[int, HistoryItem | None]:
    """Return of standing sentences what ended them, or None, where one reply tells of all."""
    new = {item.id: item for item in news}
    judgements = await judge.still([sentence.text for sentence in standing], news)
    return {
        n: next(
            (
                new[id_]
                for id_ in judged.evidence
                if judged.verdict == "contradicted" and id_ in new and _later(new[id_], standing[n])
            ),
            None,
        )
        for n, judged in enumerate(judgements)
        if judged
    }


async def _asked(
    judge: Judge, verifier: KnowsEnded, standing: Sequence[Sentence], news: Sequence[HistoryItem]
) -> dict[int, HistoryItem]:
    """Ask of each standing sentence whether the news that are nearest to it end it.

    A sentence beside one item is an easier question to a small model than a sentence after the
    whole history, and a shorter one.
    """
    near = [
        (n, item)
        for n, items in enumerate(await judge.nearest(news, standing))
        for item in items
        if _later(item, standing[n])
    ]
    asked = await asyncio.gather(*(verifier.ended(standing[n].text, item) for n, item in near))
    judge.calls += [call for _, calls in asked for call in calls]
    surest: dict[int, tuple[float, HistoryItem]] = {}
    for (n, item), (ended, _) in zip(near, asked, strict=True):
        if ended >= max(ENDED_FROM, surest.get(n, (0.0, item))[0]):
            surest[n] = ended, item
    return {n: item for n, (_, item) in surest.items()}


async def _contradicted(
    judge: Judge, standing: Sequence[Sentence], news: Sequence[HistoryItem]
) -> dict[int, HistoryItem]:
    """Have standing sentences judged again, by what they rest on and the news."""
    ids = {id_ for sentence in standing for id_ in sentence.evidence}
    older = await judge.stored(sorted(ids))
    items = sorted(
        {item.id: item for item in (*older, *news)}.values(),
        key=lambda item: (item.time is not None, item.time and item.time.timestamp(), item.id),
    )
    judged = await judge.verify(
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
        by = by or next(iter((await judge.nearest(news, standing[n : n + 1]))[0]), None)
        if by and _later(by, standing[n]):
            found[n] = by
    return found


def _later(item: HistoryItem, sentence: Sentence) -> bool:
    """Whether an item is later than what a sentence rests on; without times, what is new is."""
    return not (item.time and sentence.since) or item.time > sentence.since
