"""What arms reach on the same rows: right answers, what the model was shown, cost, pairs."""

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

_PERSONAL_PARTS = ("<history>\n", PROFILE.text.partition("{")[0])
"""How the parts of a prompt that are about a person begin."""
HEAD = (  # of what else is known: the mean share of a row, in percent
    "| arm | n | right | errors | for a judge | shown: wanted | shown: others | nothing shown "
    "| calls | tokens in (cached) | tokens out |"
)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the model was shown of a person when it answered."""

    wanted: bool | None
    """Whether it was shown what the answer needs; None: the data set does not say."""
    others: int
    """How many of the other known things it was shown."""
    of: int
    silent: bool | None = None
    """Whether it was shown nothing of the person, so that it answered as to anybody."""


class ShownRecords:
    """What the model was shown, by example and arm; kept in a file."""

    def __init__(self, path: Path) -> None:
        """Read what the file holds; the last line of a run that was stopped may be cut off."""
        self._path = path
        self._known: dict[tuple[str, str], Shown] = {}
        whole = path.read_bytes() if path.exists() else b""
        kept = whole[: whole.rfind(b"\n") + 1]
        if len(kept) < len(whole):
            path.write_bytes(kept)
        for line in kept.decode().splitlines():
            entry = json.loads(line)
            self._known[entry["example"], entry["arm"]] = Shown(**entry["shown"])

    def get(self, example: str, arm: str) -> Shown:
        """Return what was shown; nothing where that is not known."""
        return self._known.get((example, arm), Shown(None, 0, 0))

    def add(self, example: Example, arm: str, prompt: str) -> None:
        """Find which of the facts that the data set names a prompt holds, and keep that."""
        others = [fact for fact in known_of(example) if fact != example.about.get("preference")]
        there = sum(holds(prompt, fact) for fact in others)
        shown = Shown(
            wanted_in(example, prompt),
            there,
            len(others),
            not any(part in prompt for part in _PERSONAL_PARTS),
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
    examples: Sequence[Example], results: Sequence[Result], scores: Scores, records: ShownRecords
) -> str:
    """Return the tables of one kind of rows."""
    arms = list(dict.fromkeys(result.method for result in results))
    lines = [
        HEAD,
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for arm in arms:
        mine = [result for result in results if result.method == arm]
        scored = [score for r in mine if (score := scores[arm, r.example]) is not None]
        failed = sum(result.kind == "error" for result in mine)
        shown = [records.get(result.example, arm) for result in mine]
        wanted = [row.wanted for row in shown if row.wanted is not None]
        silent = [row.silent for row in shown if row.silent is not None]
        others = estimate([row.others / row.of for row in shown if row.of], share=True)
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
    for first, second in combinations(arms, 2):
        pairs = [(scores.get((first, id_)), scores.get((second, id_))) for id_ in ids]
        both = [(a, b) for a, b in pairs if a is not None and b is not None]
        won, lost = discordant(both)
        if both:
            lines.append(
                f"{first} right and {second} wrong {won}, the reverse {lost} "
                f"(n={len(both)}, p={mcnemar(won, lost):.3f})"
            )
    return lines
