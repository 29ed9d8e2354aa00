"""What the answers of a run come to: a row for each method, and how the methods compare."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.scorers.judge_pairs import Judged
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
from guided_profile.evals.scorers.style import style_distance
from guided_profile.evals.scorers.text import (
    bleu,
    embedding_similarity,
    meteor_without_synonyms,
    rouge,
)
from guided_profile.evals.scorers.tokens import bertscore
from guided_profile.graph.records import Cost
from guided_profile.graph.tasks import Task
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.embedders.minilm import MiniLMEmbedder

Scored = dict[str, float]
LESS_IS_BETTER = ("style-distance",)
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


def main_measure(task: Task) -> str:
    """Return what a task's methods are compared by."""
    if task.kind == "choice":
        return "accuracy"
    return "meteor" if task.evidence == "style" else "similarity"


def text_scores(embedder: Embedder) -> Callable[[str, str], Scored]:
    """Return what scores a text against the reference, by every measure there is.

    Raises:
        SettingsError: When called: the extra `evals` is not installed.
    """

    def score(text: str, reference: str) -> Scored:
        scores = rouge(text, reference)
        scores["meteor"] = meteor_without_synonyms(text, reference)
        scores["bleu"] = bleu(text, reference)
        scores["similarity"] = embedding_similarity(text, reference, embedder)
        if isinstance(embedder, MiniLMEmbedder):
            scores["bertscore"] = bertscore(text, reference, embedder)
        scores["style-distance"] = style_distance(text, reference)
        return scores

    return score


def answer_scores(
    example: Example, said: Result, score: Callable[[str, str], Scored]
) -> Scored | None:
    """Return the scores of one answer; None if it has none.

    An error has none, nor what is said where the history cannot answer; an abstention from a
    choice is not accurate, and one from a text has no text to score.

    Args:
        example: What was asked.
        said: What a method said to it.
        score: What scores a text against the reference: see `text_scores`.
    """
    if not example.answerable or said.kind == "error":
        return None
    if example.kind == "choice":
        return {"accuracy": float(outcome(example, said) == "correct")}
    return score(said.text, example.reference) if said.kind == "answered" else None


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
        results: What was said.
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
            said = by_pair.get((name, example.id))
            found = answer_scores(example, said, score) if said else None
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
    found = [scored[name, one.id] for one, _ in asked if (name, one.id) in scored]
    measures = dict.fromkeys(measure for one in found for measure in one)
    means = {
        measure: estimate(
            [scores[measure] for scores in found], seed=seed, share=measure == "accuracy"
        )
        for measure in measures
    }
    abstained = [
        float(said.kind == "abstained")
        for one, said in asked
        if not one.answerable and said.kind != "error"
    ]
    cost = Cost.of([])
    for _, said in asked:
        cost = _sum(cost, said.cost)
    sure = [
        (said.confidence if said.kind == "answered" else None, outcome(one, said) == "correct")
        for one, said in asked
        if one.answerable and one.kind == "choice" and said.kind != "error"
    ]
    return Row(
        method=name,
        description=description,
        counts=counts(asked),
        scores={measure: mean for measure, mean in means.items() if mean},
        abstaining=estimate(abstained, seed=seed, share=True),
        curve=risk_coverage(sure),
        asked=len(asked),
        bare=sum(bool(said.unsupported) and not said.profile for _, said in asked),
        cost=cost,
        price=1000 * prices.of(cost) / len(asked) if asked else 0.0,
    )


def _sum(one: Cost, other: Cost) -> Cost:
    mine, theirs = one.model_dump(), other.model_dump()
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
        pairs = [("gpg", one) if two == "gpg" else (one, two) for one, two in pairs]
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
        wins, losses = sum(one > 0 for one in differences), sum(one < 0 for one in differences)
        exact = measure == "accuracy"
        p = mcnemar(wins, losses) if exact else paired_permutation(differences, seed=seed)
        drafts.append((first, second, mean, wins, losses, p))
    corrected = holm([draft[-1] for draft in drafts])
    return [
        Comparison(first, second, measure, mean, wins, losses, p, after)
        for (first, second, mean, wins, losses, p), after in zip(drafts, corrected, strict=True)
    ]
