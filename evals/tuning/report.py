"""What a tuning comes to, in words, tables and figures."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from guided_profile.evals.report.summary import Comparison
from guided_profile.evals.report.tables import Table
from guided_profile.evals.tuning.tune import SIGNIFICANT, Trial, Tuning

ENOUGH = 100
"""With fewer examples in the report half, the words say how little that is."""


def verdict(tuning: Tuning, looks: int = 1) -> str:
    """Say in a few sentences which question to use, and how sure that is.

    Args:
        tuning: What came of it.
        looks: For how many questions, this one among them, the report half has been looked at.
    """
    if tuning.chosen is None:
        others = len(tuning.development) - 1
        return (
            f"Keep your question: no other one ({others} tried) did better on the development half."
            if others
            else "Keep your question: there was no other one to try."
        )
    against, label = tuning.chosen.against, tuning.chosen.candidate.label
    if against is None:
        return f"Keep your question: question {label} failed on every example of the report half."
    gain = f"{against.difference} points, p = {against.p:.3f}, n = {against.difference.n}"
    if tuning.recommended is None:
        advice = f"Keep your question: question {label} is not better on the report half ({gain})."
    elif tuning.sure:
        advice = f"Use question {label}: it is better on the report half too ({gain})."
    else:
        advice = (
            f"Question {label} is recommended, and not proven: it did better on the report half "
            f"too ({gain}), and {_doubt(against)}."
        )
    return " ".join([advice, *_warnings(tuning, against, looks)])


def _doubt(against: Comparison) -> str:
    if against.difference.low <= 0:
        return "the interval includes 0, so it may be no better"
    return f"p is not below {SIGNIFICANT}, so it may be no better"


def _warnings(tuning: Tuning, against: Comparison, looks: int) -> Iterator[str]:
    own, other = tuning.report
    n = against.difference.n
    if n < ENOUGH and against.difference.low == against.difference.high:
        yield (
            f"All {n} examples agree, so resampling them cannot say how wide the interval is: a "
            "hundred examples or more tell far more."
        )
    elif n < ENOUGH:
        yield f"With {n} examples the interval is wide: a hundred or more tell far more."
    if other.row.counts.invented > own.row.counts.invented:
        yield (
            f"Where the history holds no answer, it invents {other.row.counts.invented} of "
            f"{other.row.counts.unanswerable}, and yours {own.row.counts.invented}."
        )
    if looks > 1:
        yield (
            f"This is question {looks} that the report half is looked at for, so chance had as "
            "many turns: let examples that no run has used decide."
        )


def tables(tuning: Tuning) -> list[Table]:
    """Return a table for each half."""
    return [
        _table(tuning, "development", tuning.development, tuning.halves.development),
        _table(tuning, "report", tuning.report, tuning.halves.report),
    ]


def _table(tuning: Tuning, half: str, trials: Sequence[Trial], examples: Sequence[Any]) -> Table:
    users = len({example.user_id for example in examples})
    rows = []
    for trial in trials:
        candidate, cost, asked = trial.candidate, trial.row.cost, max(1, trial.row.asked)
        tokens = [f"{count / asked:.0f}" for count in (cost.input_tokens, cost.output_tokens)]
        words = (candidate.label, candidate.question, candidate.origin)
        rows.append((*words, str(trial.score or ""), *tokens, str(trial.row.counts.errors)))
    unwritten = "; a text that was not written scores 0" if tuning.task.kind == "text" else ""
    return Table(
        f"{tuning.task.name}, {half} half: {len(examples)} examples by {users} people",
        ("", "guiding question", "from", f"{tuning.measure} [95 %]", "in", "out", "errors"),
        rows,
        f"in, out: tokens of an answer, every call of it counted{unwritten}",
        words=3,
    )


def figures(tuning: Tuning, looks: int = 1) -> dict[str, Any]:
    """Return all of it as JSON would hold it; `looks` is as in `verdict`."""
    recommended = tuning.recommended
    return {
        "task": tuning.task.name,
        "version": tuning.task.version,
        "measure": tuning.measure,
        "recommended": recommended.question if recommended else None,
        "sure": tuning.sure,
        "verdict": verdict(tuning, looks),
        "development": _half(tuning.development, tuning.halves.development),
        "report": _half(tuning.report, tuning.halves.report),
    }


def _half(trials: Sequence[Trial], examples: Sequence[Any]) -> dict[str, Any]:
    return {
        "examples": [example.id for example in examples],
        "users": sorted({example.user_id for example in examples}),
        "trials": [
            asdict(trial.candidate)
            | {
                "method": trial.candidate.method,
                "score": asdict(trial.score) if trial.score else None,
                "asked": trial.row.asked,
                "counts": asdict(trial.row.counts),
                "cost": trial.row.cost.model_dump(),
                "against": _comparison(trial.against),
            }
            for trial in trials
        ],
    }


def _comparison(comparison: Comparison | None) -> dict[str, Any] | None:
    if comparison is None:
        return None
    return {
        "difference": asdict(comparison.difference),
        "wins": comparison.wins,
        "losses": comparison.losses,
        "p": comparison.p,
        "corrected": comparison.corrected,
    }
