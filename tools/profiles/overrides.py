"""What the user decided about sentences, applied to a profile whenever one is made or read."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from guided_profile.graph.records import Profile, Sentence
from guided_profile.tools.profiles.store import Wish
from guided_profile.tools.text.words import words

Alike = Callable[[Sequence[str]], NDArray[np.float64]]
"""Returns how like each text is to each other: 0 for unrelated ones, 1 for the same said twice."""

SAME = 1.0
"""The likeness from which two sentences say the same."""
VERBATIM = 1.2
"""The likeness from which two sentences are the same sentence."""


def apply_wishes(profile: Profile, wishes: Sequence[Wish], alike: Alike) -> Profile:
    """Return the profile with the user's pins first and without what they forbid.

    A later wish about the very sentence overrides an earlier one. No wishes, no cost.

    Args:
        profile: As it was made.
        wishes: What the user decided, in the order of deciding.
        alike: Compares texts.
    """
    if not wishes:
        return profile
    texts = [wish.text for wish in wishes] + [one.text for one in profile.sentences]
    likeness = alike(texts)
    spoken = [tuple(words(text)) for text in texts]

    def says_it(wish: int, text: int) -> bool:
        within = bool(spoken[wish]) and set(spoken[wish]) <= set(spoken[text])
        return within or bool(likeness[wish, text] >= SAME)

    def overrides(later: int, wish: int) -> bool:
        verbatim = bool(spoken[wish]) and spoken[wish] == spoken[later]
        return verbatim or bool(likeness[wish, later] >= VERBATIM)

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
        if not any(says_it(wish, at) for wish in removed)
    ]
    pinned = [
        Sentence(
            text=wishes[pin].text,
            verdict="stated",
            evidence=wishes[pin].evidence,
            confidence=1.0,
            pinned=True,
        )
        for pin in pins
    ]
    return profile.model_copy(update={"sentences": (*pinned, *rest)})
