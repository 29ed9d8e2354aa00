"""Scoring what a LangSmith project traced: feedback on its runs, the doubtful ones into a queue.

It may be run again and again. The id of a feedback follows from the run and the key, and the
feedback `doubt` is written last: a run that has it is done, and one that was interrupted is taken
up again. Nothing that is written or logged here holds a user's text.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from inspect import isawaitable
from itertools import islice
from typing import Any
from uuid import UUID, uuid5

from langsmith import Client, schemas
from langsmith.utils import (
    LangSmithAuthError,
    LangSmithConflictError,
    LangSmithConnectionError,
    LangSmithError,
    LangSmithNotFoundError,
)

from guided_profile.evals.experiments.clients import explained
from guided_profile.evals.online.evaluators import AsyncEvaluator, Evaluator
from guided_profile.evals.online.reading import TRIES, TracedRun, traced_runs
from guided_profile.evals.online.rules import DOUBT, Found, found_in
from guided_profile.graph.errors import InputError
from guided_profile.tools.models.calls import MOST_FAILURES

AT_ONCE = 50
"""How many runs are worked on before the next are read."""
DESCRIPTION = "Runs of Guided Profile on which rules differ, or that are of low probability."


@dataclass(frozen=True, slots=True)
class Scored:
    """A run that was scored."""

    run: UUID
    found: Found
    queued: bool


@dataclass
class Done:
    """What came of a project's runs."""

    scored: list[Scored] = field(default_factory=list)
    before: int = 0
    """How many were scored already."""
    others: int = 0
    """How many are none of ours, or not over yet."""
    failed: int = 0
    """How many LangSmith took no feedback for."""


async def score_project(
    client: Client,
    project: str,
    *,
    since: datetime,
    most: int | None = None,
    queue: str | None = None,
    evaluators: Sequence[Evaluator | AsyncEvaluator] = (),
    on_run: Callable[[], None] = lambda: None,
) -> Done:
    """Score the runs of a project that are not scored yet.

    Args:
        client: Of LangSmith.
        project: Its name.
        since: Runs that began before that are left alone.
        most: How many runs are read; None: all.
        queue: The annotation queue that doubtful runs are put into, created if there is none;
            None: they are only marked.
        evaluators: Further ones, in the form of openevals; where one gives no score to a run that
            the rules speak of, that run is doubtful.
        on_run: Called after each run.

    Raises:
        InputError: There is no such project.
        SettingsError: The key was refused.
        ExperimentError: LangSmith could not be reached, or refused again and again.
        ModelError: An evaluator's model failed.
    """
    done = Done()
    with explained(), _silent():
        place = await asyncio.to_thread(_project, client, project)
        writer = _Writer(client, queue, done)
        runs = traced_runs(client, place, since=since, most=most)
        while some := await asyncio.to_thread(lambda: list(islice(runs, AT_ONCE))):
            known = await asyncio.to_thread(_scored_before, client, [run.id for run in some])
            for run in some:
                await _score(run, known, evaluators, writer)
                on_run()
    return done


async def _score(
    run: TracedRun,
    known: set[UUID],
    evaluators: Sequence[Evaluator | AsyncEvaluator],
    writer: "_Writer",
) -> None:
    if run.id in known:
        writer.done.before += 1
        return
    found = found_in(run.as_dict())
    if not found:
        writer.done.others += 1
        return
    for evaluator in evaluators:
        said: Any = evaluator(inputs=run.inputs, outputs=run.outputs)
        if isawaitable(said):
            said = await said
        found = _with(found, said["key"], said["score"], said["comment"])
    await asyncio.to_thread(writer.write, run, found)


def _with(found: Found, key: str, score: float | None, why: str) -> Found:
    """Add what an evaluator says; one that cannot tell makes a run doubtful."""
    if score is not None:
        return {key: (score, why)} | found
    doubts = [doubt for doubt in (found[DOUBT][1], f"{key}: {why}") if doubt]
    return found | {DOUBT: (1.0, "; ".join(doubts))}


@dataclass
class _Writer:
    client: Client
    queue: str | None
    done: Done
    queue_id: UUID | None = None
    failures: int = 0

    def write(self, run: TracedRun, found: Found) -> None:
        """Put a run into the queue if it is doubtful, and write its feedback, `doubt` last."""
        queued = bool(found[DOUBT][0]) and self.queue is not None
        try:
            if queued:
                self._enqueue(run)
            for key in sorted(found, key=lambda key: key == DOUBT):
                self._feed_back(run, key, *found[key])
        except (LangSmithAuthError, LangSmithConnectionError):
            raise
        except LangSmithError:
            self.done.failed += 1
            self.failures += 1
            if self.failures >= MOST_FAILURES:
                raise
        else:
            self.failures = 0
            self.done.scored.append(Scored(run.id, found, queued))

    def _feed_back(self, run: TracedRun, key: str, score: float | None, why: str) -> None:
        with suppress(LangSmithConflictError):  # it stands there already
            self.client.create_feedback(  # without the trace's id: else it is sent later, unseen
                run.id,
                key,
                score=score,
                comment=why or None,
                feedback_id=uuid5(run.id, key),
                source_info={"by": "guided-profile"},
                session_id=run.project,
                start_time=run.start_time,
                stop_after_attempt=TRIES,
            )

    def _enqueue(self, run: TracedRun) -> None:
        assert self.queue is not None
        if self.queue_id is None:
            self.queue_id = _queue(self.client, self.queue)
        key = schemas.RunKey(run_id=run.id, session_id=run.project, start_time=run.start_time)
        with suppress(LangSmithConflictError):
            self.client.add_runs_to_annotation_queue(self.queue_id, runs=[key])


def _project(client: Client, name: str) -> UUID:
    try:
        found: UUID = client.read_project(project_name=name).id
    except LangSmithNotFoundError as error:
        raise InputError(
            f"LangSmith has no project {name!r}; see LANGSMITH_PROJECT where the runs are traced."
        ) from error
    return found


def _queue(client: Client, name: str) -> UUID:
    found: UUID
    for queue in client.list_annotation_queues(name=name):
        if queue.name == name:
            found = queue.id
            return found
    found = client.create_annotation_queue(name=name, description=DESCRIPTION).id
    return found


def _scored_before(client: Client, runs: Sequence[UUID]) -> set[UUID]:
    found = client.list_feedback(run_ids=runs, feedback_key=[DOUBT])
    return {
        feedback.run_id
        for feedback in found
        if feedback.run_id and feedback.id == uuid5(feedback.run_id, DOUBT)
    }


@contextmanager
def _silent() -> Iterator[None]:
    """Keep LangSmith's client from logging what it sent, and was refused."""
    log = logging.getLogger("langsmith.client")
    before = log.disabled
    log.disabled = True
    try:
        yield
    finally:
        log.disabled = before
