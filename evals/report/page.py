"""A run as one page: no script, nothing from outside, light and dark."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files

from guided_profile.evals.report import charts, paper
from guided_profile.evals.report.cases import cases, sides
from guided_profile.evals.report.charts import Dot
from guided_profile.evals.report.summary import Summary
from guided_profile.evals.report.svg import COLOURS
from guided_profile.evals.report.tables import (
    SIGNIFICANT,
    bare,
    comparisons,
    costs,
    for_page,
    outcomes,
)

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""What the page may load: nothing."""


def page(summary: Summary, *, priced: bool) -> str:
    """Return the report.

    Args:
        summary: The run.
        priced: Whether prices were given.
    """
    measure = escape(summary.main)
    parts = [
        _headline(summary),
        f"<h2>{measure.capitalize()}, method by method</h2>{_quality(summary)}",
        f"<h2>{measure.capitalize()} against tokens</h2>{_tokens(summary, priced)}",
        _surest(summary),
        f"<h2>Pair by pair</h2>{_comparisons(summary)}{_judged(summary)}",
        f"<h2>Cases, side by side</h2>{cases(summary)}",
        _errors(summary),
    ]
    title = f"{summary.task.name}: what a guided profile is worth"
    return document(title, summary.facts, parts)


def document(title: str, facts: Mapping[str, str], parts: Iterable[str]) -> str:
    """Return a page: no script, nothing from outside, light and dark.

    Args:
        title: Its heading too.
        facts: What stands below that: name and value.
        parts: The rest, as HTML.
    """
    style = (files("guided_profile.evals.report") / "report.css").read_text(encoding="utf-8")
    listed = " · ".join(f"{name} {value}" for name, value in facts.items())
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        f"<title>{escape(title)}</title><style>{style}</style></head>"
        f"<body><main><h1>{escape(title)}</h1><p class='facts'>{escape(listed)}</p>"
        f"{''.join(parts)}</main></body></html>\n"
    )


def _headline(summary: Summary) -> str:
    pair = sides(summary)
    found = [
        comparison
        for comparison in summary.comparisons
        if pair == (comparison.first, comparison.second)
    ]
    if not found:
        return ""
    comparison, difference = found[0], found[0].difference
    ours, theirs = (
        summary.row(name).scores.get(summary.main) for name in (comparison.first, comparison.second)
    )
    if ours is None or theirs is None:
        return ""
    verdict = (
        "the difference is larger than chance would make it"
        if comparison.corrected < SIGNIFICANT
        else "that may be chance"
    )
    return (
        f"<p class='headline'><strong>{escape(comparison.first)}</strong> reaches "
        f"{100 * ours.mean:.1f}, <strong>{escape(comparison.second)}</strong> "
        f"{100 * theirs.mean:.1f} ({escape(summary.main)}, in percent): "
        f"{100 * difference.mean:+.1f} points "
        f"[{100 * difference.low:+.1f}, {100 * difference.high:+.1f}] over the {difference.n} "
        f"examples that both were scored on. It is better on {comparison.wins} and worse on "
        f"{comparison.losses}; {verdict} (corrected p = {comparison.corrected:.3f}).</p>"
    )


def _dots(summary: Summary) -> list[Dot]:
    dots = []
    for row in summary.rows:
        value = row.scores.get(summary.main)
        if value:
            published = paper.figures(summary.task.name, row.method).get(summary.main)
            tokens = (row.cost.input_tokens + row.cost.output_tokens) / max(1, row.asked)
            share = published / 100 if published is not None else None
            dots.append(Dot(row.method, value, share, tokens))
    return dots


def _quality(summary: Summary) -> str:
    dots = _dots(summary)
    if not dots:
        return "<p>Nothing was answered.</p>"
    chance = None
    if summary.task.kind == "choice":
        choices = [example for example in summary.examples if example.options]
        chance = (
            sum(1 / len(example.options) for example in choices) / len(choices) if choices else None
        )
    diamond = "A diamond is the paper's figure (gpt-3.5-turbo-1106). " if _any(dots) else ""
    dashed = "The dashed line is what guessing gets. " if chance else ""
    caption = f"The line is the 95 % interval. {diamond}{dashed}"
    return (
        f"<figure>{charts.intervals(dots, summary.main, chance)}"
        f"<figcaption>{caption}</figcaption></figure>{_tables(summary)}"
    )


def _any(dots: Sequence[Dot]) -> bool:
    return any(dot.published is not None for dot in dots)


def _tables(summary: Summary) -> str:
    described = [row.description for row in summary.rows]
    shown = ""
    for table in outcomes(summary):
        notes = described if table.columns[0] == "method" else []
        shown += for_page(table, notes)
        described = [] if notes else described  # once, where each method has a row
    return shown + "".join(f"<p>{escape(line)}</p>" for line in bare(summary.rows))


def _tokens(summary: Summary, priced: bool) -> str:
    chart = charts.against_tokens(_dots(summary), summary.main)
    figure = (
        f"<figure>{chart}<figcaption>Up is better, left is cheaper; input and output tokens of "
        "every call that an answer took, its profile's too.</figcaption></figure>"
        if chart
        else ""
    )
    return figure + for_page(costs(summary, priced=priced))


def _surest(summary: Summary) -> str:
    curves = [(row.method, row.curve) for row in summary.rows if row.curve and row.cost.calls]
    if not curves:
        return ""
    areas = ", ".join(f"{name} {curve.area:.3f}" for name, curve in curves)
    best = sorted(curves, key=lambda pair: -pair[1].area)[:COLOURS]
    drawn = f" The {len(best)} best by that are drawn." if len(best) < len(curves) else ""
    return (
        f"<h2>If only the surest are answered</h2><figure>{charts.risk_coverage(best)}"
        "<figcaption>Accuracy of the surest answers alone. A line that falls to the right knows "
        f"which of its answers to trust. Mean over all coverages: {escape(areas)}.{drawn}"
        "</figcaption></figure>"
    )


def _comparisons(summary: Summary) -> str:
    if not summary.comparisons:
        return "<p>There is one method: nothing to compare.</p>"
    return for_page(comparisons(summary))


def _judged(summary: Summary) -> str:
    if summary.judged is None:
        return ""
    mark = "" if summary.judged.claimed else " class='bad'"
    return f"<p{mark}>{escape(str(summary.judged))}</p>"


def _errors(summary: Summary) -> str:
    failed = [result for result in summary.results.values() if result.kind == "error"]
    if not failed:
        return ""
    shown = "".join(
        f"<li>{escape(result.method)} on {escape(result.example)}: {escape(result.reason)}</li>"
        for result in failed[:20]
    )
    return (
        f"<h2 class='bad'>{len(failed)} answers failed</h2><p>They count neither as answers nor "
        f"as abstentions, and are in no score.</p><ul>{shown}</ul>"
    )
