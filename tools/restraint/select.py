"""Which sentences of a profile an answer uses, and why it does without the others.

An `always` sentence is used. A `private` one waits until the user raises its subject. Of the rest,
those near to the request are used, if the model says that a good answer would differ by them. It
is asked about the nearest even where they are far: a request in another language may be about
them, or depend on them in a way that no likeness shows. Where no model can be asked, nearness
alone decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from langchain_core.language_models import BaseChatModel
from numpy.typing import NDArray

from guided_profile.graph.records import Call, HeldBack, HeldBackReason, HistoryItem, Sentence
from guided_profile.graph.tokens import approximate_tokens
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.restraint.bearing import Bearing
from guided_profile.tools.search.bm25 import Words, share_of_words
from guided_profile.tools.text.sentences import split_sentences

NEAR = 0.1
"""The nearness from which something is about a request."""
RAISED = 0.3
"""The nearness from which a request raises the subject of a private sentence."""
SAID = 0.9
"""The likeness from which a conversation says already what a sentence says."""
ASKED, ASKED_ITEMS = 3, 2
"""How many sentences, and how many items, the nearest, a model is asked about at once."""
RECENT = 6
"""So many messages before the user's words, the last ones, count as acted on."""
_PARTS = 40
"""How many of their sentences, the last ones, are looked at."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Selection:
    """What an answer uses of what is known."""

    used: tuple[Sentence, ...] = ()
    held_back: tuple[HeldBack, ...] = ()
    items: tuple[HistoryItem, ...] = ()
    """Of the recalled items, those that the answer uses."""
    calls: tuple[Call, ...] = ()
    """What asking the model took; empty where it was not asked, or had been asked before."""


class Restraint:
    """Chooses what an answer uses; threads and event loops may share it.

    Args:
        history: Whose embedder says how near texts are to a request.
        chat: Is asked whether a good answer would differ; None: nearness alone decides.
    """

    def __init__(self, history: HistoryStore, chat: BaseChatModel | None = None) -> None:
        self._history = history
        self._bearing = Bearing(chat) if chat else None

    async def select(
        self,
        sentences: Sequence[Sentence],
        request: str,
        *,
        items: Sequence[HistoryItem] = (),
        shown: Sequence[str] = (),
        tokens: int | None = None,
        within: float | None = None,
        widely: bool = False,
    ) -> Selection:
        """Return which sentences and items an answer to a request uses.

        Args:
            sentences: The supported sentences of a profile.
            request: What the user says now; blank: only what is always kept to is used.
            items: What was recalled for the request, the best first.
            shown: The messages of the conversation before it, the last one last.
            tokens: About how many tokens the sentences may take; None: any number.
            within: Seconds that are waited for the model; after them nearness alone decides.
            widely: All is used but what is private and was not raised, and what that rests on.
        """
        texts = [*(sentence.text for sentence in sentences), *(item.text for item in items)]
        near, said = await self._history.embedding(
            partial(self._measured, texts, request, shown[-RECENT:])
        )
        held = _not_to_be_asked(sentences, near, said)
        if widely:
            held = {n: why for n, why in held.items() if why == "private"}
        secret = {i for n, why in held.items() if why == "private" for i in sentences[n].evidence}
        first = len(sentences)
        topical = [n for n in range(first) if sentences[n].use != "always" and n not in held]
        allowed = [n for n, item in enumerate(items, start=first) if item.id not in secret]
        used, calls = {*topical, *allowed}, list[Call]()
        if not widely:
            nearest = _best(topical, near, ASKED) + _best(allowed, near, ASKED_ITEMS)
            differs, calls = await self._differs(request, [texts[n] for n in nearest], within)
            used = {n for n in used if near[n] >= NEAR}
            if differs is not None:
                used = used | set(nearest) if differs else set()
        for n in topical:
            if n not in used:
                held[n] = "makes_no_difference" if near[n] >= NEAR else "off_topic"
        held |= _without_room(sentences, held, near, tokens)
        return Selection(
            used=tuple(sentence for n, sentence in enumerate(sentences) if n not in held),
            held_back=tuple(HeldBack(text=texts[n], reason=held[n]) for n in sorted(held)),
            items=tuple(item for n, item in enumerate(items, start=first) if n in used),
            calls=tuple(calls),
        )

    async def _differs(
        self, request: str, notes: Sequence[str], within: float | None
    ) -> tuple[bool | None, list[Call]]:
        if self._bearing is None or not request.strip():
            return None, []
        return await self._bearing.differs(request, notes, within=within)

    def _measured(
        self, texts: Sequence[str], request: str, shown: Sequence[str]
    ) -> tuple[Numbers, Numbers]:
        """Return how near each text is to a request, and to what a conversation says."""
        nothing = np.full(len(texts), -1.0)
        if not texts or not request.strip():
            return nothing, nothing
        parts = [part for message in shown for part in split_sentences(message)][-_PARTS:]
        vectors = self._history.embed([*texts, request, *parts])
        own, rest = vectors[: len(texts)], vectors[len(texts) :]
        like = self._history.likeness(own @ rest.T)
        near: Numbers = like[:, 0] + share_of_words(request, Words.of(texts))
        return near, like[:, 1:].max(axis=1) if parts else nothing


def _not_to_be_asked(
    sentences: Sequence[Sentence], near: Numbers, said: Numbers
) -> dict[int, HeldBackReason]:
    """Return what is held back without asking: what is said already, and what is private."""
    held: dict[int, HeldBackReason] = {}
    for n, sentence in enumerate(sentences):
        if sentence.use != "always" and said[n] >= SAID:
            held[n] = "already_in_conversation"
        elif sentence.use == "private" and near[n] < RAISED:
            held[n] = "private"
    return held


def _best(places: Sequence[int], near: Numbers, most: int) -> list[int]:
    return sorted(places, key=lambda n: -near[n])[:most]


def with_room(sentences: Sequence[Sentence], tokens: int | None) -> Selection:
    """Return all sentences for which there is room: pins first, and then the surest."""
    surest = np.array([sentence.confidence for sentence in sentences])
    over = _without_room(sentences, {}, surest, tokens)
    return Selection(
        used=tuple(sentence for n, sentence in enumerate(sentences) if n not in over),
        held_back=tuple(HeldBack(text=sentences[n].text, reason=over[n]) for n in sorted(over)),
    )


def _without_room(
    sentences: Sequence[Sentence],
    held: Mapping[int, HeldBackReason],
    near: Numbers,
    tokens: int | None,
) -> dict[int, HeldBackReason]:
    """Return what finds no room, after what is always kept to, pins, and what is nearer."""
    if tokens is None:
        return {}

    def rank(n: int) -> tuple[bool, bool, float]:
        return sentences[n].use != "always", not sentences[n].pinned, -near[n]

    over: dict[int, HeldBackReason] = {}
    for n in sorted((n for n in range(len(sentences)) if n not in held), key=rank):
        size = approximate_tokens(sentences[n].text)
        if size > tokens:
            over[n] = "over_budget"
        else:
            tokens -= size
    return over
