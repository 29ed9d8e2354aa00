"""Revising a profile sentence by sentence, so that what still holds is kept word for word.

A new sentence joins one that says the same, takes the place of one that it contradicts, or stands
beside the others. Only whether two sentences about the same thing contradict each other is asked of
the model; everything else is counted.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from guided_profile.graph.state import HistoryItem, Replaced, Sentence
from guided_profile.tools.evidence import MOST_EVIDENCE
from guided_profile.tools.wishes import SAME, VERBATIM, Embed, same
from guided_profile.tools.wording import content_words, denied_words

Contradicts = Callable[[str, str], Awaitable[bool]]
"""Called with an older and a newer sentence: whether the older no longer holds."""
Cosine = Callable[[str, str], float]
"""How near two sentences are."""

RELATED = 0.4
"""Cosine from which two sentences may be about the same thing."""
ASKED = 2
"""How many older sentences, the most related, a new one is held against."""
MOST_SENTENCES = 8
"""A profile is short: beyond this, the sentences with the oldest evidence leave it."""
MOST_REPLACED = 20
"""How many replaced sentences, the last, are kept in the record."""

_LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Revised:
    """What became of the sentences."""

    sentences: tuple[Sentence, ...]
    replaced: tuple[Replaced, ...]


async def revise(
    standing: Sequence[Sentence],
    fresh: Sequence[Sentence],
    replaced: Sequence[Replaced],
    *,
    news: Sequence[HistoryItem] = (),
    embed: Embed,
    contradicts: Contradicts,
) -> Revised:
    """Join new sentences to the standing ones.

    Args:
        standing: The supported sentences so far; empty when a profile is built.
        fresh: The supported sentences that were just written.
        replaced: What was replaced before; it does not come back unless newer evidence says it.
            Where times do not tell which is newer, the news is, in a revision.
        news: The new items: one that says that something is over ends the sentences about it, even
            if no new sentence tells of it.
        embed: The embedder.
        contradicts: Asks the model.
    """
    standing, ended = await _still_true(standing, news, contradicts)
    if not fresh:
        return Revised(tuple(standing), (*replaced, *ended)[-MOST_REPLACED:])
    texts = [one.text for one in (*standing, *fresh)]
    texts += [text for one in (*replaced, *ended) for text in (one.text, one.by)]
    vectors = dict(zip(texts, await asyncio.to_thread(embed, texts), strict=True))

    def cosine(one: str, other: str) -> float:
        return float(np.dot(vectors[one], vectors[other]))

    kept, before, gone = list(standing), list(replaced), ended
    for new in sorted(fresh, key=lambda one: one.since or _LONG_AGO):
        rest = _still_gone(before, new, cosine) if news else before
        if _was_replaced(new, (*rest, *gone), cosine):
            continue
        before = rest
        related = sorted(kept, key=lambda old: -cosine(old.text, new.text))[:ASKED]
        nearest = cosine(related[0].text, new.text) if related else 0.0
        if nearest < VERBATIM:
            for old in related:
                near = cosine(old.text, new.text) >= RELATED and not _confirms(new, old)
                if near and _later(new, old, standing) and await contradicts(old.text, new.text):
                    kept.remove(old)
                    gone.append(_replaced(old, new))
        if related and related[0] in kept and _same_again(related[0], new, nearest):
            kept[kept.index(related[0])] = _joined(related[0], new)
        else:
            kept.append(new)
    while len(kept) > MOST_SENTENCES:
        kept.remove(min(kept, key=lambda one: one.since or _LONG_AGO))
    return Revised(tuple(kept), (*before, *gone)[-MOST_REPLACED:])


async def _still_true(
    standing: Sequence[Sentence], news: Sequence[HistoryItem], contradicts: Contradicts
) -> tuple[list[Sentence], list[Replaced]]:
    """Hold the standing sentences against the items that say that something is over."""
    kept, ended = list(standing), []
    for item in news:
        over = denied_words(item.text)
        for old in [one for one in kept if over & content_words(one.text)]:
            later = not (item.time and old.since) or item.time > old.since
            denies_too = over & denied_words(old.text)
            if later and not denies_too and await contradicts(old.text, item.text):
                kept.remove(old)
                ended.append(
                    Replaced(text=old.text, by=item.text, since=old.since, replaced=item.time)
                )
    return kept, ended


def _later(new: Sentence, old: Sentence, standing: Sequence[Sentence]) -> bool:
    """Whether the evidence of `new` is later; without times, that of a standing one is older."""
    if new.since and old.since:
        return new.since > old.since
    return old in standing


def _confirms(new: Sentence, old: Sentence) -> bool:
    """Whether a sentence has all that an older one tells, and denies nothing of it."""
    told = content_words(old.text)
    return told <= content_words(new.text) and not told & denied_words(new.text)


def _replaced(old: Sentence, new: Sentence) -> Replaced:
    return Replaced(text=old.text, by=new.text, since=old.since, replaced=new.since)


def _same_again(old: Sentence, new: Sentence, cosine: float) -> bool:
    """Whether one says what the other says; "tactile" for "linear" is near, but not the same."""
    one, other = content_words(old.text), content_words(new.text)
    return cosine >= VERBATIM or (cosine >= SAME and (one <= other or other <= one))


def _joined(old: Sentence, new: Sentence) -> Sentence:
    """Return the fuller of the two sentences with the evidence of both, the new one's first."""
    newest = max((one.since for one in (old, new) if one.since), default=None)
    evidence = tuple(dict.fromkeys((*new.evidence, *old.evidence)))[:MOST_EVIDENCE]
    fuller = max((old, new), key=lambda one: len(content_words(one.text)))
    return fuller.model_copy(
        update={
            "evidence": evidence,
            "support": max(old.support, new.support),
            "since": newest,
        }
    )


def _still_gone(replaced: Sequence[Replaced], new: Sentence, cosine: Cosine) -> list[Replaced]:
    """Return what was replaced, without what news tell again: where no times deny it, it holds."""
    return [
        gone for gone in replaced if (new.since and gone.replaced) or not _says(new, gone, cosine)
    ]


def _was_replaced(new: Sentence, replaced: Sequence[Replaced], cosine: Cosine) -> bool:
    return any(
        (new.since or _LONG_AGO) <= (gone.replaced or _LONG_AGO) and _says(new, gone, cosine)
        for gone in replaced
    )


def _says(new: Sentence, gone: Replaced, cosine: Cosine) -> bool:
    """Whether a sentence says what was replaced, and not rather what took its place."""
    near = cosine(gone.text, new.text)
    if cosine(gone.by, new.text) > near:
        return False
    return same(content_words(gone.text), content_words(new.text), near)
