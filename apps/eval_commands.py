"""`guided-profile eval`: methods on examples, and what that comes to."""

import argparse
import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from langchain_core.language_models import BaseChatModel
from rich.console import Console

from guided_profile.apps import assembly
from guided_profile.apps.authored import authored
from guided_profile.apps.commands import downloads
from guided_profile.apps.settings import Settings, read_settings
from guided_profile.evals.calls import Calls, KeptChat
from guided_profile.evals.catalogue import make_methods, named
from guided_profile.evals.examples import Example
from guided_profile.evals.method_rules import RULES
from guided_profile.evals.methods import SETTINGS, Parts
from guided_profile.evals.plain import load_plain, sampled
from guided_profile.evals.progress import progress
from guided_profile.evals.report_html import page
from guided_profile.evals.report_tables import tables
from guided_profile.evals.results import Answers, Result
from guided_profile.evals.runner import check_same_run, digest_of, run
from guided_profile.evals.scorers_text import rouge
from guided_profile.evals.summary import Prices, Summary, summarize
from guided_profile.graph.errors import InputError
from guided_profile.graph.prompts import prompts_digest
from guided_profile.graph.tasks import Task, find_task
from guided_profile.tools.embeddings import Embedder
from guided_profile.tools.history import HistoryStore
from guided_profile.tools.models import model_id

METHODS = "random,tfidf,dg0,dg,pg,gpg"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add = parser.add_argument
    add("--task", default="preference", help="a task's name, or its YAML file")
    add("--data", type=Path, metavar="FILE", help="examples, JSON Lines; left out: authored ones")
    add("--methods", default=METHODS, help="names, separated by commas; table1 and table3 too")
    add("--n", type=int, help="how many examples, drawn by the seed; left out: all")
    add("--seed", type=int, default=0)
    add("--out", type=Path, required=True, help="the folder of answers and report; a run goes on")
    add("--concurrency", type=int, default=1, metavar="K", help="examples worked on at once")
    add("--price-in", type=float, metavar="X", help="of a million input tokens")
    add("--price-out", type=float, metavar="Y", help="of a million output tokens")
    add("--price-cached", type=float, metavar="Z", help="of a million cached input tokens")
    add("--json", action="store_true", help="print the summary as JSON")


async def evaluate(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Ask what is not answered yet, print the tables, and write the report; 1 if answers failed."""
    names = named(given.methods)
    for name, least in (("n", 1), ("concurrency", 1)):
        value = getattr(given, name)
        if value is not None and value < least:
            raise InputError(f"--{name} is {value}; set it to {least} or more.")
    settings = read_settings()
    task = _task(settings, given.task)
    everything = load_plain(given.data, task.name) if given.data else authored(task.name)
    examples = _checked(task, everything, sampled(everything, given.n, given.seed))
    if task.kind == "text":
        rouge("", "")  # fail before the first call, and not after the last
    given.out.mkdir(parents=True, exist_ok=True)
    with downloads(notes) as on_progress:
        embedder = assembly.embedder(settings, on_progress)
        model = set(names) - RULES.keys()
        chat = assembly.chat_model(settings, on_progress) if model else None
    check_same_run(
        given.out / "run.json", _identity(task, everything, given.seed, chat, embedder, names)
    )
    with TemporaryDirectory() as folder, HistoryStore.open(embedder, path=Path(folder)) as history:
        results, methods = await _asked(
            given, names, task, everything, examples, chat, embedder, history, notes
        )
        summary = summarize(
            task,
            examples,
            results,
            methods=methods,
            embedder=embedder,
            prices=Prices(given.price_in or 0.0, given.price_out or 0.0, given.price_cached),
            seed=given.seed,
            facts=_facts(given, chat, embedder, len(examples), len(everything)),
        )
    _report(summary, given, out)
    return 1 if any(row.counts.errors for row in summary.rows) else 0


def _task(settings: Settings, name: str) -> Task:
    own = [Path(name)] if Path(name).suffix in (".yaml", ".yml") else []
    tasks = assembly.known_tasks(settings, *own)
    return tasks[list(tasks)[-1]] if own else find_task(tasks, name)


def _checked(
    task: Task, everything: Sequence[Example], examples: Sequence[Example]
) -> Sequence[Example]:
    wrong = next((one for one in examples if one.kind != task.kind), None)
    if wrong:
        raise InputError(
            f"the example {wrong.id!r} is of kind {wrong.kind!r}, and the task {task.name!r} is "
            f"of kind {task.kind!r}; choose another --task."
        )
    if len({one.id for one in everything}) < len(everything):
        raise InputError("two examples have the same id; give each its own.")
    return examples


async def _asked(
    given: argparse.Namespace,
    names: Sequence[str],
    task: Task,
    everything: Sequence[Example],
    examples: Sequence[Example],
    chat: BaseChatModel | None,
    embedder: Embedder,
    history: HistoryStore,
    notes: Console,
) -> tuple[list[Result], dict[str, str]]:
    """Return all answers, and the methods' descriptions by name."""
    calls, answers = Calls(given.out / "calls.db"), Answers(given.out / "answers.jsonl")
    try:
        kept = KeptChat(inner=chat, calls=calls) if chat else None
        methods = make_methods(names, Parts(kept, history, embedder, task, everything, given.seed))
        by_id = {one.id: one for one in examples}
        before = [one for one in answers.of(by_id, names) if one.kind != "error"]
        known = [(by_id[one.example], one) for one in before]
        with progress(notes, names, len(examples) * len(names), known) as on_result:
            results = await run(
                examples,
                methods,
                answers,
                history=history,
                concurrency=given.concurrency,
                on_result=on_result,
            )
    finally:
        answers.close()
        calls.close()
    return results, {one.name: one.description for one in methods}


def _identity(
    task: Task,
    examples: Sequence[Example],
    seed: int,
    chat: BaseChatModel | None,
    embedder: Embedder,
    names: Sequence[str],
) -> dict[str, Any]:
    """Return what answers depend on: with anything else, they are another run's."""
    identity: dict[str, Any] = {
        "task": f"{task.name} {hashlib.sha256(task.model_dump_json().encode()).hexdigest()[:12]}",
        "data": digest_of(examples),
        "seed": seed,
        "prompts": prompts_digest(),
        "embedder": embedder.id,
    }
    if chat:
        identity["model"] = model_id(chat)
    settings = {name: SETTINGS[name].switches for name in names if name in SETTINGS}
    return identity | {f"setting {name}": dict(one) for name, one in settings.items()}


def _facts(
    given: argparse.Namespace,
    chat: BaseChatModel | None,
    embedder: Embedder,
    n: int,
    of: int,
) -> dict[str, str]:
    return {
        "model": model_id(chat) if chat else "none",
        "embedder": embedder.id,
        "examples": f"{n} of {of} in {given.data.name if given.data else 'the authored ones'}",
        "seed": str(given.seed),
        "on": datetime.now(UTC).date().isoformat(),
    }


def _report(summary: Summary, given: argparse.Namespace, out: Console) -> None:
    priced = given.price_in is not None or given.price_out is not None
    rows = [
        asdict(row)
        | {"curve": None, "cost": row.cost.model_dump()}
        | {"area": row.curve.area if row.curve else None}
        for row in summary.rows
    ]
    figures = json.dumps(
        {
            "facts": dict(summary.facts),
            "task": summary.task.name,
            "rows": rows,
            "comparisons": [asdict(one) for one in summary.comparisons],
        },
        indent=1,
    )
    (given.out / "summary.json").write_text(figures + "\n", encoding="utf-8")
    (given.out / "report.html").write_text(page(summary, priced=priced), encoding="utf-8")
    if given.json:
        out.print_json(figures)
        return
    for table in tables(summary, priced=priced):
        out.print(table, "")
    out.print(f"The report: {given.out / 'report.html'}", markup=False)
