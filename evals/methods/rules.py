"""Rules without a model: what any method has to beat before its number means anything.

For a choice they pick an option; for a text they give something that is there already.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf, log, sqrt

import numpy as np

from guided_profile.evals.datasets.examples import Example, Kind
from guided_profile.evals.methods.workflow import MethodInputs, fits
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.state import Abstained, Answered
from guided_profile.tools.evidence.in_view import grounds_in

Scores = Sequence[float]
"""One for each option, or, for a text, for each of the person's own items; the highest wins."""
Rule = Callable[[Example, Sequence[str], MethodInputs], Scores]
"""Scores texts: the options, or the person's own items."""


def _own(example: Example) -> list[HistoryItem]:
    return [item for item in example.history if item.role == "user"]


def _at_random(example: Example, texts: Sequence[str], inputs: MethodInputs) -> Scores:
    return [0.0] * len(texts)  # a tie, which is drawn


def _longest(example: Example, texts: Sequence[str], inputs: MethodInputs) -> Scores:
    return [float(len(text)) for text in texts]


def _majority(example: Example, texts: Sequence[str], inputs: MethodInputs) -> Scores:
    """Count where the right options stand, this one's too: to leave it out would betray it."""
    known = (example for example in inputs.examples if example.options and example.answerable)
    places = Counter(example.options.index(example.reference) for example in known)
    return [float(places[place]) for place in range(len(texts))]


def _tfidf(example: Example, texts: Sequence[str], inputs: MethodInputs) -> Scores:
    against = _known(example)
    words = [_words(text) for text in [*texts, *against]]
    found_in = Counter(word for tokens in words for word in set(tokens))
    vectors = [
        {word: count * (log((1 + len(words)) / (1 + found_in[word])) + 1) for word, count in counts}
        for counts in (Counter(tokens).items() for tokens in words)
    ]
    history = vectors[len(texts) :]
    return [
        max((_cosine(vector, item) for item in history), default=0.0)
        for vector in vectors[: len(texts)]
    ]


def _embedding(example: Example, texts: Sequence[str], inputs: MethodInputs) -> Scores:
    against = _known(example)
    if not against:
        return [0.0] * len(texts)
    vectors = np.asarray(inputs.embedder.embed_documents([*texts, *against]), np.float32)
    alike = vectors[: len(texts)] @ vectors[len(texts) :].T
    return [float(value) for value in alike.max(axis=1)]


def grounding(example: Example, texts: Sequence[str], inputs: MethodInputs) -> Scores:
    """Return how much the history speaks for each option, by the task's `grounding` alone."""
    items = _own(example)
    if not items:
        return [0.0] * len(texts)
    items.sort(key=lambda item: item.time.timestamp() if item.time else -inf)  # as a store lists
    vectors = inputs.history.embed([item.text for item in items])
    newest = inputs.task.grounding_by == "newest"
    return grounds_in(inputs.history, texts, items, vectors, newest=newest)


def _known(example: Example) -> list[str]:
    """Return what candidates are held against: the history, or, for a text, the question."""
    if example.kind == "text":
        return [example.question]
    return [f"{item.text} {item.category or ''}" for item in _own(example)]


def _words(text: str) -> list[str]:
    return re.findall(r"\w\w+", text.lower())


def _cosine(left: dict[str, float], right: dict[str, float]) -> float:
    shared = sum(weight * right[word] for word, weight in left.items() if word in right)
    lengths = sqrt(sum(w * w for w in left.values()) * sum(w * w for w in right.values()))
    return shared / lengths if lengths else 0.0


RULES: dict[str, tuple[str, Rule, tuple[Kind, ...]]] = {
    "random": (
        "an option, or one of the person's texts, at random",
        _at_random,
        ("choice", "text"),
    ),
    "majority": ("the place where most right options stand", _majority, ("choice",)),
    "longest": ("the longest option", _longest, ("choice",)),
    "tfidf": ("the nearest by words (tf-idf)", _tfidf, ("choice", "text")),
    "embedding": ("the nearest by embedding", _embedding, ("choice", "text")),
    "grounding": ("what the history says by a task's `grounding` alone", grounding, ("choice",)),
    "copy": ("the question itself, unchanged", _at_random, ("text",)),
}
"""What each does, how it scores, and the kinds of tasks it is for."""


@dataclass(frozen=True, slots=True)
class ByRule:
    """A rule as a method."""

    name: str
    description: str
    rule: Rule
    inputs: MethodInputs

    async def answer(self, example: Example) -> Answered | Abstained:
        """Answer by the rule; ties are drawn by the seed and the example's id."""
        if self.name == "copy":
            return Answered(text=example.question)
        texts = list(example.options) or [item.text for item in _own(example)]
        if not texts:
            return Abstained(reason="no_history", detail="There is no history to answer from.")
        scores = self.rule(example, texts, self.inputs)
        best = [index for index, score in enumerate(scores) if score == max(scores)]
        chosen = random.Random(f"{self.inputs.seed} {example.id}").choice(best)
        if not example.options:
            return Answered(text=texts[chosen])
        floor, total = min(0.0, *scores), sum(scores) - len(scores) * min(0.0, *scores)
        shares = [(score - floor) / total if total else 1 / len(texts) for score in scores]
        return Answered(text=texts[chosen], option=chosen, confidence=min(1.0, shares[chosen]))


def by_rule(name: str, inputs: MethodInputs) -> ByRule:
    """Return a rule by name.

    Raises:
        InputError: The task's kind has no use for it.
    """
    description, rule, kinds = RULES[name]
    fits(kinds, inputs, name)
    return ByRule(name, description, rule, inputs)
