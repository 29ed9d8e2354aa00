"""A run as LangSmith experiments, one a method: examples, traced stages, and scores as feedback.

The same evaluators run with and without LangSmith:

    done = await experiments(examples, methods, answers, place=Place(local_client()), …)
    done = await experiments(examples, methods, answers, place=Place(client, "my-dataset"), …)

The first sends nothing to anybody. In both, an answer that is kept already is not asked for again;
in the second its stages are traced from the calls that are kept, and then their times are none of
the model's.
"""

import asyncio
import warnings
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from langsmith import Client, aevaluate, get_current_run_tree, schemas, traceable

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.experiments.clients import explained
from guided_profile.evals.experiments.dataset import local_examples, uploaded_examples
from guided_profile.evals.experiments.evaluators import Evaluator, TextScore
from guided_profile.evals.methods.workflow import Method, Workflow
from guided_profile.evals.run.answers import Answers
from guided_profile.evals.run.calls import only_kept
from guided_profile.evals.run.runner import OnResult, ask, stop_if_broken
from guided_profile.evals.scorers.result import Result
from guided_profile.graph.errors import GuidedProfileError
from guided_profile.graph.tasks import Task
from guided_profile.tools.cancel import cancel_all
from guided_profile.tools.history.store import HistoryStore


@dataclass(frozen=True, slots=True)
class Place:
    """Where an experiment goes."""

    client: Client
    """`local_client()` for nowhere, or one of LangSmith."""
    dataset: str | None = None
    """The dataset's name; None: nothing is uploaded."""
    hidden: bool = False
    """Whether histories, questions and references are kept out of the dataset."""

    def examples(self, examples: Sequence[Example]) -> list[schemas.Example]:
        """Return examples as they stand there; see `uploaded_examples`."""
        if self.dataset is None:
            return local_examples(examples)
        return uploaded_examples(self.client, self.dataset, examples, hidden=self.hidden)


@dataclass(frozen=True, slots=True)
class Experiment:
    """One method's experiment."""

    method: str
    name: str
    url: str | None
    """Where to look at it; None if it was not uploaded."""
    feedback: Mapping[str, Mapping[str, float]]
    """Of each example, by key: see `evaluators`."""


async def experiments(
    examples: Sequence[Example],
    methods: Sequence[Method],
    answers: Answers,
    *,
    place: Place,
    task: Task,
    history: HistoryStore,
    score: TextScore,
    facts: Mapping[str, str] | None = None,
    concurrency: int = 1,
    on_result: OnResult = lambda example, result: None,
) -> list[Experiment]:
    """Ask every method about every example, each method's answers as an experiment of its own.

    In all else this is `runner.run`: examples side by side, methods one after the other, kept
    answers kept, errors counted as errors, and an end to a run in which nothing works.

    Args:
        examples: What is asked; their ids are different.
        methods: Who is asked; their names are different.
        answers: Where answers are kept; those that it holds are not asked for again.
        place: Where the experiments go.
        task: What is asked for; runs are tagged with its name and the method's.
        history: Where each example's history stands while it is asked.
        score: What scores a text against the reference: see `summary.text_scores`.
        facts: What the run is made of, for the experiments' metadata.
        concurrency: How many examples are worked on at once.
        on_result: Called with each new answer, once it is on the disk.

    Returns:
        The experiments, in the methods' order; the answers are in `answers`.

    Raises:
        SettingsError: The key was refused.
        ExperimentError: LangSmith could not be reached, or refused.
        ModelError: One after the other, so many answers failed that the rest would too.
    """
    if not examples:
        return []
    data = await asyncio.to_thread(place.examples, examples)
    asked = {row.id: example for row, example in zip(data, examples, strict=True)}
    asking = _Asking(asked, methods, answers, place, task, history, max(1, concurrency), on_result)
    running = [
        asyncio.create_task(_experiment(asking, turn, data, score, facts or {}))
        for turn in range(len(methods))
    ]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "'upload_results' parameter is in beta")
        return await _all_or_broken(asking, running)


async def _all_or_broken(
    asking: "_Asking", running: Sequence["asyncio.Task[Experiment]"]
) -> list[Experiment]:
    """Return all experiments, or raise what broke one; none goes on after that."""
    everything = asyncio.gather(*running)
    either: list[asyncio.Future[Any]] = [everything, asking.broken]
    try:
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if asking.broken.done():
            raise asking.broken.result()
        return everything.result()
    finally:
        await cancel_all([*running, *asking.begun])
        await asyncio.gather(everything, return_exceptions=True)


async def _experiment(
    asking: "_Asking",
    turn: int,
    data: Sequence[schemas.Example],
    score: TextScore,
    facts: Mapping[str, str],
) -> Experiment:
    """Run one method's experiment, and read what it came to."""
    method, place, task = asking.methods[turn], asking.place, asking.task
    marks = {"task": task.name, "method": method.name}
    evaluator = Evaluator(asking.asked, method.name, score)

    @traceable(
        name=method.name,
        tags=[f"{name}:{value}" for name, value in marks.items()],
        metadata=marks,
        process_inputs=lambda given: given["inputs"],
    )
    async def target(inputs: dict[str, Any], metadata: dict[str, Any]) -> dict[str, Any]:
        example = next(
            candidate for candidate in asking.asked.values() if candidate.id == metadata["example"]
        )
        result, kept = await asking.result(turn, example)
        run = get_current_run_tree()
        if run is not None and kept:
            run.add_metadata({"kept": True})
        if run is not None and result.kind == "error":
            run.error = result.reason
        return {} if result.kind == "error" else result.model_dump(mode="json")

    with explained():
        done = await aevaluate(
            target,
            data=list(data),
            evaluators=[evaluator],
            metadata={**facts, **marks},
            experiment_prefix=method.name,
            description=method.description,
            max_concurrency=asking.concurrency,
            client=place.client,
            upload_results=place.dataset is not None,
            disable_evaluator_tracing=True,
        )
        if evaluator.broken:
            raise evaluator.broken
        url = await done.get_comparison_url() if place.dataset is not None else None
    feedback = {
        asking.asked[row["example"].id].id: {
            result.key: float(result.score)
            for result in row["evaluation_results"]["results"]
            if result.score is not None
        }
        async for row in done
    }
    return Experiment(method.name, done.experiment_name, url, feedback)


@dataclass
class _Asking:
    """Who is asked what, and whose turn it is: what the experiments of a run share."""

    asked: Mapping[UUID, Example]
    methods: Sequence[Method]
    answers: Answers
    place: Place
    task: Task
    history: HistoryStore
    concurrency: int
    on_result: OnResult
    failures: int = 0
    begun: set["asyncio.Task[Any]"] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._seats = asyncio.Semaphore(self.concurrency)
        self._done: defaultdict[tuple[str, int], asyncio.Event] = defaultdict(asyncio.Event)
        self.broken: asyncio.Future[Exception] = asyncio.get_running_loop().create_future()

    async def result(self, turn: int, example: Example) -> tuple[Result, bool]:
        """Return what a method says when its turn comes, and whether that was kept already."""
        here = asyncio.current_task()
        assert here is not None
        self.begun.add(here)
        try:
            async with self._turn(turn, example):
                return await self._said(self.methods[turn], example)
        except Exception as error:  # aevaluate would log it, and go on
            if not self.broken.done():
                self.broken.set_result(error)
            await asyncio.Event().wait()  # until all are cancelled
            raise
        finally:
            self.begun.discard(here)

    async def _said(self, method: Method, example: Example) -> tuple[Result, bool]:
        if self.answers.settled(example.id, method.name):
            if self._replays(method):
                with only_kept(), suppress(GuidedProfileError):
                    await method.answer(example)
            return self.answers.of([example.id], [method.name])[0], True
        result = await ask(method, example)
        self.answers.add(result)
        self.on_result(example, result)
        self.failures = self.failures + 1 if result.kind == "error" else 0
        stop_if_broken(self.failures, result)
        return result, False

    def _replays(self, method: Method) -> bool:
        """Whether a kept answer's stages are gone through again, for the trace alone."""
        return self.place.dataset is not None and isinstance(method, Workflow)

    @asynccontextmanager
    async def _turn(self, turn: int, example: Example) -> AsyncIterator[None]:
        """Wait until an example is this method's; its history stands from the first to the last."""
        if turn == 0:
            await self._seats.acquire()
            if self._needs_history(example):
                await asyncio.to_thread(self.history.add, example.id, example.history)
        else:
            await self._done[example.id, turn - 1].wait()
        yield
        if turn == len(self.methods) - 1:
            await asyncio.to_thread(self.history.delete_user, example.id)
            self._seats.release()
        self._done[example.id, turn].set()

    def _needs_history(self, example: Example) -> bool:
        return any(
            self._replays(method) or not self.answers.settled(example.id, method.name)
            for method in self.methods
        )
