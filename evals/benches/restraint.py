"""Whether what is known helps where it should, and does no harm where it should not.

    python -m guided_profile.evals.benches.restraint FILE… --n 30 --arms none everything ours
        [--given] [--one-history] [--recall-tokens 400] [--out FOLDER] [--as before] [--judge]

asks the arms about the same rows, paired, with the task `assistant`, and prints for each file and
kind of row: right answers with Wilson 95 % intervals, how much of what is known stood before the
model, calls and tokens an answer, and McNemar's exact test between the arms. Rows with options, or
with replies that go against what the person said (`violates`), are scored by the letters that the
model weighs where it would write (`methods.standin`); written ones by their own words where a rule
can (`scorers.rules`), else they are counted as a judge's, whom `--judge` asks.

    none         no history
    raw          the newest items, as many as --raw-tokens
    retrieval    the items recalled for the question
    everything   what is recalled, and all of the profile
    ours         the task as it comes
    mem0, langmem   the peers (the extra `peers`)

`--given` takes the profile's sentences from the data set where it has them, all held to be true,
so that only their use is measured; without it the model writes them. `--one-history` gives rows of
one person the history of the first, so that one profile serves them. What is asked and answered is
kept in `--out`: a run that was stopped goes on, another version's arm `ours` is added `--as` a name
of its own, and only what is missing is asked.
"""

import argparse
import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel

from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.overhead import Believes
from guided_profile.evals.catalogue import make_methods
from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.load import load
from guided_profile.evals.datasets.rubrics import known_of
from guided_profile.evals.datasets.sampling import chosen
from guided_profile.evals.methods.standin import Chosen, StandIn, stood_in_for
from guided_profile.evals.methods.workflow import Method, MethodInputs, Workflow, as_evaluated
from guided_profile.evals.run.calls import KeptChat
from guided_profile.evals.run.models import add_model_options, chosen_models
from guided_profile.evals.run.runner import opened, run
from guided_profile.evals.scorers.outcomes import outcome
from guided_profile.evals.scorers.result import Result
from guided_profile.evals.scorers.rubric import passes
from guided_profile.evals.scorers.rules import by_rule
from guided_profile.evals.scorers.statistics import mcnemar, wilson
from guided_profile.graph.build import build_graph
from guided_profile.graph.errors import InputError
from guided_profile.graph.prompts import prompts_digest
from guided_profile.graph.tasks import Task, builtin_tasks
from guided_profile.graph.text import as_data
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.models.calls import model_id

PEERS = ("mem0", "langmem")
ARMS = ("none", "raw", "retrieval", "everything", "ours", *PEERS)
_PC: tuple[str, ...] = ("personal_context",)
_NEWEST = {"dense": False, "bm25": False, "most_alike": None}


@dataclass(frozen=True, slots=True)
class Setup:
    """What is asked, and how."""

    arms: Sequence[str]
    label: str = "ours"
    """What the arm `ours` is called in this run."""
    given: bool = False
    recall_tokens: int = 1500
    raw_tokens: int = 3200
    orders: int = 2

    one_history: bool = False

    @property
    def identity(self) -> dict[str, Any]:
        """What the answers of a folder depend on, and those of each arm."""
        whole = {"given": self.given, "orders": self.orders, "one history": self.one_history}
        arms = {f"arm {self.named(arm)}": self._of(arm) for arm in self.arms}
        return whole | {"recall tokens": self.recall_tokens} | arms

    def _of(self, arm: str) -> dict[str, Any]:
        return {"prompts": prompts_digest()} | ({} if arm in PEERS else switches(arm, self))

    def named(self, arm: str) -> str:
        """Return what an arm is called in the answers."""
        return self.label if arm == "ours" else arm


def switches(arm: str, setup: Setup) -> dict[str, Any]:
    """Return the context of an arm."""
    recall = {"recall_tokens": setup.recall_tokens, "max_retries": 0}
    raw = {"recall": _NEWEST, "recall_tokens": setup.raw_tokens, "max_retries": 0}
    return {
        "none": {"sees": (), "max_retries": 0},
        "raw": {"sees": _PC, "context_tokens": max(3200, setup.raw_tokens)} | raw,
        "retrieval": {"sees": _PC} | recall,
        "everything": recall,
        "ours": recall,
    }[arm]


def unrestrained(task: Task) -> Task:
    """Return a task that uses all that it is shown, and takes no requests about the memory."""
    off = {name: False for name in ("restraint", "memory_requests") if name in Task.model_fields}
    return task.model_copy(update=off)


def methods_of(setup: Setup, inputs: MethodInputs) -> list[Chosen]:
    """Return the arms as methods."""
    given = {one.id: known_of(one) for one in inputs.examples} if setup.given else {}
    return [
        Chosen(_method(arm, setup, inputs), {} if arm in PEERS else given, setup.orders)
        for arm in setup.arms
    ]


def _method(arm: str, setup: Setup, inputs: MethodInputs) -> Method:
    if arm in PEERS:
        return make_methods([arm], replace(inputs, task=unrestrained(inputs.task)))[0]
    assert inputs.chat is not None
    task = inputs.task if arm == "ours" else unrestrained(inputs.task)
    graph = build_graph(
        chat=inputs.chat, history=inputs.history, tasks=[task], verifier=inputs.verifier
    )
    return Workflow(setup.named(arm), arm, graph, task.name, switches(arm, setup))


def rows_of(path: Path, n: int | None, *, one_history: bool = False) -> list[Example]:
    """Read a file's rows, those of the lowest draw; choices wherever a row has what it takes.

    Raises:
        DatasetError: A line is wrong.
    """
    rows = list(load("plain", path, kind="choice"))
    if one_history:
        first: dict[str, Example] = {}
        rows = [
            row.model_copy(update={"history": first.setdefault(row.user_id, row).history})
            for row in rows
        ]
        most = Counter(row.user_id for row in rows)
        rows.sort(key=lambda row: (-most[row.user_id], row.user_id, row.id))
        return rows[:n]
    by_kind: dict[str, list[Example]] = {}
    for row in rows:
        by_kind.setdefault(str(row.about.get("kind", "")), []).append(row)
    kinds = [sorted(chosen(group, n, 0), key=lambda row: row.id) for group in by_kind.values()]
    return [row for group in kinds for row in group]


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
        "| arm | n | right | errors | for a judge | known shown | calls | tokens in (cached) | out |",
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
            p = mcnemar(won, lost)
            lines.append(
                f"{one} right and {other} wrong {won}, the reverse {lost} (n={len(both)}, p={p:.3f})"
            )
    return lines


async def measure(
    files: Mapping[str, Sequence[Example]],
    setup: Setup,
    folder: Path,
    models: tuple[BaseChatModel, Embedder],
    *,
    judged: bool = False,
    asks: bool = True,
) -> list[str]:
    """Ask what was not answered before, and return the tables.

    Raises:
        InputError: The folder holds another run.
        ModelError: The model failed again and again, or as a judge.
    """
    chat, embedder = models
    task = stood_in_for(as_evaluated(builtin_tasks()["assistant"]))
    settings = {"model": model_id(chat), "embedder": embedder.id} | setup.identity
    lines = []
    with opened(folder, settings, embedder) as (calls, answers, history):
        kept = KeptChat(inner=chat, calls=calls)
        seen = Seen(folder / "seen.jsonl")
        for name, rows in files.items():
            verifier = Believes() if setup.given and all(map(known_of, rows)) else None
            inputs = MethodInputs(
                StandIn(inner=kept), history, embedder, task, rows, verifier=verifier
            )
            methods = methods_of(setup, inputs) if asks else []
            by_name = {method.name: method for method in methods}

            def told(example: Example, result: Result) -> None:
                seen.add(example, result.method, by_name[result.method].prompts[example.id])
                print(f"  {example.id} {result.method}: {result.kind} {result.reason}", flush=True)

            await run(rows, methods, answers, history=history, on_result=told)
            arms = [*dict.fromkeys([*answers.methods, *by_name])]
            results = answers.of((row.id for row in rows), arms)
            by_id = {row.id: row for row in rows}
            scores: dict[tuple[str, str], bool | None] = {}
            for result in results:
                example = by_id[result.example]
                scores[result.method, example.id] = right(example, result)
                if judged and scores[result.method, example.id] is None and result.text:
                    said = await passes(kept, example, result.text)
                    if said.probability is not None:
                        scores[result.method, example.id] = said.probability > 0.5
            for kind in dict.fromkeys(str(row.about.get("kind", "")) for row in rows):
                some = [row for row in rows if str(row.about.get("kind", "")) == kind]
                ids = {row.id for row in some}
                of_kind = [result for result in results if result.example in ids]
                lines += [f"\n{name}, {kind}", "", report(some, of_kind, scores, seen)]
    return lines


@command
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("files", nargs="+", type=Path, help="rows, JSON Lines")
    add("--n", type=int, help="of each kind of row in a file; left out: all")
    add("--arms", nargs="*", choices=ARMS, default=ARMS[:5], help="none: tables of what is kept")
    add("--given", action="store_true", help="the profile is what the data set says is known")
    add("--one-history", action="store_true", help="rows of a person share the first's history")
    add("--recall-tokens", type=int, default=1500, help="of the items that are recalled")
    add("--raw-tokens", type=int, default=3200, help="of the newest items, for `raw`")
    add("--orders", type=int, default=2, help="in how many orders options are weighed")
    add("--as", dest="label", default="ours", help="what the arm `ours` is called")
    add("--judge", action="store_true", help="have the model judge what no rule can")
    add("--out", type=Path, default=Path("eval-out/restraint"), help="kept here; a run goes on")
    add_model_options(parser)
    given = parser.parse_args()
    if given.n is not None and given.n < 1:
        raise InputError(f"--n is {given.n}; set it to 1 or more.")
    files = {
        path.name: rows_of(path, given.n, one_history=given.one_history) for path in given.files
    }
    setup = Setup(
        given.arms,
        given.label,
        given.given,
        given.recall_tokens,
        given.raw_tokens,
        given.orders,
        given.one_history,
    )
    models = chosen_models(given)
    asked = measure(files, setup, given.out, models, judged=given.judge, asks=bool(given.arms))
    print("\n".join(asyncio.run(asked)))


if __name__ == "__main__":
    main()
