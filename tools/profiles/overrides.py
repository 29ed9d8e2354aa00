"""What the user decided about sentences, applied to a profile whenever one is made or read."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from guided_profile.graph.records import Profile, Sentence
from guided_profile.tools.profiles.store import Override
from guided_profile.tools.text.words import words

Alike = Callable[[Sequence[str]], NDArray[np.float64]]
"""Returns how like each text is to each other: 0 for unrelated ones, 1 for the same said twice."""

SAME = 1.0
"""The likeness from which two sentences say the same."""
VERBATIM = 1.2
"""The likeness from which two sentences are the same sentence."""


def apply_overrides(profile: Profile, overrides: Sequence[Override], alike: Alike) -> Profile:
    """Return the profile with the user's pins first and without what they forbid.

    A later override of the very sentence replaces an earlier one. No overrides, no cost.

    Args:
        profile: As it was made.
        overrides: What the user decided, in the order of deciding.
        alike: Compares texts.
    """
    if not overrides:
        return profile
    texts = [override.text for override in overrides] + [
        sentence.text for sentence in profile.sentences
    ]
    likeness = alike(texts)
    spoken = [tuple(words(text)) for text in texts]

    def says_it(override: int, text: int) -> bool:
        within = bool(spoken[override]) and set(spoken[override]) <= set(spoken[text])
        return within or bool(likeness[override, text] >= SAME)

    def replaces(later: int, override: int) -> bool:
        verbatim = bool(spoken[override]) and spoken[override] == spoken[later]
        return verbatim or bool(likeness[override, later] >= VERBATIM)

    holding = [
        index
        for index in range(len(overrides))
        if not any(replaces(later, index) for later in range(index + 1, len(overrides)))
    ]
    pins = [index for index in holding if overrides[index].kind == "pin"]
    removed = [index for index in holding if overrides[index].kind == "forbid"] + pins
    rest = [
        sentence
        for at, sentence in enumerate(profile.sentences, start=len(overrides))
        if not any(says_it(override, at) for override in removed)
    ]
    pinned = [
        Sentence(
            text=overrides[pin].text,
            verdict="stated",
            evidence=overrides[pin].evidence,
            confidence=1.0,
            pinned=True,
            use=overrides[pin].use or "topical",
        )
        for pin in pins
    ]
    return profile.model_copy(update={"sentences": (*pinned, *rest)})
