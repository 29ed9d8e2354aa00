"""Whether answers are right, and whether their confidence tells the right ones from the wrong.

Pure functions of an example and what was said to it; texts are scored in `text`, `tokens` and
`style`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.scorers.result import Result

Outcome = Literal["correct", "incorrect", "abstained", "error"]


def outcome(example: Example, result: Result) -> Outcome:
    """Tell what a result is: an abstention or an error is never an answer (the paper's Table 4).

    Where the history cannot answer, whatever is answered is incorrect. A text that is answered
    where it could be is `correct` here: how good it is, the text scores say.
    """
    if result.kind != "answered":
        return "abstained" if result.kind == "abstained" else "error"
    if not example.answerable:
        return "incorrect"
    if example.kind == "text":
        return "correct"
    right = result.option is not None and example.options[result.option] == example.reference
    return "correct" if right else "incorrect"


@dataclass(frozen=True, slots=True)
class Counts:
    """How many answers were what, over examples that can be answered and over those that cannot."""

    correct: int = 0
    incorrect: int = 0
    abstained: int = 0
    """From what could be answered: wrongly."""
    error: int = 0
    rightly_abstained: int = 0
    invented: int = 0
    """Answers where the history has none."""
    unanswerable_error: int = 0

    @property
    def answerable(self) -> int:
        """How many examples could be answered."""
        return self.correct + self.incorrect + self.abstained + self.error

    @property
    def scored(self) -> int:
        """How many of those were answered or abstained from; one that failed is in no score."""
        return self.answerable - self.error

    @property
    def unanswerable(self) -> int:
        """How many examples could not be answered."""
        return self.rightly_abstained + self.invented + self.unanswerable_error

    @property
    def errors(self) -> int:
        """How many answers failed."""
        return self.error + self.unanswerable_error


def counts(pairs: Iterable[tuple[Example, Result]]) -> Counts:
    """Count the outcomes of one method."""
    found = dict.fromkeys(Counts.__slots__, 0)
    unanswerable = {
        "abstained": "rightly_abstained",
        "incorrect": "invented",
        "error": "unanswerable_error",
    }
    for example, result in pairs:
        what = outcome(example, result)
        found[what if example.answerable else unanswerable[what]] += 1
    return Counts(**found)


@dataclass(frozen=True, slots=True)
class RiskCoverage:
    """Accuracy of the surest answers alone, the more of them the farther to the right."""

    coverage: tuple[float, ...]
    """The share of all examples that is answered, ascending, the last 1."""
    accuracy: tuple[float, ...]
    """The share of those that is right, at each coverage."""
    area: float
    """Mean accuracy over all coverages, 0 to 1: 1 less the area under the risk-coverage curve
    (AURC; Geifman and El-Yaniv 2017)."""


def risk_coverage(answers: Sequence[tuple[float | None, bool]]) -> RiskCoverage | None:
    """Return the curve, or None if no answer has a confidence.

    Args:
        answers: For each example that could be answered, the confidence and whether it was right.
            Without a confidence (an abstention, an error) it comes last, and is not right. Those
            of one confidence come together, each with the mean of their group.
    """
    if not any(sure is not None for sure, _ in answers):
        return None
    groups: dict[float, list[bool]] = {}
    for sure, right in answers:
        groups.setdefault(-1.0 if sure is None else sure, []).append(right and sure is not None)
    accuracy: list[float] = []
    right_so_far = 0.0
    for sure in sorted(groups, reverse=True):
        share = sum(groups[sure]) / len(groups[sure])
        for _ in groups[sure]:
            right_so_far += share
            accuracy.append(right_so_far / (len(accuracy) + 1))
    n = len(accuracy)
    return RiskCoverage(
        tuple((place + 1) / n for place in range(n)), tuple(accuracy), sum(accuracy) / n
    )
