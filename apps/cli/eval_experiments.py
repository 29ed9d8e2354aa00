"""`guided-profile eval --langsmith DATASET`: the same run as LangSmith experiments.

Nothing is uploaded without that flag; `--langsmith-local` runs the same evaluators through
LangSmith's `aevaluate` and sends nothing, even where the environment turns tracing on.
"""

import argparse
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path

from langsmith import tracing_context
from rich.console import Console

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.experiments.clients import (
    close,
    local_client,
    remote_client,
)
from guided_profile.evals.experiments.experiment import Experiment, Place, experiments
from guided_profile.evals.methods.workflow import Method
from guided_profile.evals.run.answers import Answers
from guided_profile.evals.run.runner import OnResult
from guided_profile.evals.scorers.measures import text_scores
from guided_profile.evals.scorers.result import Result
from guided_profile.graph.errors import ExperimentError, SettingsError
from guided_profile.graph.tasks import Task
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.tracing import end_without_waiting, flush_own_tracing


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what says where experiments go."""
    either = parser.add_mutually_exclusive_group()
    either.add_argument(
        "--langsmith",
        metavar="DATASET",
        help="upload the run to LangSmith (LANGSMITH_API_KEY), histories and all: this dataset, "
        "created or added to, and one experiment for each method",
    )
    either.add_argument(
        "--langsmith-local",
        action="store_true",
        help="score with LangSmith's aevaluate, and send nothing; see feedback.jsonl in --out",
    )


@contextmanager
def place(
    given: argparse.Namespace, notes: Console, environment: Mapping[str, str] | None = None
) -> Iterator[Place | None]:
    """Yield where the experiments go, None without the flags; at the end all is sent, or given up.

    Args:
        given: The command's arguments.
        notes: Where progress is shown.
        environment: Instead of the process's own.

    Raises:
        SettingsError: There is no key, or it was refused.
        ExperimentError: Something could not be sent.
    """
    notes.file = notes.file  # what is standard error now, whatever is redirected later
    variables = os.environ if environment is None else environment
    end_without_waiting(os.environ)
    if given.langsmith_local:
        with tracing_context(enabled=False):
            yield Place(local_client())
    elif given.langsmith:
        yield from _uploading(given.langsmith, variables)
    else:
        try:
            yield None
        finally:
            flush_own_tracing()


def _uploading(dataset: str, variables: Mapping[str, str]) -> Iterator[Place]:
    key = variables.get("LANGSMITH_API_KEY", "").strip()
    if not key:
        raise SettingsError(
            "--langsmith needs LANGSMITH_API_KEY: set it, or use --langsmith-local, which sends "
            "nothing."
        )
    failures: list[Exception] = []
    url = variables.get("LANGSMITH_ENDPOINT", "").strip()
    client = remote_client(key, url or None, failures.append)
    delivered = False
    try:
        hidden = "true" in (
            variables.get("LANGSMITH_HIDE_INPUTS"),
            variables.get("LANGSMITH_HIDE_OUTPUTS"),
        )
        yield Place(client, dataset, hidden)
    finally:
        delivered = close(client)
    if failures or not delivered:
        why = f" ({type(failures[0]).__name__})" if failures else ""
        raise ExperimentError(
            f"not all of the experiments reached LangSmith{why}; the report is whole. Give the "
            "same command again to upload them anew: no call is repeated."
        )


async def run_in(
    place: Place,
    examples: Sequence[Example],
    methods: Sequence[Method],
    answers: Answers,
    *,
    task: Task,
    history: HistoryStore,
    embedder: Embedder,
    facts: Mapping[str, str],
    concurrency: int,
    on_result: OnResult,
    notes: Console,
    out: Path,
) -> list[Result]:
    """Run the experiments, keep their feedback, and say where they are to be seen."""
    with _quiet():
        done = await experiments(
            examples,
            methods,
            answers,
            place=place,
            task=task,
            history=history,
            score=text_scores(embedder),
            facts=facts,
            concurrency=concurrency,
            on_result=on_result,
        )
    (out / "feedback.jsonl").write_text("".join(_lines(done)), encoding="utf-8")
    for experiment in done:
        if experiment.url:
            notes.print(
                f"{experiment.method}: {experiment.name} at {experiment.url}", soft_wrap=True
            )
    return answers.of((example.id for example in examples), (method.name for method in methods))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what `aevaluate` prints, and its progress bar, out of ours and of `--json`."""
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        yield


def _lines(done: Sequence[Experiment]) -> Iterator[str]:
    for experiment in done:
        for example, feedback in experiment.feedback.items():
            line = {"method": experiment.method, "example": example, "feedback": dict(feedback)}
            yield json.dumps(line, ensure_ascii=False) + "\n"
