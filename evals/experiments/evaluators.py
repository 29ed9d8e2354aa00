"""The scores of an answer as LangSmith feedback: what `summary` adds up, one answer at a time.

error               1 if it failed, and then nothing else: an error is no score
abstained           1 if the method declined
rightly-abstained   the same, of examples that the history cannot answer
accuracy            of a choice; an abstention is not accurate
rouge-l, meteor, …  of a text: see `summary.text_scores`
confidence          as the method gives it
calls, input-tokens, output-tokens, cached-tokens, seconds, tries    what it took
"""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from langsmith import schemas
from langsmith.evaluation import EvaluationResult, EvaluationResults, RunEvaluator

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.scorers.measures import Scored, answer_scores
from guided_profile.evals.scorers.result import Result

TextScore = Callable[[str, str], Scored]


def feedback(example: Example, result: Result, score: TextScore) -> Scored:
    """Return the scores of what a method said to an example, by feedback key.

    Args:
        example: What was asked.
        result: What was said.
        score: What scores a text against the reference: see `summary.text_scores`.
    """
    if result.kind == "error":
        return {"error": 1.0}
    declined = float(result.kind == "abstained")
    scores: Scored = {"error": 0.0, "abstained": declined}
    if not example.answerable:
        scores["rightly-abstained"] = declined
    scores |= answer_scores(example, result, score) or {}
    if result.confidence is not None:
        scores["confidence"] = result.confidence
    cost = {name.replace("_", "-"): float(n) for name, n in result.cost.model_dump().items()}
    return scores | cost | {"tries": float(result.tries)}


class Evaluator(RunEvaluator):
    """Gives a run its feedback; of a method's run, as `experiment` traces it."""

    def __init__(self, examples: Mapping[UUID, Example], method: str, score: TextScore) -> None:
        """Score the runs of one method.

        Args:
            examples: By the id that each has in LangSmith.
            method: Whose runs they are.
            score: What scores a text against the reference.
        """
        self.examples = examples
        self.method = method
        self.score = score
        self.broken: Exception | None = None
        """Why a run could not be scored; `aevaluate` itself says nothing of it."""

    def evaluate_run(
        self,
        run: schemas.Run,
        example: schemas.Example | None = None,
        evaluator_run_id: UUID | None = None,
    ) -> EvaluationResults:
        """Return the feedback of a run."""
        try:
            assert example is not None
            asked = self.examples[example.id]
            scores = feedback(asked, result_of(run, asked.id, self.method), self.score)
        except Exception as error:
            self.broken = error
            raise
        return {"results": [EvaluationResult(key=key, score=n) for key, n in scores.items()]}

    @property
    def feedback_keys(self) -> list[str]:
        """None: they depend on the answer."""
        return []


def result_of(run: schemas.Run, example: str, method: str) -> Result:
    """Read back what a run says that the method said; a run with an error is an error."""
    if run.error or not run.outputs:
        reason = run.error or "nothing was said"
        return Result(example=example, method=method, kind="error", reason=reason)
    fields: dict[str, Any] = {**run.outputs, "example": example, "method": method}
    return Result.model_validate(fields)
