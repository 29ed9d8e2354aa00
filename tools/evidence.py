"""Which history items support a sentence, found without a model call.

What a sentence is about is compared with what an item is about by embedding and by shared words;
what it says about style is counted (`style.py`). Several items may carry a sentence together, so
the words of the items it is nearest to are pooled.
"""

import re
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from guided_profile.graph.state import HistoryItem, Sentence
from guided_profile.tools.style import claimed_habits, own_words

MOST_EVIDENCE = 5
"""The most items that a sentence points to."""
_SIMILAR = 0.36
"""Cosine from which an item alone supports a sentence."""
_RELATED = 0.18
"""Cosine from which an item that shares one telling word with a sentence supports it; two words
are enough by themselves."""
_COVERED = 0.5
"""The share of a sentence's telling words that items have to share with it, if none is similar."""

_COMMON = frozenset(
    "this that these those they them their person people user someone history show shows shown "
    "like likes liked love loves enjoy enjoys prefer prefers interest interested interests often "
    "also such with from have has had having been being very more most many some other various "
    "which what when where while about into over than then there here would could should and the "
    "for are was were not but his her him she who its use uses used using seem seems appear thing "
    "things kind kinds type types variety taste item items product products range wide different "
    "particularly especially including include includes generally well known tend tends can may "
    "suggests suggest indicates indicating suggesting something".split()
)


def telling_words(text: str) -> set[str]:
    """Return the stems of a text's words that say something: no function words, crude stemming."""
    stems = set()
    for word in re.findall(r"[^\W_]{3,}", text.casefold()):
        if word in _COMMON:
            continue
        stem = re.sub(r"(?:ies|y)$", "i", word)
        stems.add(re.sub(r"(?:ing|ed|es|s|e)$", "", stem) if len(stem) > 4 else stem.rstrip("s"))
    return stems


def support(
    sentences: Sequence[str],
    items: Sequence[HistoryItem],
    *,
    sentence_vectors: NDArray[np.float32],
    item_vectors: NDArray[np.float32],
    style: bool,
) -> tuple[Sentence, ...]:
    """Tie each sentence to the items that support it.

    Args:
        sentences: The sentences of a profile.
        items: The history it was written from; only what the user wrote counts.
        sentence_vectors: Unit vectors, one row a sentence.
        item_vectors: Unit vectors, one row an item.
        style: Whether sentences are about how the user writes; one that claims no habit of
            writing is then held against what the items are about, like any other.
    """
    own = [index for index, item in enumerate(items) if item.role == "user"]
    if not own:
        return tuple(Sentence(text=text) for text in sentences)
    texts = {index: items[index].text for index in own}
    words = {
        index: telling_words(f"{items[index].category or ''} {text}")
        for index, text in texts.items()
    }
    tied = []
    for text, vector in zip(sentences, sentence_vectors, strict=True):
        scores = _by_style(text, texts) if style else None
        if scores is None:
            cosines = {index: float(vector @ item_vectors[index]) for index in own}
            scores = _by_topic(text, cosines, words)
        best = sorted(scores, key=lambda index: (-scores[index], index))[:MOST_EVIDENCE]
        tied.append(
            Sentence(
                text=text,
                evidence=tuple(items[index].id for index in best),
                support=round(max((scores[index] for index in best), default=0.0), 3),
            )
        )
    return tuple(tied)


def _by_topic(
    sentence: str, cosines: Mapping[int, float], words: Mapping[int, set[str]]
) -> dict[int, float]:
    """Score the items that support a sentence by what they are about."""
    telling = telling_words(sentence)
    similar = {index: cosine for index, cosine in cosines.items() if cosine >= _SIMILAR}
    sharing = {}
    for index, cosine in cosines.items():
        shared = telling & words[index]
        if len(shared) > 1 or (shared and cosine >= _RELATED):
            sharing[index] = cosine
    pooled = set().union(*(words[index] & telling for index in sharing))
    covered = len(pooled) / len(telling) if telling else 0.0
    if not similar and covered < _COVERED:
        return {}
    scores = {index: min(1.0, max(0.0, cosine)) for index, cosine in (similar | sharing).items()}
    return {
        index: min(1.0, cosine + len(telling & words[index]) / (2 * max(1, len(telling))))
        for index, cosine in scores.items()
    }


def _by_style(sentence: str, texts: Mapping[int, str]) -> dict[int, float] | None:
    """Score the items that show what a sentence says of style; None if it says nothing of it.

    A sentence stands only if everything it claims is typical of the texts.
    """
    claims = claimed_habits(sentence)
    if not claims:
        return None
    own = {index: own_words(text) for index, text in texts.items()}
    scores = dict.fromkeys(own, 0.0)
    for habit in claims:
        showing = [index for index, text in own.items() if text and habit.shows(text)]
        if len(showing) < habit.typical * len(own):
            return {}
        for index in showing:
            scores[index] += 1 / len(claims)
    return {index: score for index, score in scores.items() if score > 0}
