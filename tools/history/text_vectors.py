"""Vectors of texts that are no items, and how like two of them are."""

import asyncio
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from guided_profile.graph.errors import HistoryError
from guided_profile.tools.embedders.base import Embedder, Vector, alike, likeness
from guided_profile.tools.history.records import unit_vectors
from guided_profile.tools.text.cache import TextCache

T = TypeVar("T")
EMBEDDED_BYTES = 8 << 20
"""What the vectors of texts that are no items may take in memory: about 4,700 of 384 numbers."""


class EmbedderLike(Protocol):
    """What turns text into vectors; `tools.embedders` has some."""

    @property
    def id(self) -> str:
        """Names the model: stores are bound to it."""

    def embed_documents(self, texts: list[str], /) -> list[list[float]]:
        """Return a vector for each item's text."""

    def embed_query(self, text: str, /) -> list[float]:
        """Return the vector of what is looked for."""


class NoEmbedder:
    """Stands where a history is opened to read, copy and delete its items alone."""

    id = ""

    def embed_documents(self, texts: list[str], /) -> list[list[float]]:
        """Refuse.

        Raises:
            HistoryError: Always.
        """
        raise HistoryError(
            "the history was opened without an embedder, and its index has to be made anew, for "
            "which items are embedded; open it with its own, as `ask` and `add` do."
        )

    def embed_query(self, text: str, /) -> list[float]:
        """Refuse, as above."""
        raise HistoryError("the history was opened without an embedder; open it with its own.")


class TextVectors:
    """Embeds texts, and holds them against each other."""

    def __init__(self, embedder: EmbedderLike) -> None:
        self.embedder = embedder

    async def embedding(self, work: Callable[[], T]) -> T:
        """Do what embeds texts, and may take a while, so that the event loop can go on meanwhile.

        That is in a thread, or here where it takes no time: with many runs at once, each change of
        threads waits for all the others.
        """
        if getattr(self.embedder, "instant", False):
            return work()
        return await asyncio.to_thread(work)

    def embed(self, texts: list[str]) -> Vector:
        """Return a unit vector for each text; those embedded a while ago are still in memory.

        For what a history is held against: options, categories, sentences of a profile.

        Raises:
            ModelError: The embedder failed, or answered with nonsense.
        """
        return np.stack(self._texts.of(texts))

    def embed_query(self, query: str) -> Vector:
        """Return the unit vector of what is looked for, which may be in memory as well.

        Raises:
            ModelError: The embedder failed, or answered with nonsense.
        """
        if getattr(type(self.embedder), "embed_query", None) is Embedder.embed_query:
            return self._texts.of([query])[0]  # what is looked for is embedded like any text
        row: Vector = unit_vectors([self.embedder.embed_query(query)], 1)[0]
        return row

    def likeness(self, cosines: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return cosines on a scale that is the same for every embedder.

        0 is what unrelated texts have, 1 what the same said twice in other words has.
        """
        return likeness(self.embedder, cosines)

    def alike(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Return the likeness of each sentence about a person to each other."""
        vectors = self.embed(list(texts))
        return alike(self.embedder, vectors @ vectors.T)

    @cached_property
    def _texts(self) -> TextCache[Vector]:
        return TextCache(self._rows, most_bytes=EMBEDDED_BYTES)

    def _rows(self, texts: list[str]) -> Vector:
        return unit_vectors(self.embedder.embed_documents(texts), len(texts))
