"""The report's pictures: SVG that needs nothing from outside, in the page's own colours."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

from guided_profile.evals.report.svg import (
    COLOURS,
    WIDTH,
    bounds,
    picture,
    stroke,
    ticks,
    words_at,
)
from guided_profile.evals.scorers.outcomes import RiskCoverage
from guided_profile.evals.scorers.statistics import Estimate, wilson


@dataclass(frozen=True, slots=True)
class Dot:
    """A method in a chart."""

    name: str
    value: Estimate
    published: float | None = None
    """The paper's figure, 0 to 1."""
    tokens: float = 0.0
    """Of one answer."""


def intervals(dots: Sequence[Dot], measure: str, chance: float | None = None) -> str:
    """Draw each method's mean with its 95 % interval, and the paper's figure as a diamond.

    Args:
        dots: The methods, from top to bottom.
        measure: What the values are, 0 to 1.
        chance: What guessing gets, as a dashed line.
    """
    left, right, row, top = 150.0, WIDTH - 90.0, 30.0, 14.0
    ends = [end for dot in dots for end in (dot.value.low, dot.value.high)]
    ends += [dot.published for dot in dots if dot.published is not None]
    low, high = bounds([*ends, *([chance] if chance is not None else [])])
    bottom = top + row * len(dots)

    def x(value: float) -> float:
        return left + (value - low) / (high - low) * (right - left)

    body = []
    for tick in ticks(low, high):
        body.append(stroke(x(tick), top, x(tick), bottom, "grid"))
        body.append(words_at(x(tick), bottom + 18, f"{100 * tick:.0f}", "middle", "dim"))
    if chance is not None:
        body.append(stroke(x(chance), top, x(chance), bottom, "chance"))
    for place, dot in enumerate(dots):
        y = top + row * (place + 0.5)
        body.append(words_at(left - 12, y + 4, dot.name, "end"))
        body.append(stroke(x(dot.value.low), y, x(dot.value.high), y, "whisker"))
        body.append(f'<circle cx="{x(dot.value.mean):.1f}" cy="{y:.1f}" r="5.5" class="dot"/>')
        if dot.published is not None:
            at = x(dot.published)
            body.append(
                f'<path d="M{at:.1f} {y - 7:.1f}l7 7-7 7-7-7z" class="published">'
                f"<title>the paper: {100 * dot.published:.2f}</title></path>"
            )
        body.append(words_at(right + 14, y + 4, f"{100 * dot.value.mean:.1f}", kind="value"))
    return picture(bottom + 28, f"{measure} of each method with its 95 % interval", body)


def bars(amounts: Sequence[tuple[str, float]], measure: str) -> str:
    """Draw amounts above zero as bars from zero, each with its figure.

    Args:
        amounts: Name and amount, from top to bottom.
        measure: What they are.
    """
    left, right, row, top = 150.0, WIDTH - 110.0, 30.0, 14.0
    most = max(amount for _, amount in amounts)
    body = []
    for place, (name, amount) in enumerate(amounts):
        y, width = top + row * (place + 0.5), max(2.0, amount / most * (right - left))
        body.append(words_at(left - 12, y + 4, name, "end"))
        body.append(
            f'<rect x="{left:.1f}" y="{y - 8:.1f}" width="{width:.1f}" height="16" class="bar"/>'
        )
        body.append(words_at(left + width + 8, y + 4, f"{amount:,.0f}", kind="value"))
    return picture(top + row * len(amounts) + 8, measure, body)


def against_tokens(dots: Sequence[Dot], measure: str) -> str:
    """Draw quality against the tokens of an answer (input and output), on a log axis."""
    dots = [dot for dot in dots if dot.tokens > 0]
    if not dots:
        return ""
    left, right, top, bottom = 60.0, WIDTH - 110.0, 14.0, 280.0
    low, high = bounds([end for dot in dots for end in (dot.value.low, dot.value.high)])
    powers = [log10(dot.tokens) for dot in dots]
    first, last = min(powers) - 0.1, max(powers) + 0.1

    def x(tokens: float) -> float:
        return left + (log10(tokens) - first) / (last - first) * (right - left)

    def y(value: float) -> float:
        return bottom - (value - low) / (high - low) * (bottom - top)

    body = []
    for tick in ticks(low, high):
        body.append(stroke(left, y(tick), right, y(tick), "grid"))
        body.append(words_at(left - 8, y(tick) + 4, f"{100 * tick:.0f}", "end", "dim"))
    marks = [m * 10**power for power in range(8) for m in (1, 2, 5)]
    for mark in (mark for mark in marks if first <= log10(mark) <= last):
        body.append(stroke(x(mark), top, x(mark), bottom, "grid"))
        body.append(words_at(x(mark), bottom + 18, f"{mark:,}", "middle", "dim"))
    taken: list[tuple[float, float]] = []
    for dot in sorted(dots, key=lambda dot: -dot.value.mean):
        at, level = x(dot.tokens), y(dot.value.mean)
        body.append(stroke(at, y(dot.value.low), at, y(dot.value.high), "whisker faint"))
        body.append(f'<circle cx="{at:.1f}" cy="{level:.1f}" r="5.5" class="dot"/>')
        named = level + 4
        while any(abs(at - other) < 90 and abs(named - beside) < 15 for other, beside in taken):
            named += 15
        taken.append((at, named))
        body.append(words_at(at + 10, named, dot.name))
    body.append(words_at((left + right) / 2, bottom + 38, "tokens of an answer", "middle", "dim"))
    return picture(bottom + 48, f"{measure} against the tokens of an answer", body)


_LEFT, _RIGHT, _TOP, _BOTTOM = 60.0, WIDTH - 130.0, 14.0, 280.0
"""Where the charts stand whose axes both go from 0 to 100 percent."""


def _across(share: float) -> float:
    return _LEFT + share * (_RIGHT - _LEFT)


def _up(share: float) -> float:
    return _BOTTOM - share * (_BOTTOM - _TOP)


def _unit_axes(words: str) -> list[str]:
    """Draw both axes, the words below."""
    body = [words_at((_LEFT + _RIGHT) / 2, _BOTTOM + 38, words, "middle", "dim")]
    for tick in ticks(0.0, 1.0):
        x, y = _across(tick), _up(tick)
        body += [stroke(_LEFT, y, _RIGHT, y, "grid"), stroke(x, _TOP, x, _BOTTOM, "grid")]
        body.append(words_at(_LEFT - 8, y + 4, f"{100 * tick:.0f}", "end", "dim"))
        body.append(words_at(x, _BOTTOM + 18, f"{100 * tick:.0f}", "middle", "dim"))
    return body


def risk_coverage(curves: Sequence[tuple[str, RiskCoverage]]) -> str:
    """Draw accuracy at each coverage, a line for each method.

    Raises:
        ValueError: There are more than `COLOURS`.
    """
    if len(curves) > COLOURS:
        raise ValueError(f"{len(curves)} curves; there are {COLOURS} colours.")
    body = _unit_axes("percent answered, the surest first")
    for place, (name, curve) in enumerate(curves):
        points = " ".join(
            f"{_across(share):.1f},{_up(accuracy):.1f}"
            for share, accuracy in zip(curve.coverage, curve.accuracy, strict=True)
        )
        colour = f'style="stroke:var(--line-{place})"'
        body.append(f'<polyline points="{points}" class="curve" {colour}/>')
        level = _TOP + 20 + 22 * place
        body.append(
            f'<line x1="{_RIGHT + 14:.0f}" y1="{level}" x2="{_RIGHT + 34:.0f}" y2="{level}" '
            f'class="curve" {colour}/>'
        )
        body.append(words_at(_RIGHT + 40, level + 4, name))
    return picture(_BOTTOM + 48, "accuracy of the surest answers at each coverage", body)


def reliability(pairs: Sequence[tuple[float, bool]], bins: int = 10) -> str:
    """Draw how often what was given a probability is so, against that probability.

    Args:
        pairs: A probability, and whether it was so.
        bins: How many groups of about the same size; each is a dot with its 95 % interval.
    """
    body = [stroke(_across(0), _up(0), _across(1), _up(1), "chance")]
    body += _unit_axes("percent, as the verifier says")
    ranked = sorted(pairs)
    for number in range(bins):
        group = ranked[number * len(ranked) // bins : (number + 1) * len(ranked) // bins]
        if not group:
            continue
        x, true = _across(sum(p for p, _ in group) / len(group)), sum(true for _, true in group)
        low, high = wilson(true, len(group))
        body.append(stroke(x, _up(low), x, _up(high), "interval"))
        body.append(f'<circle cx="{x:.1f}" cy="{_up(true / len(group)):.1f}" r="4" class="dot"/>')
    return picture(_BOTTOM + 48, "how often a sentence is supported, by its probability", body)
