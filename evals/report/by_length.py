"""What methods reach and take at each length of the history, added up."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import mean
from typing import Any

from guided_profile.evals.datasets.lengths import Shared
from guided_profile.evals.run.answers import Answers
from guided_profile.evals.scorers.outcomes import Outcome, outcome
from guided_profile.evals.scorers.result import Result
from guided_profile.evals.scorers.statistics import Estimate, discordant, holm, mcnemar, wilson
from guided_profile.graph.records import Cost

OURS = ("gpg-rag", "default", "gpg", "gpg-nopc", "summary", "pg")
"""Which method the others are held against: the first of these that was asked, or the last."""


@dataclass(frozen=True, slots=True)
class At:
    """A method at a length."""

    method: str
    length: int
    accuracy: Estimate | None
    """Of what was answered or abstained from, with Wilson's interval; None: everything failed."""
    abstained: int
    errors: int
    shown: float | None
    """Items of the history that a response saw, in the mean; None: the method does not say."""
    tokens: float
    """Of a question, its reply too, without those that a prefix cache served."""
    seconds: float
    """Of the model's calls for a question."""
    built: int
    """How many histories something was made of: a profile, or a peer's memories."""
    built_tokens: float
    """What that took of each of them."""
    built_seconds: float
    in_all: float
    """Tokens of a question, with its share of what was made of the history."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two methods on the same questions at a length; McNemar's exact test, two-sided."""

    length: int
    first: str
    second: str
    n: int
    wins: int
    losses: int
    p: float
    corrected: float
    """After Holm, over the length's pairs that the first is in."""


@dataclass(frozen=True, slots=True)
class ByLength:
    """A run over several lengths, added up."""

    methods: Sequence[str]
    lengths: Sequence[int]
    chance: float
    cells: Mapping[tuple[str, int], At]
    pairs: Sequence[Pair]
    facts: Mapping[str, str]

    def at(self, length: int) -> list[At]:
        """Return the methods that were asked at a length."""
        return [self.cells[name, length] for name in self.methods if (name, length) in self.cells]

    def of(self, method: str) -> list[At]:
        """Return the lengths at which a method was asked."""
        return [
            self.cells[method, length] for length in self.lengths if (method, length) in self.cells
        ]

    def as_json(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "facts": dict(self.facts),
            "chance": self.chance,
            "cells": [asdict(cell) for cell in self.cells.values()],
            "pairs": [asdict(pair) for pair in self.pairs],
        }


def summed(
    histories: Sequence[Shared],
    methods: Sequence[str],
    answers: Answers,
    built: Answers,
    facts: Mapping[str, str],
) -> ByLength:
    """Add up what there is of a run, whichever lengths and methods were asked so far.

    Args:
        histories: Of all lengths.
        methods: In the order in which they are shown.
        answers: What they said.
        built: What it took to make what they make of a history.
        facts: What the run was, for people.
    """
    cells: dict[tuple[str, int], At] = {}
    outcomes: dict[tuple[str, int], dict[str, Outcome]] = {}
    lengths = sorted({shared.length for shared in histories})
    for length in lengths:
        some = [shared for shared in histories if shared.length == length]
        asked = {example.id: example for shared in some for example in shared.examples}
        for name in methods:
            results = answers.of(asked, [name])
            if not results:
                continue
            said = {result.example: outcome(asked[result.example], result) for result in results}
            outcomes[name, length] = said
            made = built.of([shared.id for shared in some], [name])
            cells[name, length] = _at(name, length, results, list(said.values()), made)
    options = [len(e.options) for shared in histories for e in shared.examples if e.options]
    return ByLength(
        methods=[name for name in methods if any(name == method for method, _ in cells)],
        lengths=[length for length in lengths if any(length == size for _, size in cells)],
        chance=mean(1 / count for count in options) if options else 0.0,
        cells=cells,
        pairs=[pair for length in lengths for pair in _pairs(methods, length, outcomes)],
        facts=facts,
    )


def _at(
    method: str,
    length: int,
    results: Sequence[Result],
    said: Sequence[Outcome],
    made: Sequence[Result],
) -> At:
    n = len(said) - said.count("error")
    right = said.count("correct")
    shown = [result.shown for result in results if result.shown is not None]
    spent = sum(_fresh(result.cost) for result in results)
    building = sum(_fresh(result.cost) for result in made)
    return At(
        method=method,
        length=length,
        accuracy=Estimate(right / n, *wilson(right, n), n) if n else None,
        abstained=said.count("abstained"),
        errors=said.count("error"),
        shown=mean(shown) if shown else None,
        tokens=spent / len(results),
        seconds=sum(result.cost.seconds for result in results) / len(results),
        built=len(made),
        built_tokens=building / max(1, len(made)),
        built_seconds=sum(result.cost.seconds for result in made) / max(1, len(made)),
        in_all=(spent + building) / len(results),
    )


def _fresh(cost: Cost) -> int:
    return cost.input_tokens - cost.cached_tokens + cost.output_tokens


def ours_of(methods: Sequence[str]) -> str:
    """Return which method the others are held against; empty if there is none."""
    return next((name for name in OURS if name in methods), methods[-1] if methods else "")


def _pairs(
    methods: Sequence[str], length: int, outcomes: Mapping[tuple[str, int], Mapping[str, Outcome]]
) -> list[Pair]:
    """Return how each two methods compare; what failed for one of both is left out."""
    there = [name for name in methods if (name, length) in outcomes]
    ranked = sorted(there, key=lambda name: name != ours_of(there))
    drafts = []
    for place, first in enumerate(ranked):
        for second in ranked[place + 1 :]:
            left, right = outcomes[first, length], outcomes[second, length]
            both = [id_ for id_ in left if id_ in right and "error" not in (left[id_], right[id_])]
            wins, losses = discordant(
                (left[id_] == "correct", right[id_] == "correct") for id_ in both
            )
            drafts.append(Pair(length, first, second, len(both), wins, losses, 1.0, 1.0))
    found: list[Pair] = []
    for first in ranked:
        mine = [pair for pair in drafts if pair.first == first]
        ps = [mcnemar(pair.wins, pair.losses) for pair in mine]
        for pair, p, corrected in zip(mine, ps, holm(ps), strict=True):
            found.append(
                Pair(length, first, pair.second, pair.n, pair.wins, pair.losses, p, corrected)
            )
    return found
