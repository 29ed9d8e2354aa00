"""`guided-profile eval`: methods on examples, and what that comes to."""

import argparse
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from rich.console import Console

from guided_profile.apps import assembly
from guided_profile.apps.cli import eval_experiments
from guided_profile.apps.cli.authored import authored
from guided_profile.apps.settings import Settings, read_settings
from guided_profile.evals.catalogue import BOUNDS, made_of, make_methods, named
from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.load import load
from guided_profile.evals.datasets.sampling import chosen
from guided_profile.evals.experiments.experiment import Place
from guided_profile.evals.methods.rules import RULES
from guided_profile.evals.methods.workflow import Method, MethodInputs
from guided_profile.evals.report.page import page
from guided_profile.evals.report.summary import Prices, Summary, summarize
from guided_profile.evals.report.terminal import printed
from guided_profile.evals.run.answers import Answers
from guided_profile.evals.run.calls import Calls, KeptChat
from guided_profile.evals.run.progress import progress
from guided_profile.evals.run.runner import OnResult, digest_of, opened
from guided_profile.evals.run.runner import run as run_methods
from guided_profile.evals.scorers.judge_pairs import judge_pairs
from guided_profile.evals.scorers.result import Result
from guided_profile.evals.scorers.text import rouge
from guided_profile.graph.errors import InputError
from guided_profile.graph.prompts import prompts_digest
from guided_profile.graph.tasks import Task
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.evidence.base import Verifier
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.models.calls import model_id
from guided_profile.tools.progress import downloads

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
    add("--judge", metavar="A,B", help="have the model judge two methods' texts, pair by pair")
    eval_experiments.arguments(parser)
    add("--json", action="store_true", help="print the summary as JSON")


@dataclass(frozen=True, slots=True)
class Job:
    """What was asked for, read and checked."""

    given: argparse.Namespace
    names: tuple[str, ...]
    judged: tuple[str, ...]
    """The two methods whose texts go before the judge, if any."""
    task: Task
    everything: Sequence[Example]
    examples: Sequence[Example]
    """Those of them that are asked."""
    chat: BaseChatModel | None
    embedder: Embedder
    verifier: Verifier | None


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Ask what is not answered yet, print the tables, and write the report; 1 if answers failed."""
    with eval_experiments.place(given, notes) as place:
        return await _evaluated(_job(given, notes), place, out, notes)


async def _evaluated(job: Job, place: Place | None, out: Console, notes: Console) -> int:
    given = job.given
    with opened(given.out, _identity(job), job.embedder) as (calls, answers, history):
        summary = await _asked(job, calls, answers, history, place, notes)
    _report(summary, given, out)
    return 1 if any(row.counts.errors for row in summary.rows) else 0


def _job(given: argparse.Namespace, notes: Console) -> Job:
    """Read what was asked for; whatever can be wrong is found before the first call."""
    names = named(given.methods)
    settings = read_settings()
    task, everything, examples = examples_of(given, settings, {"n": 1, "concurrency": 1})
    judged = named(given.judge) if given.judge else ()
    if judged and (task.kind != "text" or len(judged) != 2 or set(judged) - set(names)):
        raise InputError("--judge takes two of the --methods, for a task of kind 'text'.")
    if task.kind == "text":
        rouge("", "")
    with downloads(notes) as on_progress:
        embedder = assembly.embedder(settings, on_progress)
        model = judged or set(names) - RULES.keys()
        chat = assembly.chat_model(settings, on_progress) if model else None
    verifier = assembly.verifier(settings) if model else None
    return Job(given, names, judged, task, everything, examples, chat, embedder, verifier)


def examples_of(
    given: argparse.Namespace, settings: Settings, least: Mapping[str, int]
) -> tuple[Task, Sequence[Example], Sequence[Example]]:
    """Return the task, all examples, and those of them that are asked.

    Args:
        given: With `task`, `data`, `n` and `seed`.
        settings: Where tasks of one's own stand.
        least: The least value of each of its numbers, by name.

    Raises:
        InputError: A number is too small, or the examples do not fit the task.
    """
    for name, bound in least.items():
        value = getattr(given, name)
        if value is not None and value < bound:
            raise InputError(f"--{name} is {value}; set it to {bound} or more.")
    _, task = assembly.known_task(settings, given.task)
    everything = (
        list(load("plain", given.data, task=task.name)) if given.data else authored(task.name)
    )
    examples = list(chosen(everything, given.n, given.seed))
    return task, everything, _fitting(task, everything, examples)


def _fitting(
    task: Task, everything: Sequence[Example], examples: Sequence[Example]
) -> Sequence[Example]:
    """Return the examples, if the task can be asked about them and all ids are different."""
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
    job: Job,
    calls: Calls,
    answers: Answers,
    history: HistoryStore,
    place: Place | None,
    notes: Console,
) -> Summary:
    """Ask what is not answered yet, judge if asked to, and add all up."""
    given = job.given
    kept = KeptChat(inner=job.chat, calls=calls) if job.chat else None
    parts = MethodInputs(
        kept, history, job.embedder, job.task, job.everything, given.seed, verifier=job.verifier
    )
    methods = make_methods(job.names, parts)
    by_id = {one.id: one for one in job.examples}
    before = [one for one in answers.of(by_id, job.names) if one.kind != "error"]
    known = [(by_id[one.example], one) for one in before]
    with progress(notes, job.names, len(by_id) * len(methods), known) as on_result:
        results = await _results(job, methods, answers, history, place, on_result, notes)
    summary = summarize(
        job.task,
        job.examples,
        results,
        methods={one.name: one.description for one in methods},
        embedder=job.embedder,
        prices=Prices(given.price_in or 0.0, given.price_out or 0.0, given.price_cached),
        seed=given.seed,
        facts=_facts(job),
    )
    if not kept or not job.judged:
        return summary
    first, second = job.judged
    with notes.status(f"judging {first} against {second}"):
        judged = await judge_pairs(
            kept, first, second, job.examples, summary.results, concurrency=given.concurrency
        )
    return replace(summary, judged=judged)


async def _results(
    job: Job,
    methods: Sequence[Method],
    answers: Answers,
    history: HistoryStore,
    place: Place | None,
    on_result: OnResult,
    notes: Console,
) -> list[Result]:
    """Ask what is not answered yet, as experiments or not."""
    concurrency = job.given.concurrency
    if place is None:
        return await run_methods(
            job.examples,
            methods,
            answers,
            history=history,
            concurrency=concurrency,
            on_result=on_result,
        )
    identity = {name: str(value) for name, value in _identity(job).items()}
    alike = {name: value for name, value in identity.items() if not name.startswith("setting ")}
    return await eval_experiments.run_in(
        place,
        job.examples,
        methods,
        answers,
        task=job.task,
        history=history,
        embedder=job.embedder,
        facts=alike | _facts(job) | {"version": version("guided-profile")},
        concurrency=concurrency,
        on_result=on_result,
        notes=notes,
        out=job.given.out,
    )


def _identity(job: Job) -> dict[str, Any]:
    """Return what answers depend on: with anything else, they are another run's."""
    task = job.task
    identity: dict[str, Any] = {
        "task": f"{task.name} {hashlib.sha256(task.model_dump_json().encode()).hexdigest()[:12]}",
        "data": digest_of(job.everything),
        "seed": job.given.seed,
        "prompts": prompts_digest(),
        "embedder": job.embedder.id,
        "bounds": BOUNDS,
    }
    if job.chat:
        identity["model"] = model_id(job.chat)
        identity["verifier"] = job.verifier.id if job.verifier else "the model"
    return identity | {f"setting {name}": made_of(name) for name in job.names}


def _facts(job: Job) -> dict[str, str]:
    where = job.given.data.name if job.given.data else "the authored ones"
    return {
        "model": model_id(job.chat) if job.chat else "none",
        "embedder": job.embedder.id,
        "examples": f"{len(job.examples)} of {len(job.everything)} in {where}",
        "seed": str(job.given.seed),
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
            "judged": asdict(summary.judged) if summary.judged else None,
        },
        indent=1,
    )
    (given.out / "summary.json").write_text(figures + "\n", encoding="utf-8")
    (given.out / "report.html").write_text(page(summary, priced=priced), encoding="utf-8")
    if given.json:
        out.print_json(figures)
        return
    for table in printed(summary, priced=priced):
        out.print(table, "")
    out.print(f"The report: {given.out / 'report.html'}")
