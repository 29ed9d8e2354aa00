"""How close a text comes to the person's own: by words, and by meaning. All scores are 0 to 1.

The libraries are the extra `evals`; nothing is downloaded.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from guided_profile.graph.errors import SettingsError
from guided_profile.tools.embedders.base import Embedder

TextScore = Callable[[str, str], float]
"""Takes a text and the reference."""

MISSING = "The text scores need further libraries: pip install 'guided-profile[evals]'."


class _NoSynonyms:
    """Stands in for WordNet, which would have to be downloaded."""

    def synsets(self, word: str) -> list[Any]:
        return []


@lru_cache(maxsize=1)
def _rouge_scorer() -> Any:
    try:
        from rouge_score.rouge_scorer import RougeScorer  # type: ignore[import-untyped]
    except ImportError as error:
        raise SettingsError(MISSING) from error
    return RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=True)


def rouge(text: str, reference: str) -> dict[str, float]:
    """Return ROUGE-1, -2 and -L, F1 with Porter stems (Lin 2004, by rouge-score).

    Raises:
        SettingsError: The extra `evals` is not installed.
    """
    scores = _rouge_scorer().score(reference, text)
    return {
        "rouge-1": float(scores["rouge1"].fmeasure),
        "rouge-2": float(scores["rouge2"].fmeasure),
        "rouge-l": float(scores["rougeL"].fmeasure),
    }


def meteor_without_synonyms(text: str, reference: str) -> float:
    """Return METEOR on exact words and Porter stems (Banerjee and Lavie 2005, by NLTK).

    It leaves out METEOR's third step, synonyms by WordNet, so that it is lower than METEOR where
    a text says the same in other words; compare it with its own kind only.

    Raises:
        SettingsError: The extra `evals` is not installed.
    """
    try:
        from nltk.tokenize import wordpunct_tokenize  # type: ignore[import-untyped]
        from nltk.translate.meteor_score import (  # type: ignore[import-untyped]
            single_meteor_score,
        )
    except ImportError as error:
        raise SettingsError(MISSING) from error
    words, wanted = wordpunct_tokenize(text), wordpunct_tokenize(reference)
    if not words or not wanted:
        return 0.0
    return float(single_meteor_score(wanted, words, wordnet=_NoSynonyms()))


def bleu(text: str, reference: str) -> float:
    """Return sentence BLEU with up to 4 words, smoothed (Papineni et al. 2002, by sacrebleu).

    Raises:
        SettingsError: The extra `evals` is not installed.
    """
    try:
        from sacrebleu import sentence_bleu
    except ImportError as error:
        raise SettingsError(MISSING) from error
    return float(sentence_bleu(text, [reference]).score) / 100


def embedding_similarity(text: str, reference: str, embedder: Embedder) -> float:
    """Return the cosine of both texts' vectors (the paper's ST, Table 2), not below 0."""
    if not text.strip():
        return 0.0
    first, second = np.asarray(embedder.embed_documents([text, reference]), np.float32)
    return max(0.0, float(first @ second))
