"""Comparing guiding questions for a task: chosen on one half of the examples, reported on another.

The question that does best on the examples it was chosen by looks better than it is. So nobody who
is in the development half is in the report half, and only the one question that was chosen meets
the task's own on the report half.
"""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.methods.workflow import MethodInputs, workflow
from guided_profile.evals.report.summary import Comparison, Prices, Row, Summary, compare, summarize
from guided_profile.evals.run.answers import Answers
from guided_profile.evals.run.runner import OnResult, run
from guided_profile.evals.scorers.measures import main_measure
from guided_profile.evals.scorers.statistics import Estimate, estimate
from guided_profile.evals.tuning.candidates import Candidate, with_question
from guided_profile.evals.tuning.halves import Halves
from guided_profile.graph.errors import ModelError
from guided_profile.graph.tasks import Task

SETTING = "gpg"
"""How a question is tried: the response sees history and guided profile, and is asked once."""
SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Trial:
    """What a question came to on a half."""

    candidate: Candidate
    score: Estimate | None
    """Mean of the task's main measure; a text that was not written scores 0, and an error is left
    out. None: all were errors."""
    row: Row
    """All else: counts, cost, all measures."""
    against: Comparison | None
    """With the task's own question, over the examples that both have a score for."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """What came of it; the first trial of each half is that of the task's own question."""

    task: Task
    measure: str
    halves: Halves
    development: tuple[Trial, ...]
    report: tuple[Trial, ...]
    """The task's own question and, if another one did better, that."""

    @property
    def chosen(self) -> Trial | None:
        """The other question on the report half; None: none did better on the development half."""
        return self.report[1] if len(self.report) > 1 else None

    @property
    def recommended(self) -> Candidate | None:
        """The chosen question, if it did better on the report half too."""
        found = self.chosen
        better = found and found.against and found.against.difference.mean > 0
        return found.candidate if found and better else None

    @property
    def sure(self) -> bool:
        """Whether the report half leaves no doubt: interval above 0, and p below 0.05."""
        against = self.chosen.against if self.chosen else None
        return bool(against and against.difference.low > 0 and against.p < SIGNIFICANT)

    @property
    def errors(self) -> int:
        """How many answers failed."""
        return sum(trial.row.counts.errors for trial in (*self.development, *self.report))

    @property
    def tuned(self) -> Task | None:
        """The task with the recommended question, of the next version."""
        found = self.recommended
        if found is None:
            return None
        task = with_question(self.task, found.question)
        return task.model_copy(update={"version": task.version + 1})


Watch = Callable[[str, Sequence[Candidate], Sequence[Example]], AbstractContextManager[OnResult]]
"""Called with a half's name, what is tried on it and its examples; what it yields sees answers."""


def unwatched(
    half: str, tried: Sequence[Candidate], examples: Sequence[Example]
) -> AbstractContextManager[OnResult]:
    """Show nothing."""
    return nullcontext(lambda example, result: None)


async def tune(
    inputs: MethodInputs,
    parted: Halves,
    tried: Sequence[Candidate],
    answers: Answers,
    *,
    concurrency: int = 1,
    watch: Watch = unwatched,
) -> Tuning:
    """Try questions on the development half, and the best beside the task's own on the other.

    Args:
        inputs: The model, the history store, the task and the seed.
        parted: The examples.
        tried: The questions, the task's own first.
        answers: Where answers are kept; those that it holds are not asked for again.
        concurrency: How many examples are worked on at once.
        watch: Shows how far it is.

    Raises:
        ModelError: The task's own question failed on a whole half, or too many answers in a row.
    """

    async def trials(
        half: str, tried: Sequence[Candidate], examples: Sequence[Example]
    ) -> tuple[Trial, ...]:
        methods = [
            replace(
                workflow(SETTING, inputs, with_question(inputs.task, candidate.question)),
                name=candidate.method,
            )
            for candidate in tried
        ]
        with watch(half, tried, examples) as on_result:
            results = await run(
                examples,
                methods,
                answers,
                history=inputs.history,
                concurrency=concurrency,
                on_result=on_result,
            )
        summary = summarize(
            inputs.task,
            examples,
            results,
            methods={candidate.method: candidate.question for candidate in tried},
            embedder=inputs.embedder,
            prices=Prices(),
            seed=inputs.seed,
        )
        return _trials(summary, tried, inputs.seed)

    development = await trials("development", tried, parted.development)
    best = chosen(development)
    finalists = list(dict.fromkeys((tried[0], best.candidate)))
    report = await trials("report", finalists, parted.report)
    return Tuning(inputs.task, main_measure(inputs.task), parted, development, report)


def _trials(summary: Summary, tried: Sequence[Candidate], seed: int) -> tuple[Trial, ...]:
    scores = dict(summary.scored)
    for pair, result in summary.results.items():  # else a question would gain by abstentions
        if result.kind == "abstained" and pair not in scores:
            scores[pair] = {summary.main: 0.0}
    answerable = [example for example in summary.examples if example.answerable]
    names = [candidate.method for candidate in tried]
    against = {
        comparison.first: comparison
        for comparison in compare(names, summary.main, answerable, scores, seed)
    }

    def trial(candidate: Candidate) -> Trial:
        found = [
            scores[candidate.method, example.id][summary.main]
            for example in answerable
            if (candidate.method, example.id) in scores
        ]
        share = summary.main == "accuracy"
        score = estimate(found, seed=seed, share=share)
        return Trial(candidate, score, summary.row(candidate.method), against.get(candidate.method))

    found = tuple(map(trial, tried))
    if found[0].score is None:
        raise ModelError(
            "the task's own guiding question failed on every example of a half; mend the model's "
            "endpoint and give the same command again."
        )
    return found


def chosen(trials: Sequence[Trial]) -> Trial:
    """Return the best trial: the first, the task's own question, unless another one is better.

    A question that failed on an example that the task's own did not fail on is not chosen: it may
    have failed where it would have been wrong.
    """
    own = trials[0]
    best, gain = own, 0.0
    for trial in trials[1:]:
        found = trial.against.difference if trial.against else None
        if found and own.score and found.n == own.score.n and found.mean > gain:
            best, gain = trial, found.mean
    return best
