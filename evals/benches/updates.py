"""Newer items come in: is what stood in a profile still true, or is it over?

    python -m guided_profile.evals.benches.updates                  # the embedded model
    python -m guided_profile.evals.benches.updates --half report    # what no threshold was set on

The 120 cases of `data/updates.yaml` are a sentence about somebody, the items it rested on, and
newer ones, in ten languages. Half are over, seldom in so many words; in the other half the news
is about the same thing and ends nothing: a wish, somebody else, a second one beside the first.
"""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.labelled import data
from guided_profile.evals.run.history import temporary_history
from guided_profile.evals.run.models import add_model_options, chosen_models
from guided_profile.evals.scorers.statistics import wilson
from guided_profile.graph.records import HistoryItem, Sentence
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.evidence.base import Verifier
from guided_profile.tools.evidence.chat import ChatVerifier
from guided_profile.tools.evidence.ended import ended_by
from guided_profile.tools.evidence.judging import Judge

BOUGHT = ("purchase", "purchases")
TOKENS = 4000


@dataclass(frozen=True, slots=True)
class Update:
    """A case."""

    name: str
    language: str
    sentence: Sentence
    old: tuple[HistoryItem, ...]
    new: tuple[HistoryItem, ...]
    over: bool
    kind: str
    half: str


def updates(half: str | None = None) -> list[Update]:
    """Return the cases, of one half or all: every other one is there to set thresholds on."""
    cases = [
        _update(case, "fit" if n % 2 else "report")
        for n, case in enumerate(yaml.safe_load(data("updates.yaml")))
    ]
    return [case for case in cases if half in (None, case.half)]


def _update(case: dict[str, Any], half: str) -> Update:
    old, new = (
        tuple(_item(f"{age}{n}", line) for n, line in enumerate(case[age]))
        for age in ("old", "new")
    )
    since = max(item.time for item in old if item.time)
    sentence = Sentence(text=case["sentence"], evidence=tuple(item.id for item in old), since=since)
    over = case["label"] == "over"
    return Update(case["id"], case["language"], sentence, old, new, over, case["kind"], half)


def _item(id_: str, line: str) -> HistoryItem:
    day, source, text = line.split(" | ", 2)
    kind = "did" if source in BOUGHT else "said"
    return HistoryItem.model_validate(
        {"id": id_, "text": text, "source": source, "time": day, "kind": kind}
    )


async def ended(case: Update, verifier: Verifier, embedder: Embedder) -> bool:
    """Return whether the news takes the sentence out of a profile."""
    with temporary_history(embedder) as history:
        history.add("person", [*case.old, *case.new])
        judge = Judge(verifier, history, "person", builtin_tasks()["dialogue"], TOKENS)
        return bool(await ended_by(judge, [case.sentence], case.new))


def table(found: Sequence[tuple[Update, bool]]) -> str:
    """Return how many of those that are over were found, and how many true ones were lost."""
    lines = []
    for name, english in (("English", True), ("nine others", False)):
        for over, says in ((True, "over, and gone"), (False, "true, and gone")):
            gone = [
                went
                for case, went in found
                if (case.language == "en") is english and case.over is over
            ]
            if gone:
                low, high = wilson(sum(gone), len(gone))
                share = f"{sum(gone)} of {len(gone)} [{low:.0%}, {high:.0%}]"
                lines.append(f"{name:12} {says:15} {share}")
    return "\n".join(lines)


@command
def main() -> None:
    """Ask and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--half", choices=("fit", "report"))
    add_model_options(parser)
    given = parser.parse_args()
    chat, embedder = chosen_models(given)
    verifier = ChatVerifier(chat)
    found = []
    for case in updates(given.half):
        found.append((case, asyncio.run(ended(case, verifier, embedder))))
        right = "right" if found[-1][1] is case.over else "wrong"
        print(f"{case.name} {case.language} {case.kind:24} {right}", flush=True)
    print(table(found))


if __name__ == "__main__":
    main()
