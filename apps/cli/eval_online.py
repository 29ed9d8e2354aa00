"""`guided-profile eval --online PROJECT`: score what a host traced to LangSmith.

What rules find in a run is written as its feedback, and doubtful runs go into an annotation queue.
The same command, given again, scores what is new.
"""

import argparse
import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from rich.console import Console

from guided_profile.apps import assembly
from guided_profile.apps.settings import read_settings
from guided_profile.evals.experiments.clients import close, remote_client
from guided_profile.evals.online.evaluators import AsyncEvaluator, keeps_to_rubric
from guided_profile.evals.online.worker import Done, score_project
from guided_profile.evals.report.tables import Table, for_terminal
from guided_profile.evals.scorers.agreement import agreement_in
from guided_profile.evals.scorers.rubric import RUBRIC
from guided_profile.evals.scorers.statistics import estimate
from guided_profile.graph.errors import InputError, SettingsError
from guided_profile.tools.models.calls import model_id
from guided_profile.tools.progress import downloads

HOURS = 24
MOST_HOURS = 87600
"""Ten years."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that ask for it."""
    add = parser.add_argument_group("what was traced to LangSmith").add_argument
    add(
        "--online",
        metavar="PROJECT",
        help="score the runs of this LangSmith project (LANGSMITH_API_KEY) instead of asking "
        "anything; --n: how many at most",
    )
    most = f"that began so long ago (left out: {HOURS})"
    add("--online-hours", type=float, metavar="H", help=most)
    add("--online-queue", metavar="NAME", help="put doubtful runs into this annotation queue")
    add(
        "--online-rubric",
        metavar="TEXT",
        help="have the model judge by this, if a --judge-check in --out found it good enough",
    )


async def run(
    given: argparse.Namespace,
    out: Console,
    notes: Console,
    environment: Mapping[str, str] | None = None,
) -> int:
    """Score what is not scored yet, and say what came of it; 1 if some could not be."""
    variables = os.environ if environment is None else environment
    key = variables.get("LANGSMITH_API_KEY", "").strip()
    if not key:
        raise SettingsError("--online needs LANGSMITH_API_KEY: set it to a key of that project.")
    hours = HOURS if given.online_hours is None else given.online_hours
    if not 0 < hours <= MOST_HOURS:
        raise InputError(
            f"--online-hours is {hours}; set it to more than 0, and at most {MOST_HOURS}."
        )
    evaluators = _judges(given, notes)
    client = remote_client(key, variables.get("LANGSMITH_ENDPOINT", "").strip() or None)
    try:
        with notes.status("scoring") as status:
            read = 0

            def on_run() -> None:
                nonlocal read
                read += 1
                status.update(f"scoring: {read} runs read")

            done = await score_project(
                client,
                given.online,
                since=datetime.now(UTC) - timedelta(hours=hours),
                most=given.n,
                queue=given.online_queue,
                evaluators=evaluators,
                on_run=on_run,
            )
    finally:
        close(client)
    _record(given, done)
    _tell(given, done, out)
    return 1 if done.failed else 0


def _judges(given: argparse.Namespace, notes: Console) -> list[AsyncEvaluator]:
    if not given.online_rubric:
        return []
    with downloads(notes) as on_progress:
        chat = assembly.chat_model(read_settings(), on_progress)
    agreement = agreement_in(given.out, model_id(chat), RUBRIC)
    return [keeps_to_rubric(chat, agreement, given.online_rubric)]


def _record(given: argparse.Namespace, done: Done) -> None:
    """Keep which run got which scores; nobody's text is among it."""
    given.out.mkdir(parents=True, exist_ok=True)
    with (given.out / "online.jsonl").open("a", encoding="utf-8") as file:
        for scored in done.scored:
            scores = {key: score for key, (score, _) in scored.found.items()}
            line = {"run": str(scored.run), "scores": scores, "queued": scored.queued}
            file.write(json.dumps(line) + "\n")


def _tell(given: argparse.Namespace, done: Done, out: Console) -> None:
    by_key: dict[str, list[float]] = {}
    for scored in done.scored:
        for key, (score, _) in scored.found.items():
            if score is not None:
                by_key.setdefault(key, []).append(score)
    shares = {key: estimate(scores, share=True) for key, scores in sorted(by_key.items())}
    queued = sum(scored.queued for scored in done.scored)
    if given.json:
        figures: dict[str, Any] = {
            "scored": len(done.scored),
            "scored_before": done.before,
            "others": done.others,
            "failed": done.failed,
            "queued": queued,
            "shares": {
                key: {"share": share.mean, "low": share.low, "high": share.high, "n": share.n}
                for key, share in shares.items()
                if share
            },
        }
        out.print_json(json.dumps(figures))
        return
    if shares:
        rows = [(key, str(share.n), str(share)) for key, share in shares.items() if share]
        title = f"{given.online}: of 100 runs that a rule can score [95 % interval]"
        out.print(for_terminal(Table(title, ("feedback", "n", "share"), rows)))
    out.print(
        f"{len(done.scored)} runs scored, {queued} of them put into the queue; {done.before} were "
        f"scored before, {done.others} are none of Guided Profile's or not over yet."
    )
    if done.failed:
        out.print(
            f"{done.failed} runs could not be scored: LangSmith refused them. The same command "
            "tries them again.",
            style="red",
        )
