"""Whether what a question takes is among what is recalled for it, by ways of recalling.

    python -m guided_profile.evals.benches.found FILE… --methods rag rag-dense secom facts
        [--tokens 170 500] [--n 40] [--where form=explicit] [--out FOLDER]

For rows that name the items that hold the answer (`evidence`), it prints in how many at least one
of these that is the user's own is recalled within so many tokens of history, with Wilson 95 %
intervals, McNemar's exact test against the first method, and the calls and tokens a row that were
spent before any answer (a statement that `emem` recalls counts for the item that it is of). No
answer is asked for. Only `facts` and `emem` ask the model; what it said is kept in `--out`, so that
a run which was stopped goes on.
"""

import argparse
import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from guided_profile.evals.benches.command import command
from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.load import load
from guided_profile.evals.datasets.sampling import chosen
from guided_profile.evals.methods.around import recalled
from guided_profile.evals.methods.recalling import RECALLING, Find
from guided_profile.evals.methods.workflow import SETTINGS, MethodInputs
from guided_profile.evals.run.calls import KeptChat, charged
from guided_profile.evals.run.models import add_model_options, chosen_models
from guided_profile.evals.run.runner import opened
from guided_profile.evals.scorers.statistics import discordant, mcnemar, wilson
from guided_profile.graph.context import Recall
from guided_profile.graph.errors import InputError
from guided_profile.graph.records import Cost, HistoryItem
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.assembly import make_embedder
from guided_profile.tools.models.calls import model_id

BY_RECALL = ("rag", "rag-dense", "rag-bm25", "rag-fused", "rag-recency")
OUT = Path("eval-out/found")


@dataclass(slots=True)
class Tally:
    """What a method found, row by row."""

    found: dict[int, list[bool]] = field(default_factory=dict)
    """By tokens: whether one of the wanted items was there."""
    costs: list[Cost] = field(default_factory=list)


def rows_of(path: Path, n: int | None, where: Mapping[str, str]) -> list[Example]:
    """Read the rows that name evidence of the user's own, and have these values.

    Raises:
        DatasetError: A line is wrong.
        InputError: No row is such.
    """
    rows = [
        row
        for row in load("plain", path)
        if wanted_of(row) and all(str(row.about.get(k)) == value for k, value in where.items())
    ]
    if not rows:
        raise InputError(f"no row of {path.name!r} names items of the user's own in 'evidence'.")
    return list(chosen(rows, n, 0))


def wanted_of(row: Example) -> set[str]:
    """Return the ids of the user's own items that hold the answer."""
    named = set(map(str, row.about.get("evidence") or ()))
    return {item.id for item in row.history if item.id in named and item.role == "user"}


def finder(name: str) -> Find:
    """Return what finds items as a method does.

    Raises:
        InputError: It finds nothing of its own.
    """
    if name in RECALLING:
        return RECALLING[name][1]
    if name not in BY_RECALL:
        there = ", ".join((*BY_RECALL, *RECALLING))
        raise InputError(f"{name!r} has no recall of its own; there are {there}.")
    given = SETTINGS[name].switches.get("recall")
    recall = None if given is None else Recall.model_validate(given)

    async def find(inputs: MethodInputs, example: Example, tokens: int) -> list[HistoryItem]:
        return await asyncio.to_thread(recalled, inputs, example, tokens, recall)

    return find


async def measure(
    rows: Sequence[Example],
    finders: Mapping[str, Find],
    tokens: Sequence[int],
    inputs: MethodInputs,
    on_row: Callable[[int], None] = lambda n: None,
) -> dict[str, Tally]:
    """Recall for each row by each method.

    Raises:
        ModelError: The model failed.
    """
    tallies = {name: Tally({size: [] for size in tokens}) for name in finders}
    for n, row in enumerate(rows, start=1):
        wanted = wanted_of(row)
        await asyncio.to_thread(inputs.history.add, row.id, row.history)
        for name, find in finders.items():
            for size in tokens:
                with charged() as calls:
                    items = await find(inputs, row, size)
                of = {item.id for item in items} | {item.id.rsplit(" ", 1)[0] for item in items}
                tallies[name].found[size].append(bool(wanted & of))
            tallies[name].costs.append(Cost.of(calls))
        await asyncio.to_thread(inputs.history.delete_user, row.id)
        on_row(n)
    return tallies


def table(tallies: Mapping[str, Tally], tokens: Sequence[int]) -> str:
    """Return what was found as a table."""
    lines = [
        "| method | n | " + " | ".join(f"within {size} tokens" for size in tokens)
        + " | calls | tokens in | tokens out |",
        "|---|---|" + "---|" * (len(tokens) + 3),
    ]  # fmt: skip
    first = next(iter(tallies.values()))
    for tally in tallies.values():
        n = len(tally.costs)
        cells = []
        for size in tokens:
            mine, base = tally.found[size], first.found[size]
            low, high = wilson(sum(mine), n)
            cell = f"{sum(mine)} ({sum(mine) / n:.0%} [{low:.0%}, {high:.0%}])"
            if tally is not first:
                won, lost = discordant(zip(mine, base, strict=True))
                cell += f", +{won} −{lost}, p={mcnemar(won, lost):.3f}"
            cells.append(cell)
        costs = [
            f"{sum(getattr(cost, name) for cost in tally.costs) / n:.0f}"
            for name in ("calls", "input_tokens", "output_tokens")
        ]
        name = next(key for key, value in tallies.items() if value is tally)
        lines.append("| " + " | ".join((name, str(n), *cells, *costs)) + " |")
    return "\n".join(lines)


async def _run(given: argparse.Namespace) -> None:
    finders = {name: finder(name) for name in given.methods}
    where = dict(condition.partition("=")[::2] for condition in given.where)
    files = {path: rows_of(path, given.n, where) for path in given.files}
    asks = any(RECALLING[name][2] for name in given.methods if name in RECALLING)
    chat, embedder = chosen_models(given) if asks else (None, make_embedder(_embedder(given)))
    settings = {"embedder": embedder.id} | ({"model": model_id(chat)} if chat else {})
    with opened(given.out, settings, embedder) as (calls, _, history):
        kept = KeptChat(inner=chat, calls=calls) if chat else None
        for path, rows in files.items():
            task = builtin_tasks()["assistant"]
            inputs = MethodInputs(kept, history, embedder, task, rows)
            on_row = partial(_show_progress, path.stem, len(rows)) if asks else lambda n: None
            tallies = await measure(rows, finders, given.tokens, inputs, on_row)
            heading = ", ".join([path.stem, *given.where])
            print(f"\n{heading}\n\n{table(tallies, given.tokens)}", flush=True)


def _embedder(given: argparse.Namespace) -> str:
    return "multilingual" if given.multilingual else "minilm"


def _show_progress(name: str, of: int, n: int) -> None:
    print(f"  {name}: {n} of {of}", flush=True)


@command
def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("files", nargs="+", type=Path, help="rows with 'evidence', as `plain` reads them")
    add("--methods", nargs="+", default=["rag", "rag-dense", "secom", "memgas"])
    add("--tokens", nargs="+", type=int, default=[170, 500], help="of history that is shown")
    add("--n", type=int, help="rows of each file, drawn by their ids")
    add("--where", nargs="*", default=[], metavar="NAME=VALUE", help="only rows with that value")
    add("--out", type=Path, default=OUT, help="where the model's replies are kept")
    add_model_options(parser)
    asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
