"""A chart of what methods reach at each length of the history: one line a method."""

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

LETTER = 6.5
"""About how wide a letter of a name is."""


@dataclass(frozen=True, slots=True)
class Point:
    """A value at a length, with its interval."""

    length: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Line:
    """A method's values, the shortest history first."""

    name: str
    points: Sequence[Point]


def lines_by_length(
    lines: Sequence[Line], measure: str, *, chance: float | None = None, logarithmic: bool = False
) -> str:
    """Draw a line a method over the lengths, on a log axis.

    Args:
        lines: The methods.
        measure: What the values are: shares of 1, or counts on a log axis.
        chance: What guessing gets, as a dashed line.
        logarithmic: Whether they are counts.
    """
    lines = [line for line in lines if any(_drawn(line, logarithmic))]
    points = [point for line in lines for point in _drawn(line, logarithmic)]
    if not points:
        return ""
    names = LETTER * max(len(line.name) for line in lines)
    left, right, top, bottom = 60.0, WIDTH - max(130.0, 50.0 + names), 14.0, 300.0
    lengths = sorted({point.length for point in points})
    first, last = log10(lengths[0]) - 0.08, log10(lengths[-1]) + 0.08
    ends = [end for point in points for end in (point.low, point.high)]
    if logarithmic:
        round_ = [log10(m * 10.0**power) for power in range(-3, 10) for m in (1, 2, 5)]
        start = max(mark for mark in round_ if mark <= log10(min(ends)))
        end = min(mark for mark in round_ if mark > log10(max(ends)))
        marks = [mark for mark in round_ if start <= mark <= end]
        low, high = marks[0], marks[-1]
    else:
        low, high = bounds([*ends, *([] if chance is None else [chance])])
        marks = ticks(low, high)

    def x(length: int, shift: float = 0.0) -> float:
        return left + (log10(length) - first) / (last - first) * (right - left) + shift

    def y(value: float) -> float:
        scaled = log10(value) if logarithmic else value
        return bottom - (scaled - low) / (high - low) * (bottom - top)

    body = []
    for mark in marks:
        level = y(10**mark if logarithmic else mark)
        named = f"{10**mark:,.0f}" if logarithmic else f"{100 * mark:.0f}"
        body.append(stroke(left, level, right, level, "grid"))
        body.append(words_at(left - 8, level + 4, named, "end", "dim"))
    for length in lengths:
        body.append(stroke(x(length), top, x(length), bottom, "grid"))
        body.append(words_at(x(length), bottom + 18, f"{length:,}", "middle", "dim"))
    if chance is not None:
        body.append(stroke(left, y(chance), right, y(chance), "chance"))
    for place, line in enumerate(lines):
        # so that intervals do not cover each other
        shift = 0.0 if logarithmic else 3.0 * (place - (len(lines) - 1) / 2)
        dashes = ";stroke-dasharray:6 4" if place >= COLOURS else ""
        style = f'style="stroke:var(--line-{place % COLOURS}){dashes}"'
        drawn = _drawn(line, logarithmic)
        path = " ".join(f"{x(point.length, shift):.1f},{y(point.value):.1f}" for point in drawn)
        body.append(f'<polyline points="{path}" class="curve" {style}/>')
        for point in drawn:
            at = x(point.length, shift)
            body.append(
                f'<path d="M{at:.1f} {y(point.low):.1f}V{y(point.high):.1f}" class="curve" '
                f'opacity="0.4" {style}/>'
                f'<circle cx="{at:.1f}" cy="{y(point.value):.1f}" r="3.5" '
                f'style="fill:var(--line-{place % COLOURS})"/>'
            )
        level = top + 6 + 20 * place
        body.append(
            f'<path d="M{right + 14:.0f} {level:.0f}h20" class="curve" {style}/>'
            + words_at(right + 40, level + 4, line.name)
        )
    body.append(words_at((left + right) / 2, bottom + 38, "items of the history", "middle", "dim"))
    height = max(bottom + 48, top + 20 * len(lines) + 10)
    return picture(height, f"{measure} by items of the history", body)


def _drawn(line: Line, logarithmic: bool) -> list[Point]:
    """Return the points that a line has: of nothing there is no logarithm."""
    return [point for point in line.points if point.value > 0 or not logarithmic]
