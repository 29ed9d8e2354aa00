"""What the report's pictures are made of."""

from collections.abc import Sequence
from html import escape
from math import ceil, floor

WIDTH = 720
COLOURS = 6
"""The page defines `--line-0` to `--line-5`."""


def picture(height: float, label: str, body: Sequence[str]) -> str:
    """Return a picture of the page's width, with its label for those who cannot see it."""
    return (
        f'<svg viewBox="0 0 {WIDTH} {height:.0f}" role="img" aria-label="{escape(label)}">'
        f"<title>{escape(label)}</title>{''.join(body)}</svg>"
    )


def stroke(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    """Return a straight line."""
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def words_at(x: float, y: float, words: str, anchor: str = "start", kind: str = "") -> str:
    """Return words at a place."""
    where = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}"'
    return f"<text {where}>{escape(words)}</text>"


def bounds(values: Sequence[float]) -> tuple[float, float]:
    """Return round bounds around values, a tenth apart at least."""
    low, high = floor(min(values) * 10) / 10, ceil(max(values) * 10) / 10
    return low, high if high > low else low + 0.1


def ticks(low: float, high: float) -> list[float]:
    """Return round marks between two shares."""
    step = 0.1 if high - low <= 0.6 else 0.2
    return [low + step * index for index in range(floor((high - low) / step + 1e-9) + 1)]
