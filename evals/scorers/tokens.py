"""BERTScore with the token vectors of an encoder of one's own (Zhang et al. 2019)."""

from typing import Protocol

import numpy as np

from guided_profile.tools.embedders.base import Vector


class TokenEmbedder(Protocol):
    """An encoder that gives each token of a text its vector in context."""

    def token_vectors(self, text: str) -> Vector:
        """Return one vector of length 1 for each token, special ones left out."""


def bertscore(text: str, reference: str, encoder: TokenEmbedder) -> float:
    """Return BERTScore's F1: each token is matched with the one in the other text most like it.

    Neither weighted by rarity nor rescaled. The paper's figures are of another, larger encoder,
    whose scores lie in another range: compare those of one encoder only.
    """
    words, wanted = encoder.token_vectors(text), encoder.token_vectors(reference)
    if not len(words) or not len(wanted):
        return 0.0
    alike = words @ wanted.T
    precision, recall = float(np.mean(alike.max(axis=1))), float(np.mean(alike.max(axis=0)))
    return max(0.0, 2 * precision * recall / (precision + recall)) if precision + recall else 0.0
