"""What the user decided about sentences, applied to a profile whenever one is made or read."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from guided_profile.graph.state import Profile, Sentence
from guided_profile.tools.profiles import Wish
from guided_profile.tools.wording import content_words

Embed = Callable[[list[str]], NDArray[np.float32]]
"""Returns a unit vector for each text."""

SAME = 0.8
"""Cosine from which two sentences say the same."""
VERBATIM = 0.95
"""Cosine from which two sentences are the same sentence."""


def same(words: set[str], others: set[str], cosine: float) -> bool:
    """Whether one sentence says what another says, perhaps in other words, perhaps among more.

    Args:
        words: The content words of what is said.
        others: Those of the sentence that may say the same.
        cosine: How near the two are.
    """
    return cosine >= SAME or (bool(words) and words <= others)


def apply_wishes(profile: Profile, wishes: Sequence[Wish], embed: Embed) -> Profile:
    """Return the profile with the user's pins first and without what they forbid.

    A later wish about the very sentence overrides an earlier one. No wishes, no cost.
    """
    if not wishes:
        return profile
    texts = [wish.text for wish in wishes] + [one.text for one in profile.sentences]
    vectors = embed(texts)
    cosine = vectors @ vectors.T
    words = [content_words(text) for text in texts]  # once each: reading a text for them is slow

    def alike(wish: int, text: int) -> bool:
        return same(words[wish], words[text], float(cosine[wish, text]))

    def overrides(later: int, wish: int) -> bool:
        same_words = bool(words[wish]) and words[wish] == words[later]
        return same_words or bool(cosine[wish, later] >= VERBATIM)

    holding = [
        index
        for index in range(len(wishes))
        if not any(overrides(later, index) for later in range(index + 1, len(wishes)))
    ]
    pins = [index for index in holding if wishes[index].kind == "pin"]
    removed = [index for index in holding if wishes[index].kind == "forbid"] + pins
    rest = [
        sentence
        for at, sentence in enumerate(profile.sentences, start=len(wishes))
        if not any(alike(wish, at) for wish in removed)
    ]
    pinned = [
        Sentence(text=wishes[pin].text, evidence=wishes[pin].evidence, support=1.0, pinned=True)
        for pin in pins
    ]
    return profile.model_copy(update={"sentences": (*pinned, *rest)})
