"""What the answers of a run come to: a row for each method, and how the methods compare."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.scorers.judge_pairs import Judged
from guided_profile.evals.scorers.measures import Scored, answer_scores, main_measure, text_scores
from guided_profile.evals.scorers.outcomes import (
    Counts,
    RiskCoverage,
    counts,
    outcome,
    risk_coverage,
)
from guided_profile.evals.scorers.result import Result
from guided_profile.evals.scorers.statistics import (
    Estimate,
    estimate,
    holm,
    mcnemar,
    paired_permutation,
)
from guided_profile.graph.records import Cost
from guided_profile.graph.tasks import Task
from guided_profile.tools.embedders.base import Embedder

BASELINE = "dg"


@dataclass(frozen=True, slots=True)
class Prices:
    """What a million tokens cost."""

    input: float = 0.0
    output: float = 0.0
    cached: float | None = None
    """Of input tokens that the endpoint's prefix cache served; None: as much as the others."""

    def of(self, cost: Cost) -> float:
        """Return what calls cost."""
        cached = self.input if self.cached is None else self.cached
        fresh = cost.input_tokens - cost.cached_tokens
        spent = fresh * self.input + cost.cached_tokens * cached + cost.output_tokens * self.output
        return spent / 1e6


@dataclass(frozen=True, slots=True)
class Row:
    """One method."""

    method: str
    description: str
    counts: Counts
    scores: Mapping[str, Estimate]
    """By measure: `accuracy` of a choice, or what texts are scored by, over those answered."""
    abstaining: Estimate | None
    """Of the examples that cannot be answered, the share abstained from; None if there are none."""
    curve: RiskCoverage | None
    asked: int
    """How many examples, whatever came of them."""
    bare: int
    """How many profiles were written of which no sentence had evidence: it was answered without."""
    cost: Cost
    """Of all of them."""
    price: float
    """Of 1,000 answers."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two methods on the same examples."""

    first: str
    second: str
    measure: str
    difference: Estimate
    """First less second; its n is that of the pairs."""
    wins: int
    losses: int
    p: float
    """Exact McNemar for a choice, paired permutation for a score; two-sided."""
    corrected: float
    """After Holm, over all comparisons of the run."""


@dataclass(frozen=True, slots=True)
class Summary:
    """A run, added up."""

    task: Task
    examples: Sequence[Example]
    results: Mapping[tuple[str, str], Result]
    """By method and example."""
    main: str
    """The measure that methods are compared by."""
    rows: Sequence[Row]
    comparisons: Sequence[Comparison]
    scored: Mapping[tuple[str, str], Scored]
    """The scores of each answer, by method and example."""
    facts: Mapping[str, str] = field(default_factory=dict)
    """What the run was: model, data, seed, date and so on, for people."""
    judged: Judged | None = None
    """What the judge said, if it was asked."""

    def row(self, method: str) -> Row:
        """Return a method's row."""
        return next(row for row in self.rows if row.method == method)


def summarize(
    task: Task,
    examples: Sequence[Example],
    results: Sequence[Result],
    *,
    methods: Mapping[str, str],
    embedder: Embedder,
    prices: Prices,
    seed: int = 0,
    facts: Mapping[str, str] | None = None,
) -> Summary:
    """Add a run up.

    Args:
        task: What was asked for.
        examples: What was asked.
        results: What was answered.
        methods: Each method's description by its name.
        embedder: For the scores by meaning.
        prices: Of tokens.
        seed: Of the intervals and tests.
        facts: What the run was, for people.

    Raises:
        SettingsError: The extra `evals` is needed and not installed.
    """
    score = text_scores(embedder)
    by_pair = {(result.method, result.example): result for result in results}
    scored: dict[tuple[str, str], Scored] = {}
    for example in examples:
        for name in methods:
            result = by_pair.get((name, example.id))
            found = answer_scores(example, result, score) if result else None
            if found is not None:
                scored[name, example.id] = found
    main = main_measure(task)
    rows = [
        _row(name, what, examples, by_pair, scored, prices, seed) for name, what in methods.items()
    ]
    comparisons = compare(list(methods), main, examples, scored, seed)
    return Summary(task, examples, by_pair, main, rows, comparisons, scored, facts or {})


def _row(
    name: str,
    description: str,
    examples: Sequence[Example],
    results: Mapping[tuple[str, str], Result],
    scored: Mapping[tuple[str, str], Scored],
    prices: Prices,
    seed: int,
) -> Row:
    asked = [
        (example, results[name, example.id])
        for example in examples
        if (name, example.id) in results
    ]
    found = [scored[name, example.id] for example, _ in asked if (name, example.id) in scored]
    measures = dict.fromkeys(measure for scores in found for measure in scores)
    means = {
        measure: estimate(
            [scores[measure] for scores in found], seed=seed, share=measure == "accuracy"
        )
        for measure in measures
    }
    abstained = [
        float(result.kind == "abstained")
        for example, result in asked
        if not example.answerable and result.kind != "error"
    ]
    cost = Cost.of([])
    for _, result in asked:
        cost = _sum(cost, result.cost)
    sure = [
        (
            result.confidence if result.kind == "answered" else None,
            outcome(example, result) == "correct",
        )
        for example, result in asked
        if example.answerable and example.kind == "choice" and result.kind != "error"
    ]
    return Row(
        method=name,
        description=description,
        counts=counts(asked),
        scores={measure: mean for measure, mean in means.items() if mean},
        abstaining=estimate(abstained, seed=seed, share=True),
        curve=risk_coverage(sure),
        asked=len(asked),
        bare=sum(bool(result.unsupported) and not result.profile for _, result in asked),
        cost=cost,
        price=1000 * prices.of(cost) / len(asked) if asked else 0.0,
    )


def _sum(first: Cost, second: Cost) -> Cost:
    mine, theirs = first.model_dump(), second.model_dump()
    return Cost.model_validate({name: mine[name] + theirs[name] for name in mine})


def compare(
    methods: Sequence[str],
    measure: str,
    examples: Sequence[Example],
    scored: Mapping[tuple[str, str], Scored],
    seed: int = 0,
) -> list[Comparison]:
    """Compare every method with `dg` (or, without it, the first), and `gpg` with every other.

    A pair in which one of both failed, or has no score, is left out.
    """
    baseline = BASELINE if BASELINE in methods else methods[0]
    pairs = [(method, baseline) for method in methods if method != baseline]
    if "gpg" in methods:
        pairs += [("gpg", method) for method in methods if method not in ("gpg", baseline)]
        pairs = [("gpg", first) if second == "gpg" else (first, second) for first, second in pairs]
    drafts = []
    for first, second in dict.fromkeys(pairs):
        differences = [
            scored[first, example.id][measure] - scored[second, example.id][measure]
            for example in examples
            if (first, example.id) in scored and (second, example.id) in scored
        ]
        mean = estimate(differences, seed=seed)
        if mean is None:
            continue
        wins, losses = (
            sum(difference > 0 for difference in differences),
            sum(difference < 0 for difference in differences),
        )
        exact = measure == "accuracy"
        p = mcnemar(wins, losses) if exact else paired_permutation(differences, seed=seed)
        drafts.append((first, second, mean, wins, losses, p))
    corrected = holm([draft[-1] for draft in drafts])
    return [
        Comparison(first, second, measure, mean, wins, losses, p, after)
        for (first, second, mean, wins, losses, p), after in zip(drafts, corrected, strict=True)
    ]
