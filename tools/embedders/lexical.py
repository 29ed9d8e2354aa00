"""The embedder that needs no model: words and pieces of words."""

import re
from collections import Counter
from functools import lru_cache
from hashlib import blake2b

import numpy as np

from guided_profile.tools.embedders.base import Embedder, as_lists, unit


class LexicalEmbedder(Embedder):
    """Words and pieces of words, hashed into a vector: no model, no download, any language.

    Texts are alike if they share words or word forms; it knows nothing of meaning.
    """

    instant = True
    unrelated = 0.09
    same = 0.6
    """Of sentences that say the same in much the same words. The median of those that say it in
    other words is .32, but sentences that share small words alone come near that too."""
    same_form = 0.35
    same_words = 0.86
    """Of sentences that differ in a small word or in their order."""

    def __init__(self, dimension: int = 512) -> None:
        self._dimension = dimension
        self.id = f"lexical-{dimension}"

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""
        return self._dimension

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return a vector for each text; one without any word has the vector of the empty word."""
        vectors = np.zeros((len(texts), self._dimension), np.float32)
        for row, text in enumerate(texts):
            for feature, count in _features(text).items():
                place, sign = _hashed(feature)
                weight = 1 + np.log(count)
                if len(feature) > 1 and feature[0] == "#":
                    weight *= 0.3  # a word has many pieces
                vectors[row, place % self._dimension] += sign * weight
            if not vectors[row].any():
                vectors[row, 0] = 1
        return as_lists(unit(vectors))


def _features(text: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for word in re.findall(r"\w+", text.lower()):
        found[word] += 1
        bounded = f"<{word}>"
        for length in range(3, 6):
            for start in range(len(bounded) - length + 1):
                found["#" + bounded[start : start + length]] += 1
    return found


@lru_cache(maxsize=1 << 16)
def _hashed(feature: str) -> tuple[int, int]:
    number = int.from_bytes(blake2b(feature.encode(), digest_size=8).digest(), "big")
    return number >> 1, 1 if number & 1 else -1
