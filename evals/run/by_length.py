"""Asking methods about histories that several examples share, each built once."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.lengths import Shared
from guided_profile.evals.methods.rules import ByRule
from guided_profile.evals.methods.workflow import Method
from guided_profile.evals.run.answers import Answers
from guided_profile.evals.run.calls import charged
from guided_profile.evals.run.runner import OnResult, ask, stop_if_broken
from guided_profile.evals.scorers.result import Result
from guided_profile.graph.errors import GuidedProfileError
from guided_profile.graph.records import Cost
from guided_profile.tools.cancel import cancel_all
from guided_profile.tools.history.store import HistoryStore


async def run_shared(
    histories: Sequence[Shared],
    methods: Sequence[Method],
    answers: Answers,
    built: Answers,
    *,
    history: HistoryStore,
    concurrency: int = 1,
    on_result: OnResult = lambda example, result: None,
) -> None:
    """Ask every method what is asked of every history, but for what is answered already.

    A method first makes what it makes of a history as a whole (a profile, a peer's memories), and
    then answers all questions one after the other, so that a prefix cache serves them.

    Args:
        histories: What is asked, and of what.
        methods: Who is asked; their names are different.
        answers: Where answers are kept; those that it holds are not asked for again.
        built: Where is kept what it took to make something of a history, under its id.
        history: Where each history stands while it is asked.
        concurrency: How many histories are worked on at once.
        on_result: Called with each new answer, once it is on the disk.

    Raises:
        ModelError: One after the other, so many answers failed that the rest would too.
    """
    waiting = iter(histories)
    failures = 0

    def note(example: Example, result: Result) -> None:
        nonlocal failures
        answers.add(result)
        on_result(example, result)
        failures = failures + 1 if result.kind == "error" else 0
        stop_if_broken(failures, result)

    async def work() -> None:
        for shared in waiting:  # by all workers
            missing = {
                method.name: [e for e in shared.examples if not answers.settled(e.id, method.name)]
                for method in methods
            }
            if not any(missing.values()):
                continue
            if not all(isinstance(method, ByRule) for method in methods if missing[method.name]):
                await asyncio.to_thread(history.add, shared.id, shared.items)
            for method in methods:
                if missing[method.name]:
                    await _ask_all(method, shared, missing[method.name], built, note)
            await asyncio.to_thread(history.delete_user, shared.id)

    workers = [asyncio.create_task(work()) for _ in range(max(1, concurrency))]
    try:
        await asyncio.gather(*workers)
    finally:
        await cancel_all(workers)


async def _ask_all(
    method: Method,
    shared: Shared,
    examples: Sequence[Example],
    built: Answers,
    note: Callable[[Example, Result], None],
) -> None:
    """Have a method make of a history what it makes, and answer what is asked of it."""
    async with AsyncExitStack() as stack:
        failed = ""
        with charged() as calls:
            try:
                holding = getattr(method, "holding", None)
                if holding:
                    await stack.enter_async_context(holding(examples[0]))
            except GuidedProfileError as error:
                failed = f"{type(error).__name__}: {error}"
        made = Result(
            example=shared.id,
            method=method.name,
            kind="error" if failed else "answered",
            reason=failed,
            cost=Cost.of(calls),
        )
        if (calls or failed) and not built.settled(shared.id, method.name):
            built.add(made)
        for example in examples:
            if failed:
                note(example, made.model_copy(update={"example": example.id, "cost": Cost()}))
                continue
            result = await ask(method, example)
            shown = getattr(method, "shown", {}).get(example.id)
            note(example, result.model_copy(update={"shown": shown}))
