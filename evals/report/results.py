"""The page of results: one figure for each question, drawn from what was measured.

    python -m guided_profile.evals.report.results

reads `evals/results/figures.yaml`, and writes `docs/results.md` and its pictures. A figure is kept
as counts or means, never as a picture, so that its interval is computed where it is drawn.
"""

import re
from datetime import date
from pathlib import Path
from typing import Annotated, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from guided_profile.evals.report.charts import Dot, bars, intervals
from guided_profile.evals.report.lines import Line, Point, lines_by_length
from guided_profile.evals.scorers.statistics import Estimate, wilson

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "evals/results/figures.yaml"
PAGE = ROOT / "docs/results.md"
PICTURES = ROOT / "docs/images/results"

_STYLE = """
:root {
  --ink: #1d2126; --dim: #626a73; --rule: #dedbd3; --dot: #1f6f6b; --card: #fff;
  --line-0: #1f6f6b; --line-1: #c2571a; --line-2: #5b5fc7; --line-3: #9a7b00;
  --line-4: #b0387d; --line-5: #6b7280;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6e6e1; --dim: #9aa3ab; --rule: #343a40; --dot: #5cc2b8; --card: #14171a;
    --line-0: #5cc2b8; --line-1: #f09a5d; --line-2: #a3a6ff; --line-3: #e0c14a;
    --line-4: #f086bf; --line-5: #a9b1b9;
  }
}
svg { font: 13px system-ui, sans-serif; }
text { fill: var(--ink); } text.dim { fill: var(--dim); }
.back { fill: var(--card); } .dot, .bar { fill: var(--dot); }
.grid { stroke: var(--rule); } .chance { stroke: var(--dim); stroke-dasharray: 4 4; }
.whisker { stroke: var(--dot); stroke-width: 2.5; stroke-linecap: round; opacity: .55; }
.curve { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
"""
_HEAD = """# What was measured

One figure for each question. Lines are 95 % intervals (Wilson's for counts, bootstrap for means). \
What a figure does not show stands below it; how it was made, and all else that was tried, is on \
the page that it names. The embedded model is Qwen2.5-Coder-1.5B-Instruct, Q4_K_M, the smallest \
that this project is tried with. The data are not part of the project: the commands take files \
that [Data sets](datasets.md) says how to make, or your own.

<!-- Made from evals/results/figures.yaml by `python -m guided_profile.evals.report.results`. -->
"""

_Words = Annotated[str, Field(min_length=1)]


class Arm(BaseModel):
    """What was measured for one arm of a figure: a count, a mean, or an amount."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: _Words
    count: int | None = Field(None, ge=0)
    """Of `n`."""
    mean: float | None = Field(None, ge=0, le=1)
    interval: tuple[float, float] | None = None
    """Of the mean."""
    amount: float | None = Field(None, gt=0)
    items: int | None = Field(None, ge=1)
    """Of the histories, where a figure has several lengths."""
    n: int = Field(ge=1)

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
        if [self.count, self.mean, self.amount].count(None) != 2:
            raise ValueError("give one of count, mean and amount.")
        if (self.mean is None) != (self.interval is None):
            raise ValueError("a mean has an interval, and nothing else has.")
        if self.count is not None and self.count > self.n:
            raise ValueError(f"count is {self.count}, of {self.n}.")
        return self

    def share(self) -> Estimate:
        """Return the share and its interval."""
        if self.count is not None:
            return Estimate(self.count / self.n, *wilson(self.count, self.n), self.n)
        assert self.mean is not None
        assert self.interval is not None
        return Estimate(self.mean, *self.interval, self.n)


class Figure(BaseModel):
    """A question and what was measured for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z]+(-[a-z]+)*$")
    question: _Words
    answer: _Words
    """In a sentence or two, as the figure has it."""
    measure: _Words
    arms: tuple[Arm, ...] = Field(min_length=1)
    chance: float | None = Field(None, ge=0, le=1)
    date: date
    commands: tuple[_Words, ...] = Field(min_length=1)
    not_shown: _Words
    page: _Words
    """Where the whole is, from the repository's root; it may name a heading."""

    @model_validator(mode="after")
    def _check_axis(self) -> Self:
        if len({arm.amount is None for arm in self.arms}) != 1:
            raise ValueError("amounts and shares do not go into one figure.")
        if len({arm.items is None for arm in self.arms}) != 1:
            raise ValueError("give items for each arm, or for none.")
        if self.arms[0].items and self.arms[0].amount is not None:
            raise ValueError("amounts are not drawn by length.")
        if len({(arm.name, arm.items) for arm in self.arms}) != len(self.arms):
            raise ValueError("two arms are the same.")
        if not (ROOT / self.page.partition("#")[0]).is_file():
            raise ValueError(f"page: there is no file {self.page!r}.")
        return self

    def picture(self) -> str:
        """Draw it, as an SVG file that needs nothing else."""
        if self.arms[0].amount is not None:
            drawn = bars([(arm.name, arm.amount or 0.0) for arm in self.arms], self.measure)
        elif self.arms[0].items:
            drawn = lines_by_length(self._lines(), self.measure, chance=self.chance)
        else:
            dots = [Dot(arm.name, arm.share()) for arm in self.arms]
            drawn = intervals(dots, self.measure, self.chance)
        name = '<svg xmlns="http://www.w3.org/2000/svg" '
        back = '<rect class="back" width="100%" height="100%"/>'
        drawn = drawn.replace("<svg ", name, 1)
        return re.sub(r"(<svg [^>]*>)", rf"\1<style>{_STYLE}</style>{back}", drawn, count=1) + "\n"

    def section(self) -> str:
        """Write it down."""
        commands = "\n".join(self.commands)
        return (
            f"## {self.question}\n\n{self.answer.strip()}\n\n"
            f"![{self.measure}](images/results/{self.id}.svg)\n\n"
            f"{self._table()}\n\n"
            f"```\n{commands}\n```\n\n"
            f"{self.date.isoformat()}, [the whole of it](../{self.page}). "
            f"**What it does not show:** {self.not_shown.strip()}\n"
        )

    def _by_name(self) -> dict[str, dict[int, Arm]]:
        """Return the arms of a figure of several lengths."""
        found: dict[str, dict[int, Arm]] = {}
        for arm in self.arms:
            found.setdefault(arm.name, {})[arm.items or 0] = arm
        return found

    def _lines(self) -> list[Line]:
        return [
            Line(name, [_point(items, arm.share()) for items, arm in sorted(arms.items())])
            for name, arms in self._by_name().items()
        ]

    def _table(self) -> str:
        if not self.arms[0].items:
            rows = [f"| {arm.name} | {_value(arm)} | {arm.n:,} |" for arm in self.arms]
            return "\n".join([f"| | {self.measure} | n |", "|---|---|---|", *rows])
        lengths = sorted({arm.items or 0 for arm in self.arms})
        head = "".join(f" {items:,} items |" for items in lengths)
        rows = [
            f"| {name} |" + "".join(f" {_value(arms[n]) if n in arms else ''} |" for n in lengths)
            for name, arms in self._by_name().items()
        ]
        return "\n".join([f"| {self.measure} |{head}", "|---" * (1 + len(lengths)) + "|", *rows])


def _point(items: int, share: Estimate) -> Point:
    return Point(items, share.mean, share.low, share.high)


def _value(arm: Arm) -> str:
    if arm.amount is not None:
        return f"{arm.amount:,.0f}"
    share = arm.share()
    counted = f"{arm.count} of {arm.n}, " if arm.count is not None else ""
    return f"{counted}{100 * share.mean:.0f} % [{100 * share.low:.0f}, {100 * share.high:.0f}]"


def figures(path: Path = SOURCE) -> list[Figure]:
    """Read the figures.

    Raises:
        pydantic.ValidationError: One is not whole.
    """
    return [Figure.model_validate(entry) for entry in yaml.safe_load(path.read_text("utf-8"))]


def files(found: list[Figure]) -> dict[Path, str]:
    """Return the page and its pictures, by where they belong."""
    page = "\n".join((_HEAD, *(figure.section() for figure in found)))
    return {PAGE: page} | {PICTURES / f"{figure.id}.svg": figure.picture() for figure in found}


def main() -> None:
    """Write them, and take away pictures of figures that are gone."""
    made = files(figures())
    PICTURES.mkdir(parents=True, exist_ok=True)
    for old in set(PICTURES.glob("*.svg")) - set(made):
        old.unlink()
    for path, text in made.items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
