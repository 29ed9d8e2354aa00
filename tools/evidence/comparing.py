"""Whether two sentences say the same: how like their words are, and what a verifier says."""

import asyncio
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from guided_profile.graph.records import Call, Sentence
from guided_profile.tools.evidence.base import Compares, JudgesAtOnce, Verifier
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.text.words import words

RELATED = 0.5
"""The likeness from which two sentences may say the same."""
SAME_FROM = 0.5
"""The probability of Yes from which they do."""


class Comparison:
    """Compares sentences with each other.

    Args:
        verifier: Is asked, if it can compare.
        history: Has the embedder, and the scale of likeness.
        calls: Where the calls that comparing takes are added.
    """

    def __init__(self, verifier: Verifier, history: HistoryStore, calls: list[Call]) -> None:
        self._verifier = verifier
        self._history = history
        self._calls = calls

    async def likeness(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return how like each text is to each other, on the scale of `HistoryStore.likeness`."""
        return await asyncio.to_thread(self._history.alike, texts)

    async def same(self, pairs: Sequence[tuple[str, str]]) -> list[bool]:
        """Return of each pair of sentences that are alike whether both say the same.

        "Likes hiking in the Alps" and "likes skiing in the Alps" are as near as what is said twice.
        All pairs are asked about at once. A verifier that cannot compare leaves it to the words.

        Raises:
            ModelError: The verifier failed.
        """
        same = [tuple(words(first)) == tuple(words(second)) for first, second in pairs]
        if isinstance(self._verifier, Compares):
            unsure = [n for n, verbatim in enumerate(same) if not verbatim]
            # asked whether the longer one says what the shorter one says
            ordered = [sorted(pairs[n], key=len) for n in unsure]
            for n, yes in zip(unsure, await self._asked(self._verifier, ordered), strict=True):
                same[n] = yes >= SAME_FROM
        return same

    async def without_forbidden(
        self, sentences: Sequence[Sentence], forbidden: Sequence[str]
    ) -> tuple[Sentence, ...]:
        """Return the sentences that do not say, in other words, what the user forbade.

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
        asked = await self._asked(self._verifier, pairs)
        gone = {row for (_, row), yes in zip(near, asked, strict=True) if yes >= SAME_FROM}
        return tuple(sentence for row, sentence in enumerate(sentences) if row not in gone)

    async def _asked(self, verifier: Compares, pairs: Sequence[Sequence[str]]) -> list[float]:
        """Return the probability that the second of a pair says what the first one says."""
        likely: list[float | None] = [None] * len(pairs)
        if len(pairs) > 1 and isinstance(verifier, JudgesAtOnce) and verifier.at_once:
            likely, calls = await verifier.same_of_each(pairs)
            self._calls += calls
        left = [n for n, yes in enumerate(likely) if yes is None]
        asked = await asyncio.gather(*(verifier.same(*pairs[n]) for n in left))
        self._calls += [call for _, calls in asked for call in calls]
        for n, (yes, _) in zip(left, asked, strict=True):
            likely[n] = yes
        return [yes or 0.0 for yes in likely]
