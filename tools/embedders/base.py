"""What turns text into vectors, and what the cosines of its vectors mean."""

from abc import ABC, abstractmethod

import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

Vector = NDArray[np.float32]
"""One vector, or one a row."""


class Embedder(Embeddings, ABC):
    """Turns texts into vectors of length 1; threads may share one."""

    id: str
    """Names the model and how it is used: vectors of different ids must not be compared."""

    instant: bool = False
    """Whether it takes less time than handing the work to a thread does."""

    unrelated: float | None = None
    """The median cosine of sentences of one language that have nothing to do with each other; None:
    it was not measured. Thresholds on cosines hold for embedders that have about MiniLM's."""

    same: float | None = None
    """The median cosine of sentences of one language that say the same in other words."""

    same_form: float | None = None
    """The cosine of sentences that share their form alone ("This person …"), where it is not about
    that of unrelated ones."""

    same_words: float | None = None
    """The cosine of sentences about one person that say the same, where it is not `same`."""

    @property
    @abstractmethod
    def dimension(self) -> int:
        """How many numbers a vector has."""

    @abstractmethod
    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return a vector for each text.

        Raises:
            ModelError: The model failed.
        """

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of what is looked for.

        Raises:
            ModelError: The model failed.
        """
        return self.embed_documents([text])[0]


UNRELATED, SAME = 0.14, 0.78
"""What an embedder that was not measured is taken to have: all-MiniLM-L6-v2's medians."""


def likeness(embedder: object, cosines: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return cosines on a scale that is the same for every embedder.

    0 is the median of unrelated sentences, 1 that of sentences that say the same in other words.
    """
    unrelated = getattr(embedder, "unrelated", None)
    same = getattr(embedder, "same", None)
    if unrelated is None or same is None:
        unrelated, same = UNRELATED, SAME
    return _scaled(cosines, unrelated, same)


def alike(embedder: object, cosines: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the cosines of sentences about one person on the scale of `likeness`."""
    same_form = getattr(embedder, "same_form", None)
    same_words = getattr(embedder, "same_words", None)
    if same_form is None or same_words is None:
        return likeness(embedder, cosines)
    return _scaled(cosines, same_form, same_words)


def _scaled(cosines: NDArray[np.floating], unrelated: float, same: float) -> NDArray[np.float64]:
    return (np.asarray(cosines, np.float64) - unrelated) / (same - unrelated)


def unit(vectors: Vector) -> Vector:
    """Return the rows in length 1."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


def as_lists(vectors: Vector) -> list[list[float]]:
    """Return the rows as lists."""
    rows: list[list[float]] = vectors.tolist()
    return rows
