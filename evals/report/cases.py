"""The cases of a run side by side: where one method beats another, and where it loses."""

from collections.abc import Sequence
from html import escape

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.report.summary import Summary
from guided_profile.evals.scorers.measures import LESS_IS_BETTER
from guided_profile.evals.scorers.result import Result
from guided_profile.graph.records import HistoryItem

MOST_CASES = 8
MOST_ITEMS = 12
GUIDED = ("gpg", "default", "gpg-retry", "gpg-g", "gpg-nopc", "pg")
RAW = ("dg", "rag", "dg0")


def sides(summary: Summary) -> tuple[str, str] | None:
    """Return the guided and the raw method to show side by side, if the run has both."""
    methods = [row.method for row in summary.rows]
    guided = next((name for name in GUIDED if name in methods), None)
    raw = next((name for name in RAW if name in methods), None)
    return (guided, raw) if guided and raw else None


def differing(summary: Summary, guided: str, raw: str) -> list[tuple[float, Example]]:
    """Return the examples on which the two differ, by how much, the largest gain first."""
    found = []
    for example in summary.examples:
        ours = summary.scored.get((guided, example.id), {}).get(summary.main)
        theirs = summary.scored.get((raw, example.id), {}).get(summary.main)
        if ours is not None and theirs is not None and ours != theirs:
            sign = -1.0 if summary.main in LESS_IS_BETTER else 1.0
            found.append((sign * (ours - theirs), example))
    return sorted(found, key=lambda pair: -pair[0])


def cases(summary: Summary) -> str:
    """Return the cases as HTML, the gains first, then the losses."""
    pair = sides(summary)
    if pair is None:
        return "<p>The run has no guided and raw method to hold against each other.</p>"
    found = differing(summary, *pair)
    gains = [example for gain, example in found if gain > 0]
    losses = [example for gain, example in reversed(found) if gain < 0]
    return _group(summary, pair, f"{pair[0]} beats {pair[1]}", gains) + _group(
        summary, pair, f"{pair[0]} loses to {pair[1]}", losses
    )


def _group(summary: Summary, pair: tuple[str, str], title: str, examples: Sequence[Example]) -> str:
    more = f", {MOST_CASES} of them shown" if len(examples) > MOST_CASES else ""
    shown = "".join(_case(summary, pair, example) for example in examples[:MOST_CASES])
    return f"<h3>{escape(title)}: {len(examples)} cases{more}</h3>{shown}"


def _case(summary: Summary, pair: tuple[str, str], example: Example) -> str:
    guided, raw = (summary.results[name, example.id] for name in pair)
    better = summary.scored[pair[0], example.id][summary.main]
    worse = summary.scored[pair[1], example.id][summary.main]
    ahead = (better > worse) != (summary.main in LESS_IS_BETTER)
    return (
        f"<details><summary>{escape(example.question)}</summary>"
        f"<p class='dim'>{escape(example.id)}. This person's own: "
        f"<strong class='good'>{escape(example.reference)}</strong></p>"
        f"{_options(example)}<div class='sides'>"
        f"{_side(pair[0], guided, example, won=ahead)}{_side(pair[1], raw, example, won=not ahead)}"
        f"</div>{_profile(guided)}{_history(example.history)}</details>"
    )


def _options(example: Example) -> str:
    if not example.options:
        return ""
    own = " class='good'"
    listed = [
        f"<li{own if option == example.reference else ''}>{escape(option)}</li>"
        for option in example.options
    ]
    return f"<ul>{''.join(listed)}</ul>"


def _side(name: str, result: Result, example: Example, *, won: bool) -> str:
    if result.kind == "answered":
        text = escape(result.text)
        sure = f", confidence {result.confidence:.0%}" if result.confidence is not None else ""
    else:
        text = f"<em>{escape(result.kind)}: {escape(result.reason)}</em>"
        sure = ""
    kind = "side won" if won else "side"
    return f"<div class='{kind}'><h4>{escape(name)}{escape(sure)}</h4>{text}</div>"


def _profile(result: Result) -> str:
    kept = [f"<li>{escape(sentence)}</li>" for sentence in result.profile]
    dropped = [
        f"<li><del>{escape(sentence)}</del> <span class='dim'>no evidence</span></li>"
        for sentence in result.unsupported
    ]
    guidance = (
        f"<p><strong>Guidance</strong> {escape(result.guidance)}</p>" if result.guidance else ""
    )
    if not kept and not dropped:
        return guidance
    return f"{guidance}<p><strong>Profile</strong></p><ul>{''.join([*kept, *dropped])}</ul>"


def _history(items: Sequence[HistoryItem]) -> str:
    shown = "".join(f"<li>{escape(_item(item))}</li>" for item in items[-MOST_ITEMS:])
    count = f"{len(items)} items" + (f", the last {MOST_ITEMS}" if len(items) > MOST_ITEMS else "")
    return f"<p><strong>History</strong> <span class='dim'>{count}</span></p><ul>{shown}</ul>"


def _item(item: HistoryItem) -> str:
    text = " ".join(item.text.split())
    text = text if len(text) <= 220 else text[:219] + "…"
    labels = [item.time.date().isoformat()] if item.time else []
    return " · ".join([*labels, *([item.category] if item.category else []), text])
