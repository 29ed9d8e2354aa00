"""A run's tables, the paper's figures beside ours: the same for a terminal and for the page."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from rich import table as rich_table
from rich.text import Text

from guided_profile.evals.report import paper
from guided_profile.evals.report.summary import Row, Summary
from guided_profile.evals.scorers.measures import LESS_IS_BETTER

SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Table:
    """A table, wherever it is shown."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    """The cells; a number other than 0 in the column `errors` is red."""
    caption: str = ""
    bold: Sequence[bool] = ()
    """Which rows are bold; left out: none."""
    sections: int = 0
    """After how many rows a line is drawn; 0: nowhere."""
    words: int = 1
    """How many columns, the first ones, hold words; all others hold figures."""


def for_terminal(table: Table) -> rich_table.Table:
    """Return a table as rich prints it; words beyond the first column wrap."""
    shown = rich_table.Table(
        title=Text(table.title), title_justify="left", title_style="bold", caption=table.caption
    )
    for place, name in enumerate(table.columns):
        figures = place >= table.words
        shown.add_column(
            Text(name), justify="right" if figures else "left", no_wrap=figures or place == 0
        )
    for number, row in enumerate(table.rows):
        if table.sections and number % table.sections == 0:
            shown.add_section()
        cells = [
            Text(cell, "red" if name == "errors" and cell != "0" else "")
            for name, cell in zip(table.columns, row, strict=True)
        ]
        shown.add_row(*cells, style="bold" if table.bold and table.bold[number] else "")
    return shown


def for_page(table: Table, notes: Sequence[str] = ()) -> str:
    """Return a table as HTML; the notes stand under the first cells of its rows."""
    kinds = [" class='words'" if place < table.words else "" for place in range(len(table.columns))]

    def line(cells: Sequence[str], tag: str, note: str = "") -> str:
        ends = [note, *[""] * (len(cells) - 1)]
        return "".join(
            f"<{tag}{kind}>{escape(cell)}{end}</{tag}>"
            for cell, kind, end in zip(cells, kinds, ends, strict=True)
        )

    body = ""
    for number, row in enumerate(table.rows):
        note = f"<small>{escape(notes[number])}</small>" if notes else ""
        bold = " class='sure'" if table.bold and table.bold[number] else ""
        body += f"<tr{bold}>{line(row, 'td', note)}</tr>"
    caption = f"<p class='dim'>{escape(table.caption)}</p>" if table.caption else ""
    return (
        f"<div class='scroll'><table><caption>{escape(table.title)}</caption>"
        f"<thead><tr>{line(table.columns, 'th')}</tr></thead><tbody>{body}</tbody></table></div>"
        f"{caption}"
    )


def outcomes(summary: Summary) -> list[Table]:
    """Return the tables of what the methods reached, the first of them by method or measure."""
    if summary.task.kind == "choice":
        found = [_accuracy(summary), _counts(summary)]
    else:
        found = [_texts(summary), _written(summary.rows)]
    if any(row.counts.unanswerable for row in summary.rows):
        found.append(_unanswerable(summary.rows))
    return found


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


def _percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f}" if whole else ""


def _accuracy(summary: Summary) -> Table:
    rows = []
    for row in summary.rows:
        accuracy = row.scores.get("accuracy")
        published = _published(summary.task.name, row.method, "accuracy")
        area = f"{row.curve.area:.3f}" if row.curve else ""
        n, shown = str(accuracy.n if accuracy else 0), str(accuracy or "")
        rows.append((row.method, n, shown, published, area, str(row.counts.errors)))
    return Table(
        f"{summary.task.name}: accuracy in percent [95 % interval], and the paper's",
        ("method", "n", "accuracy", "paper", "area", "errors"),
        rows,
        "area: mean accuracy over all coverages, the surest answers first",
    )


def _counts(summary: Summary) -> Table:
    rows = []
    for row in summary.rows:
        counts = row.counts
        published = paper.OUTCOMES.get(row.method, ()) if summary.task.name == "preference" else ()
        three = (counts.correct, counts.incorrect, counts.abstained)
        shares = [_percent(count, counts.scored) for count in three]
        rows.append((row.method, *shares, " / ".join(f"{share:.2f}" for share in published)))
    return Table(
        "of 100 answers, and the paper's Table 4",
        ("method", "correct", "incorrect", "abstained", "paper"),
        rows,
    )


def _published(task: str, method: str, measure: str) -> str:
    figure = paper.figures(task, method).get(measure)
    return f"{figure:.2f}" if figure is not None else ""


def _texts(summary: Summary) -> Table:
    rows = []
    for measure in dict.fromkeys(name for row in summary.rows for name in row.scores):
        heading = f"{measure} ↓" if measure in LESS_IS_BETTER else measure
        for row in summary.rows:
            score = row.scores.get(measure)
            published = _published(summary.task.name, row.method, measure)
            n, shown = str(score.n if score else 0), str(score or "")
            rows.append((heading, row.method, n, shown, published))
            heading = ""
    return Table(
        f"{summary.task.name}: scores times 100 [95 % interval], and the paper's",
        ("measure", "method", "n", "score", "paper"),
        rows,
        "over the texts that were written; ↓: less is better",
        sections=len(summary.rows),
        words=2,
    )


def _written(rows: Sequence[Row]) -> Table:
    return Table(
        "of all questions that can be answered",
        ("method", "n", "abstained", "errors"),
        [
            (
                row.method,
                str(row.counts.scored),
                _percent(row.counts.abstained, row.counts.scored),
                str(row.counts.errors),
            )
            for row in rows
        ],
    )


def _unanswerable(rows: Sequence[Row]) -> Table:
    return Table(
        "where the history holds no answer",
        ("method", "n", "abstained, rightly", "answered"),
        [
            (
                row.method,
                str(row.abstaining.n if row.abstaining else 0),
                str(row.abstaining or ""),
                str(row.counts.invented),
            )
            for row in rows
        ],
    )


def costs(summary: Summary, *, priced: bool) -> Table:
    """Return what an answer of each method took; its price only if prices were given."""
    rows = []
    for row in summary.rows:
        n, cost = max(1, row.asked), row.cost
        tokens = (cost.input_tokens, cost.cached_tokens, cost.output_tokens)
        cells = [row.method, f"{cost.calls / n:.1f}", *(f"{count / n:.0f}" for count in tokens)]
        rows.append([*cells, f"{cost.seconds / n:.1f}", *([f"{row.price:.2f}"] if priced else [])])
    money = ["1,000 answers"] if priced else []
    return Table(
        "cost of an answer, every call of it counted",
        ["method", "calls", "in", "cached", "out", "seconds", *money],
        rows,
        "in, cached, out: tokens" + ("; 1,000 answers: their price" if priced else ""),
    )


def comparisons(summary: Summary) -> Table:
    """Return how the methods compare, pair by pair."""
    exact = summary.main == "accuracy"
    test = "exact McNemar" if exact else "paired permutation"
    return Table(
        f"paired, by {summary.main}: {test}, {len(summary.comparisons)} comparisons (Holm)",
        ("", "n", "difference", "+", "−", "p", "Holm"),
        [
            (
                f"{pair.first} : {pair.second}",
                str(pair.difference.n),
                str(pair.difference),
                str(pair.wins),
                str(pair.losses),
                f"{pair.p:.3f}",
                f"{pair.corrected:.3f}",
            )
            for pair in summary.comparisons
        ],
        "+ and −: the examples on which the first is better, and worse; "
        f"bold: below {SIGNIFICANT} after Holm",
        bold=[pair.corrected < SIGNIFICANT for pair in summary.comparisons],
    )
