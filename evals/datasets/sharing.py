"""Examples that share a person: what each needs of a history, and which may stand side by side.

Examples share a person only if they are of different topics (`topic`) and far from each other in
meaning, so that nothing that one of them needs answers another.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.sampling import priority
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.embedders.base import Embedder, Vector, likeness

NEAR = 0.5
"""From this likeness on (see `embedders.base.likeness`), texts are about the same."""


def names_evidence(example: Example) -> bool:
    """Whether an example says which items hold its answer."""
    return isinstance(example.about.get("evidence"), list)


def needed_of(example: Example) -> tuple[HistoryItem, ...]:
    """Return the items that an answer takes: those named as evidence, or all if none are named."""
    if not names_evidence(example):
        return example.history
    wanted = {str(id_) for id_ in example.about["evidence"]}
    return tuple(item for item in example.history if item.id in wanted)


class Nearness:
    """Tells whether texts are about the same; each is embedded once."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: dict[str, Vector] = {}

    def learn(self, texts: Iterable[str]) -> None:
        """Embed texts together, which is faster than one by one."""
        new = list(dict.fromkeys(text for text in texts if text not in self._vectors))
        if new:
            rows = np.asarray(self._embedder.embed_documents(new), np.float32)
            self._vectors.update(zip(new, rows, strict=True))

    def near(self, some: Sequence[str], others: Sequence[str]) -> bool:
        """Whether any of some texts is about the same as any of the others."""
        if not some or not others:
            return False
        self.learn([*some, *others])
        left, right = (
            np.stack([self._vectors[text] for text in texts]) for texts in (some, others)
        )
        return bool((likeness(self._embedder, left @ right.T) >= NEAR).any())


def subjects(example: Example) -> list[str]:
    """Return what an example is about: its question, and what its answer takes."""
    tells = [item.text for item in needed_of(example)] if names_evidence(example) else []
    preference = example.about.get("preference")
    return [example.question, *tells, *([str(preference)] if preference else [])]


def grouped(
    examples: Sequence[Example], sharing: int, nearness: Nearness, seed: int
) -> list[list[Example]]:
    """Divide examples among as few people as possible, about the same number to each.

    Args:
        examples: What is asked.
        sharing: How many share a person at most.
        nearness: Says what is near in meaning.
        seed: Of the order in which they are divided.
    """
    drawn = sorted(examples, key=lambda example: priority(seed, example.id))
    about = {example.id: subjects(example) for example in drawn}
    nearness.learn(text for texts in about.values() for text in texts)

    def apart(example: Example, other: Example) -> bool:
        topic = example.about.get("topic")
        if topic is not None and topic == other.about.get("topic"):
            return False
        return not nearness.near(about[example.id], about[other.id])

    groups: list[list[Example]] = [[] for _ in range(-(-len(drawn) // sharing))]
    for example in drawn:
        fit = [g for g in groups if len(g) < sharing and all(apart(example, each) for each in g)]
        if fit:
            min(fit, key=len).append(example)
        else:
            groups.append([example])
    return [group for group in groups if group]
