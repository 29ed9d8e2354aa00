"""Asking methods about examples: several examples at once, each answer on disk as it comes."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.methods.rules import ByRule
from guided_profile.evals.methods.workflow import Method
from guided_profile.evals.run.answers import Answers
from guided_profile.evals.run.calls import Calls, charged
from guided_profile.evals.run.history import temporary_history
from guided_profile.evals.scorers.result import Result
from guided_profile.graph.errors import GuidedProfileError, InputError, ModelError
from guided_profile.graph.records import Cost
from guided_profile.tools.cancel import cancel_all
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.models.calls import MOST_FAILURES

OnResult = Callable[[Example, Result], None]


async def run(
    examples: Sequence[Example],
    methods: Sequence[Method],
    answers: Answers,
    *,
    history: HistoryStore,
    concurrency: int = 1,
    on_result: OnResult = lambda example, result: None,
) -> list[Result]:
    """Ask every method about every example, but for what is answered already.

    Examples are worked on side by side; the methods take an example one after the other, so that a
    prefix cache that holds its history serves them all.

    Args:
        examples: What is asked; their ids are different.
        methods: Who is asked; their names are different.
        answers: Where answers are kept; those that it holds are not asked for again.
        history: Where each example's history stands while it is asked, under the example's id; not
            for rules alone, which read the example.
        concurrency: How many examples are worked on at once.
        on_result: Called with each new answer, once it is on the disk.

    Returns:
        All answers, those from before among them, example by example.

    Raises:
        ModelError: One after the other, so many answers failed that the rest would too.
    """
    waiting = iter(examples)
    failures = 0

    async def work() -> None:
        nonlocal failures
        for example in waiting:  # shared by all workers
            missing = [method for method in methods if not answers.settled(example.id, method.name)]
            if not missing:
                continue
            if not all(isinstance(method, ByRule) for method in missing):
                await asyncio.to_thread(history.add, example.id, example.history)
            for method in missing:
                result = await ask(method, example)
                answers.add(result)
                on_result(example, result)
                failures = failures + 1 if result.kind == "error" else 0
                stop_if_broken(failures, result)
            await asyncio.to_thread(history.delete_user, example.id)

    workers = [asyncio.create_task(work()) for _ in range(max(1, concurrency))]
    try:
        await asyncio.gather(*workers)
    finally:
        await cancel_all(workers)
    return answers.of((example.id for example in examples), (method.name for method in methods))


def stop_if_broken(failures: int, last: Result) -> None:
    """End a run in which so many answers in a row failed that the rest would too.

    Raises:
        ModelError: They were `MOST_FAILURES` or more.
    """
    if failures >= MOST_FAILURES:
        raise ModelError(
            f"{failures} answers in a row failed, the last with {last.reason!r}; "
            "mend that and give the same command again: what was answered is kept."
        )


async def ask(method: Method, example: Example) -> Result:
    """Ask a method about an example; an error is kept as what it is."""
    with charged() as calls:
        try:
            outcome = await method.answer(example)
        except GuidedProfileError as error:
            return Result(
                example=example.id,
                method=method.name,
                kind="error",
                reason=f"{type(error).__name__}: {error}",
                cost=Cost.of(calls),
            )
        return Result.of(example.id, method.name, outcome, Cost.of(calls))


@contextmanager
def opened(
    folder: Path, settings: Mapping[str, Any], embedder: Embedder
) -> Iterator[tuple[Calls, Answers, HistoryStore]]:
    """Open the folder of a run: the calls and answers it holds, and an empty history beside it.

    Args:
        folder: Made if there is none.
        settings: What the answers depend on, see `check_same_run`.
        embedder: Of the history, which is gone afterwards.

    Raises:
        InputError: The folder holds the answers of another run, or cannot be used.
    """
    with (
        opened_answers(folder, settings) as (calls, answers),
        temporary_history(embedder) as history,
    ):
        yield calls, answers, history


@contextmanager
def opened_answers(folder: Path, settings: Mapping[str, Any]) -> Iterator[tuple[Calls, Answers]]:
    """Open the calls and the answers that the folder of a run holds, as `opened` does."""
    folder.mkdir(parents=True, exist_ok=True)
    check_same_run(folder / "run.json", settings)
    with (
        closing(Calls(folder / "calls.db")) as calls,
        closing(Answers(folder / "answers.jsonl")) as answers,
    ):
        yield calls, answers


def check_same_run(path: Path, settings: Mapping[str, Any]) -> None:
    """Write down what a run is made of, or refuse to go on with one that is made of something else.

    Args:
        path: Of the JSON file.
        settings: What the answers depend on, by name; what the file does not have yet (a further
            method) is added to it.

    Raises:
        InputError: The folder holds the answers of another run; what differs is named.
    """
    now = json.loads(json.dumps(settings))
    before = made_of(path)
    check_same(path.parent, before, now, "choose another folder with --out")
    path.write_text(json.dumps(before | now, indent=1) + "\n", encoding="utf-8")


def made_of(path: Path) -> dict[str, Any]:
    """Return what a run is made of, as it was written down; nothing if it has not begun.

    Raises:
        InputError: The file is damaged.
    """
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise InputError(f"{str(path)!r} is damaged; choose another folder with --out.")
    return found


def check_same(
    folder: Path, before: Mapping[str, Any], now: Mapping[str, Any], advice: str
) -> None:
    """Refuse answers that depend on something else than others do.

    Raises:
        InputError: What both name differs; `advice` says what to do.
    """
    for name in sorted(before.keys() & now.keys()):
        if before[name] != now[name]:
            raise InputError(
                f"{str(folder)!r} holds another run: its {name} was {before[name]!r} and is now "
                f"{now[name]!r}; {advice}."
            )


def digest_of(examples: Sequence[Example]) -> str:
    """Return a short digest of examples: with others, a run is another run."""
    whole = hashlib.sha256()
    for example in examples:
        whole.update(example.model_dump_json().encode())
    return whole.hexdigest()[:16]
