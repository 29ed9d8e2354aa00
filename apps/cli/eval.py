"""`guided-profile eval`: methods on examples, and what that comes to."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel
from rich.console import Console

from guided_profile.apps import assembly
from guided_profile.apps.cli import (
    eval_by_length,
    eval_experiments,
    eval_judge,
    eval_online,
    eval_together,
)
from guided_profile.apps.cli.examples import (
    examples_of,
    identity_of,
    shared_arguments,
    short_digest,
)
from guided_profile.apps.settings import read_settings
from guided_profile.evals.catalogue import made_of, make_methods, named
from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.experiments.experiment import Place
from guided_profile.evals.methods.given import Profiles, profiles_of
from guided_profile.evals.methods.rules import RULES
from guided_profile.evals.methods.workflow import SETTINGS, Method, MethodInputs
from guided_profile.evals.report.page import page
from guided_profile.evals.report.summary import Prices, Summary, summarize
from guided_profile.evals.report.terminal import printed
from guided_profile.evals.run.answers import Answers
from guided_profile.evals.run.calls import Calls, KeptChat
from guided_profile.evals.run.progress import progress
from guided_profile.evals.run.runner import OnResult, opened
from guided_profile.evals.run.runner import run as run_methods
from guided_profile.evals.scorers.agreement import agreement_in
from guided_profile.evals.scorers.judge import QUESTION
from guided_profile.evals.scorers.judge_pairs import judge_pairs
from guided_profile.evals.scorers.result import Result
from guided_profile.evals.scorers.text import rouge
from guided_profile.graph.errors import InputError
from guided_profile.graph.tasks import Task
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.evidence.base import Verifier
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.models.calls import model_id
from guided_profile.tools.progress import downloads

METHODS = "random,tfidf,dg0,dg,pg,gpg"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    shared_arguments(parser, out="answers and report")
    add = parser.add_argument
    add("--methods", help=f"names, separated by commas; table1, table3; left out: {METHODS}")
    add("--price-in", type=float, metavar="X", help="of a million input tokens")
    add("--price-out", type=float, metavar="Y", help="of a million output tokens")
    add("--price-cached", type=float, metavar="Z", help="of a million cached input tokens")
    add("--profiles", type=Path, metavar="FILE", help="profiles made elsewhere, JSON Lines")
    add("--judge", metavar="A,B", help="have the model judge two methods' texts, pair by pair")
    eval_judge.arguments(parser)
    eval_online.arguments(parser)
    eval_experiments.arguments(parser)
    eval_by_length.arguments(parser)


@dataclass(frozen=True, slots=True)
class Request:
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
    profiles: Profiles | None
    """Those that were made elsewhere."""


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Ask what is not answered yet, print the tables, and write the report; 1 if answers failed."""
    eval_together.check(given)
    if given.judge_check:
        return await eval_judge.run(given, out, notes)
    if given.online:
        return await eval_online.run(given, out, notes)
    if given.by_length is not None:
        request = _request(given, notes)
        return await eval_by_length.run(request, _identity(request), _facts(request), out, notes)
    with eval_experiments.place(given, notes) as place:
        return await _evaluated(_request(given, notes), place, out, notes)


async def _evaluated(request: Request, place: Place | None, out: Console, notes: Console) -> int:
    given = request.given
    with opened(given.out, _identity(request), request.embedder) as (calls, answers, history):
        summary = await _asked(request, calls, answers, history, place, notes)
    _report(summary, given, out)
    return 1 if any(row.counts.errors for row in summary.rows) else 0


def _request(given: argparse.Namespace, notes: Console) -> Request:
    """Read what was asked for; whatever can be wrong is found before the first call."""
    names = named(METHODS if given.methods is None else given.methods)
    settings = read_settings()
    task, everything, examples = examples_of(given, settings, {"n": 1, "concurrency": 1})
    judged = named(given.judge) if given.judge else ()
    if judged and (task.kind != "text" or len(judged) != 2 or set(judged) - set(names)):
        raise InputError("--judge takes two of the --methods, for a task of kind 'text'.")
    takers = [name for name, setting in SETTINGS.items() if setting.given]
    if given.profiles and not set(takers) & set(names):
        raise InputError(
            f"--profiles is for the methods {', '.join(takers)}; name one with --methods."
        )
    profiles = profiles_of(examples, given.profiles) if given.profiles else None
    if task.kind == "text":
        rouge("", "")
    with downloads(notes) as on_progress:
        embedder = assembly.embedder(settings, on_progress)
        model = judged or set(names) - RULES.keys()
        chat = assembly.chat_model(settings, on_progress) if model else None
    verifier = assembly.verifier(settings) if model else None
    return Request(
        given, names, judged, task, everything, examples, chat, embedder, verifier, profiles
    )


async def _asked(
    request: Request,
    calls: Calls,
    answers: Answers,
    history: HistoryStore,
    place: Place | None,
    notes: Console,
) -> Summary:
    """Ask what is not answered yet, judge if asked to, and add all up."""
    given = request.given
    kept = KeptChat(inner=request.chat, calls=calls) if request.chat else None
    parts = MethodInputs(
        kept,
        history,
        request.embedder,
        request.task,
        request.everything,
        given.seed,
        verifier=request.verifier,
        profiles=request.profiles,
    )
    methods = make_methods(request.names, parts)
    by_id = {example.id: example for example in request.examples}
    before = [result for result in answers.of(by_id, request.names) if result.kind != "error"]
    known = [(by_id[result.example], result) for result in before]
    with progress(notes, request.names, len(by_id) * len(methods), known) as on_result:
        results = await _results(request, methods, answers, history, place, on_result, notes)
    summary = summarize(
        request.task,
        request.examples,
        results,
        methods={method.name: method.description for method in methods},
        embedder=request.embedder,
        prices=Prices(given.price_in or 0.0, given.price_out or 0.0, given.price_cached),
        seed=given.seed,
        facts=_facts(request),
    )
    if not kept or not request.judged:
        return summary
    first, second = request.judged
    with notes.status(f"judging {first} against {second}"):
        judged = await judge_pairs(
            kept, first, second, request.examples, summary.results, concurrency=given.concurrency
        )
    agreement = agreement_in(given.out, model_id(kept), QUESTION)
    return replace(summary, judged=replace(judged, agreement=agreement))


async def _results(
    request: Request,
    methods: Sequence[Method],
    answers: Answers,
    history: HistoryStore,
    place: Place | None,
    on_result: OnResult,
    notes: Console,
) -> list[Result]:
    """Ask what is not answered yet, as experiments or not."""
    concurrency = request.given.concurrency
    if place is None:
        return await run_methods(
            request.examples,
            methods,
            answers,
            history=history,
            concurrency=concurrency,
            on_result=on_result,
        )
    identity = {name: str(value) for name, value in _identity(request).items()}
    alike = {name: value for name, value in identity.items() if not name.startswith("setting ")}
    return await eval_experiments.run_in(
        place,
        request.examples,
        methods,
        answers,
        task=request.task,
        history=history,
        embedder=request.embedder,
        facts=alike | _facts(request) | {"version": version("guided-profile")},
        concurrency=concurrency,
        on_result=on_result,
        notes=notes,
        out=request.given.out,
    )


def _identity(request: Request) -> dict[str, Any]:
    """Return what answers depend on: with anything else, they are another run's."""
    identity = identity_of(request.task, request.everything, request.given.seed, request.embedder)
    if request.chat:
        identity["model"] = model_id(request.chat)
        identity["verifier"] = request.verifier.id if request.verifier else "the model"
    if request.profiles is not None:
        identity["profiles"] = short_digest(json.dumps(dict(request.profiles), sort_keys=True))
    return identity | {f"setting {name}": made_of(name) for name in request.names}


def _facts(request: Request) -> dict[str, str]:
    where = request.given.data.name if request.given.data else "the authored ones"
    return {
        "model": model_id(request.chat) if request.chat else "none",
        "embedder": request.embedder.id,
        "examples": f"{len(request.examples)} of {len(request.everything)} in {where}",
        "seed": str(request.given.seed),
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
            "comparisons": [asdict(comparison) for comparison in summary.comparisons],
            "judged": summary.judged.figures() if summary.judged else None,
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
