"""What arms come to on the same rows: right answers, what stood before the model, cost, pairs."""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from pathlib import Path

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.rubrics import known_of
from guided_profile.evals.scorers.outcomes import outcome
from guided_profile.evals.scorers.result import Result
from guided_profile.evals.scorers.rules import by_rule
from guided_profile.evals.scorers.statistics import mcnemar, wilson
from guided_profile.graph.text import as_data

HEAD = (
    "| arm | n | right | errors | for a judge | known shown | calls | tokens in (cached) "
    "| tokens out |"
)


class Seen:
    """How much of what is known stood before the model, by example and arm; kept in a file."""

    def __init__(self, path: Path) -> None:
        """Read what the file holds; the last line of a run that was stopped may be cut off."""
        self._path = path
        self._known: dict[tuple[str, str], tuple[int, int]] = {}
        whole = path.read_bytes() if path.exists() else b""
        kept = whole[: whole.rfind(b"\n") + 1]
        if len(kept) < len(whole):
            path.write_bytes(kept)
        for line in kept.decode().splitlines():
            one = json.loads(line)
            self._known[one["example"], one["arm"]] = one["shown"], one["known"]

    def get(self, example: str, arm: str) -> tuple[int, int]:
        """Return how many of how many sentences stood there; 0 of 0 where nothing is known."""
        return self._known.get((example, arm), (0, 0))

    def add(self, example: Example, arm: str, prompt: str) -> None:
        """Count the data set's sentences that stand in a prompt, and keep the counts."""
        known, there = known_of(example), as_data(" ".join(prompt.split()))
        shown = sum(as_data(" ".join(one.split())) in there for one in known)
        self._known[example.id, arm] = shown, len(known)
        line = {"example": example.id, "arm": arm, "shown": shown, "known": len(known)}
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
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for arm in arms:
        mine = [result for result in results if result.method == arm]
        scored = [one for r in mine if (one := scores[arm, r.example]) is not None]
        failed = sum(result.kind == "error" for result in mine)
        shown = [seen.get(result.example, arm) for result in mine]
        part, whole = sum(one for one, _ in shown), sum(all_ for _, all_ in shown)
        costs = [result.cost for result in mine]
        each = [
            sum(getattr(cost, name) for cost in costs) / max(1, len(mine))
            for name in ("calls", "input_tokens", "cached_tokens", "output_tokens")
        ]
        lines.append(
            f"| {arm} | {len(mine)} | {_share(sum(scored), len(scored))} | {failed} "
            f"| {len(mine) - failed - len(scored)} | {f'{part / whole:.0%}' if whole else '-'} "
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
        won, lost = both.count((True, False)), both.count((False, True))
        if both:
            lines.append(
                f"{one} right and {other} wrong {won}, the reverse {lost} "
                f"(n={len(both)}, p={mcnemar(won, lost):.3f})"
            )
    return lines
