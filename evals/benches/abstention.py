"""How often the embedded model abstains where it should, and where it should not.

    python -m guided_profile.evals.benches.abstention --split test [--task dialogue] [--limit 10]

Asks the authored questions (`datasets.abstention`). Two arms: `default`, the task as shipped, and
`dg`, the raw history without a profile, retries, the check before a reply, the floor under a choice
and the check that some item is about its options: in `dg` only the model itself declines. With
`--out FOLDER` a run that was stopped goes on. It prints, of each task and arm, with 95 % intervals:

    abstained    of the questions that the history does not answer; then of the near misses alone
    wrongly      of the others
    accuracy     of the others, for a choice; an abstention is no right answer
"""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

from langchain_core.language_models import BaseChatModel

from guided_profile.evals.benches.command import command
from guided_profile.evals.datasets.abstention import SPLITS, abstention
from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.methods.workflow import MethodInputs, Workflow, workflow
from guided_profile.evals.run.calls import KeptChat
from guided_profile.evals.run.runner import digest_of, opened, run
from guided_profile.evals.scorers.result import Result
from guided_profile.evals.scorers.statistics import estimate
from guided_profile.graph.prompts import prompts_digest
from guided_profile.graph.tasks import Task, builtin_tasks
from guided_profile.tools.assembly import make_chat, make_embedder
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.models.calls import model_id

ARMS = ("default", "dg")


def ungated(task: Task) -> Task:
    """Return a task that abstains only by the words of a reply."""
    bare = task.abstention.model_copy(update={"answerable": None, "floor": 0.0})
    return task.model_copy(update={"abstention": bare})


def arm(name: str, parts: MethodInputs) -> Workflow:
    """Return an arm by name."""
    return workflow(name, parts, ungated(parts.task) if name == "dg" else None)


def balanced(examples: Sequence[Example], limit: int | None) -> list[Example]:
    """Return the first so many of each task, and of each of those that can and cannot be answered.

    Args:
        examples: In any order.
        limit: None: all.
    """
    ordered = sorted(examples, key=_kind)
    return [example for _, group in groupby(ordered, _kind) for example in [*group][:limit]]


def _kind(example: Example) -> tuple[str, bool]:
    return example.task, example.answerable


@dataclass(frozen=True, slots=True)
class Row:
    """What a task and an arm come to."""

    task: str
    arm: str
    cells: tuple[str, ...]


def _share(hits: Sequence[bool]) -> str:
    found = estimate([float(hit) for hit in hits], share=True)
    return f"{found} (n={found.n})" if found else "-"


def score(task: str, name: str, examples: Sequence[Example], results: Sequence[Result]) -> Row:
    """Count the abstentions of an arm among a task's examples; an error is counted apart."""
    asked = {example.id: example for example in examples}
    failed = sum(result.kind == "error" for result in results)
    said = [(asked[result.example], result.kind == "abstained", result) for result in results]
    said = [entry for entry in said if entry[2].kind != "error"]
    unanswerable = [(example, away) for example, away, _ in said if not example.answerable]
    answerable = [(example, away, result) for example, away, result in said if example.answerable]
    right = [
        not away and example.options[result.option or 0] == example.reference
        for example, away, result in answerable
        if example.options
    ]
    cells = (
        _share([away for _, away in unanswerable]),
        _share([away for example, away in unanswerable if example.about.get("near")]),
        _share([away for _, away, _ in answerable]),
        _share(right),
        str(failed),
    )
    return Row(task, name, cells)


def table(rows: Sequence[Row]) -> str:
    """Return the figures, in columns."""
    head = ("task", "arm", "abstained", "near misses", "wrongly", "accuracy", "errors")
    lines = [head, *((row.task, row.arm, *row.cells) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


async def measure(
    examples: Sequence[Example],
    arms: Sequence[str],
    folder: Path,
    chat: BaseChatModel,
    embedder: Embedder,
) -> list[Row]:
    """Ask every arm about every example that was not answered before, and count.

    Raises:
        InputError: The folder holds another run.
    """
    tasks = [builtin_tasks()[name] for name in dict.fromkeys(example.task for example in examples)]
    settings = {
        "questions": digest_of(examples),
        "model": model_id(chat),
        "tasks": [task.model_dump(mode="json") for task in tasks],
        "prompts": prompts_digest(),
    }
    rows = []
    with opened(folder, settings, embedder) as (calls, answers, history):
        kept = KeptChat(inner=chat, calls=calls)
        for task in tasks:
            mine = [example for example in examples if example.task == task.name]
            methods = [
                arm(name, MethodInputs(kept, history, embedder, task, mine)) for name in arms
            ]
            results = await run(mine, methods, answers, history=history, on_result=_tell)
            rows += [
                score(
                    task.name, name, mine, [result for result in results if result.method == name]
                )
                for name in arms
            ]
    return rows


def _tell(example: Example, result: Result) -> None:
    held = "answerable" if example.answerable else "not answerable"
    said = result.text if result.kind == "answered" else result.reason
    print(
        f"  {example.id} {example.task} {result.method}: {held}; {result.kind}: {said}", flush=True
    )


@command
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--split", choices=SPLITS, help="only this half")
    parser.add_argument("--task", choices=("dialogue", "preference"), help="only this task")
    parser.add_argument("--limit", type=int, help="only so many of each kind and task")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=ARMS)
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="kept here; a run goes on")
    given = parser.parse_args()
    examples = balanced(abstention(given.split, given.task), given.limit)
    with TemporaryDirectory() as folder:
        out = given.out or Path(folder)
        out.mkdir(parents=True, exist_ok=True)
        chat, embedder = make_chat(), make_embedder()
        print(table(asyncio.run(measure(examples, given.arms, out, chat, embedder))))


if __name__ == "__main__":
    main()
