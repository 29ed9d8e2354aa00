"""A run's tables in a terminal, the paper's beside ours."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from guided_profile.evals.report import paper
from guided_profile.evals.report.summary import LESS_IS_BETTER, Comparison, Row, Summary

SIGNIFICANT = 0.05


def tables(summary: Summary, *, priced: bool) -> Iterator[RenderableType]:
    """Return what is printed at the end of a run.

    Args:
        summary: The run.
        priced: Whether prices were given.
    """
    yield Text(" · ".join(f"{name} {value}" for name, value in summary.facts.items()), "dim")
    if summary.task.kind == "choice":
        yield _accuracy(summary)
        yield _outcomes(summary)
    else:
        yield _texts(summary)
        yield _written(summary.rows)
    if any(row.counts.unanswerable for row in summary.rows):
        yield _unanswerable(summary.rows)
    yield _costs(summary.rows, priced)
    for line in bare(summary.rows):
        yield Text(line)
    if summary.comparisons:
        yield _comparisons(summary.comparisons)
    if summary.judged:
        yield Text(str(summary.judged))
    errors = sum(row.counts.errors for row in summary.rows)
    if errors:
        said = "they count as errors, not as answers; the same command asks them again"
        yield Text(f"{errors} answers failed: {said}.", "red")


def bare(rows: Sequence[Row]) -> list[str]:
    """Return how often the methods' profiles had nothing to show, those alike in one line."""
    alike: dict[tuple[int, int], list[str]] = {}
    for row in rows:
        if row.bare:
            alike.setdefault((row.bare, row.asked), []).append(row.method)
    return [
        f"In {few} of {asked} profiles no sentence had evidence: {', '.join(methods)}."
        for (few, asked), methods in alike.items()
    ]


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(columns[0], no_wrap=True)
    for column in columns[1:]:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f}" if whole else ""


def _accuracy(summary: Summary) -> Table:
    table = _table(
        f"{summary.task.name}: accuracy in percent [95 % interval], and the paper's",
        "method", "n", "accuracy", "paper", "area", "errors",
    )  # fmt: skip
    for row in summary.rows:
        accuracy = row.scores.get("accuracy")
        table.add_row(
            row.method,
            str(accuracy.n if accuracy else 0),
            str(accuracy or ""),
            _published(summary.task.name, row.method, "accuracy"),
            f"{row.curve.area:.3f}" if row.curve else "",
            _errors(row),
        )
    table.caption = "area: mean accuracy over all coverages, the surest answers first"
    return table


def _outcomes(summary: Summary) -> Table:
    table = _table(
        "of 100 answers, and the paper's Table 4",
        "method", "correct", "incorrect", "abstained", "paper",
    )  # fmt: skip
    for row in summary.rows:
        n = row.counts.scored
        published = paper.OUTCOMES.get(row.method) if summary.task.name == "preference" else None
        table.add_row(
            row.method,
            _percent(row.counts.correct, n),
            _percent(row.counts.incorrect, n),
            _percent(row.counts.abstained, n),
            " / ".join(f"{one:.2f}" for one in published) if published else "",
        )
    return table


def _errors(row: Row) -> Text:
    return Text(str(row.counts.errors), "red" if row.counts.errors else "dim")


def _published(task: str, method: str, measure: str) -> str:
    figure = paper.figures(task, method).get(measure)
    return f"{figure:.2f}" if figure is not None else ""


def _texts(summary: Summary) -> Table:
    table = _table(
        f"{summary.task.name}: scores times 100 [95 % interval], and the paper's",
        "measure", "method", "n", "score", "paper",
    )  # fmt: skip
    for measure in dict.fromkeys(one for row in summary.rows for one in row.scores):
        table.add_section()
        heading = f"{measure} ↓" if measure in LESS_IS_BETTER else measure
        for row in summary.rows:
            score = row.scores.get(measure)
            table.add_row(
                heading,
                row.method,
                str(score.n if score else 0),
                str(score or ""),
                _published(summary.task.name, row.method, measure),
            )
            heading = ""
    table.caption = "over the texts that were written; ↓: less is better"
    return table


def _written(rows: Sequence[Row]) -> Table:
    table = _table("of all questions that can be answered", "method", "n", "abstained", "errors")
    for row in rows:
        abstained = _percent(row.counts.abstained, row.counts.scored)
        table.add_row(row.method, str(row.counts.scored), abstained, _errors(row))
    return table


def _unanswerable(rows: Sequence[Row]) -> Table:
    table = _table(
        "where the history holds no answer", "method", "n", "abstained, rightly", "answered"
    )
    for row in rows:
        abstaining = row.abstaining
        table.add_row(
            row.method,
            str(abstaining.n if abstaining else 0),
            str(abstaining or ""),
            str(row.counts.invented),
        )
    return table


def _costs(rows: Sequence[Row], priced: bool) -> Table:
    money = ["1,000 answers"] if priced else []
    table = _table(
        "cost of an answer, every call of it counted",
        "method", "calls", "in", "cached", "out", "seconds", *money,
    )  # fmt: skip
    for row in rows:
        n, cost = max(1, row.asked), row.cost
        table.add_row(
            row.method,
            f"{cost.calls / n:.1f}",
            f"{cost.input_tokens / n:.0f}",
            f"{cost.cached_tokens / n:.0f}",
            f"{cost.output_tokens / n:.0f}",
            f"{cost.seconds / n:.1f}",
            *([f"{row.price:.2f}"] if priced else []),
        )
    return table


def _comparisons(comparisons: Sequence[Comparison]) -> Table:
    exact = comparisons[0].measure == "accuracy"
    test = "exact McNemar" if exact else "paired permutation"
    table = _table(
        f"paired, by {comparisons[0].measure}: {test}, {len(comparisons)} comparisons (Holm)",
        "", "n", "difference", "+", "−", "p", "Holm",
    )  # fmt: skip
    for one in comparisons:
        style = "bold" if one.corrected < SIGNIFICANT else ""
        table.add_row(
            f"{one.first} : {one.second}",
            str(one.difference.n),
            str(one.difference),
            str(one.wins),
            str(one.losses),
            f"{one.p:.3f}",
            f"{one.corrected:.3f}",
            style=style,
        )
    table.caption = "+ and −: the examples on which the first is better, and worse"
    return table
