"""What arms come to on the same rows: right answers, what stood before the model, cost, pairs."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from pathlib import Path

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.rubrics import holds, known_of, wanted_in
from guided_profile.evals.scorers.outcomes import outcome
from guided_profile.evals.scorers.result import Result
from guided_profile.evals.scorers.rules import by_rule
from guided_profile.evals.scorers.statistics import discordant, estimate, mcnemar, wilson
from guided_profile.graph.prompts import PROFILE

_TOLD = ("<history>\n", PROFILE.text.partition("{")[0])
"""Begins what a prompt tells of a person."""
HEAD = (  # of what else is known: the mean share of a row, in percent
    "| arm | n | right | errors | for a judge | shown: wanted | shown: others | nothing shown "
    "| calls | tokens in (cached) | tokens out |"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a person stood before the model when it answered."""

    wanted: bool | None
    """Whether what the answer takes did; None: the data set does not say."""
    others: int
    """How many of the other things that are known did."""
    of: int
    silent: bool | None = None
    """Whether nothing of the person did, so that the answer is that to anybody."""


class Seen:
    """What stood before the model, by example and arm; kept in a file."""

    def __init__(self, path: Path) -> None:
        """Read what the file holds; the last line of a run that was stopped may be cut off."""
        self._path = path
        self._known: dict[tuple[str, str], Shown] = {}
        whole = path.read_bytes() if path.exists() else b""
        kept = whole[: whole.rfind(b"\n") + 1]
        if len(kept) < len(whole):
            path.write_bytes(kept)
        for line in kept.decode().splitlines():
            one = json.loads(line)
            self._known[one["example"], one["arm"]] = Shown(**one["shown"])

    def get(self, example: str, arm: str) -> Shown:
        """Return what stood there; nothing where nothing is known of it."""
        return self._known.get((example, arm), Shown(None, 0, 0))

    def add(self, example: Example, arm: str, prompt: str) -> None:
        """Look what of the data set's own knowledge stands in a prompt, and keep that."""
        others = [one for one in known_of(example) if one != example.about.get("preference")]
        there = sum(holds(prompt, one) for one in others)
        shown = Shown(
            wanted_in(example, prompt), there, len(others), not any(one in prompt for one in _TOLD)
        )
        self._known[example.id, arm] = shown
        line = {"example": example.id, "arm": arm, "shown": asdict(shown)}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def right(example: Example, result: Result) -> bool | None:
    """Whether an answer is right; None: it failed, or only a judge can tell."""
    if result.kind == "error":
        return None
    if example.options or not example.answerable:
        wanted = "correct" if example.answerable else "abstained"
        return outcome(example, result) == wanted
    kept = by_rule(example, result)
    return None if kept == "judge" else kept == "kept" and result.kind == "answered"


Scores = Mapping[tuple[str, str], bool | None]
"""Whether an answer is right, by arm and example."""


def report(
    examples: Sequence[Example], results: Sequence[Result], scores: Scores, seen: Seen
) -> str:
    """Return the tables of one kind of rows."""
    arms = list(dict.fromkeys(result.method for result in results))
    lines = [
        HEAD,
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for arm in arms:
        mine = [result for result in results if result.method == arm]
        scored = [one for r in mine if (one := scores[arm, r.example]) is not None]
        failed = sum(result.kind == "error" for result in mine)
        shown = [seen.get(result.example, arm) for result in mine]
        wanted = [one.wanted for one in shown if one.wanted is not None]
        silent = [one.silent for one in shown if one.silent is not None]
        others = estimate([one.others / one.of for one in shown if one.of], share=True)
        costs = [result.cost for result in mine]
        each = [
            sum(getattr(cost, name) for cost in costs) / max(1, len(mine))
            for name in ("calls", "input_tokens", "cached_tokens", "output_tokens")
        ]
        lines.append(
            f"| {arm} | {len(mine)} | {_share(sum(scored), len(scored))} | {failed} "
            f"| {len(mine) - failed - len(scored)} | {_share(sum(wanted), len(wanted))} "
            f"| {others or '-'} | {_share(sum(silent), len(silent))} "
            f"| {each[0]:.1f} | {each[1]:.0f} ({each[2]:.0f}) | {each[3]:.0f} |"
        )
    return "\n".join([*lines, "", *_paired(arms, examples, scores)])


def _share(hits: int, n: int) -> str:
    if not n:
        return "-"
    low, high = wilson(hits, n)
    return f"{hits} of {n} ({hits / n:.0%} [{low:.0%}, {high:.0%}])"


def _paired(arms: Sequence[str], examples: Iterable[Example], scores: Scores) -> list[str]:
    ids = [example.id for example in examples]
    lines = []
    for one, other in combinations(arms, 2):
        pairs = [(scores.get((one, id_)), scores.get((other, id_))) for id_ in ids]
        both = [(a, b) for a, b in pairs if a is not None and b is not None]
        won, lost = discordant(both)
        if both:
            lines.append(
                f"{one} right and {other} wrong {won}, the reverse {lost} "
                f"(n={len(both)}, p={mcnemar(won, lost):.3f})"
            )
    return lines
