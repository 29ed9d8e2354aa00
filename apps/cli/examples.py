"""What `eval` and `tune` both take, and the examples that they work on.

Without a file, those are the questions that come with the package: about the demo's people, some
of them unanswerable.
"""

import argparse
import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from guided_profile.apps import assembly
from guided_profile.apps.cli.demo import people
from guided_profile.apps.settings import Settings
from guided_profile.evals.catalogue import BOUNDS
from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.load import load
from guided_profile.evals.datasets.sampling import chosen
from guided_profile.evals.run.runner import digest_of
from guided_profile.graph.errors import InputError
from guided_profile.graph.prompts import prompts_digest
from guided_profile.graph.tasks import Task
from guided_profile.tools.embedders.base import Embedder


def shared_arguments(parser: argparse.ArgumentParser, *, out: str) -> None:
    """Add what both commands take.

    Args:
        parser: Of the command.
        out: What its folder holds.
    """
    add = parser.add_argument
    add("--task", default="preference", help="a task's name, or its YAML file")
    add("--data", type=Path, metavar="FILE", help="examples, JSON Lines; left out: authored ones")
    add("--n", type=int, help="how many examples, drawn by the seed; left out: all")
    add("--seed", type=int, default=0)
    add("--out", type=Path, required=True, help=f"the folder of {out}; a run goes on")
    add("--concurrency", type=int, default=1, metavar="K", help="examples worked on at once")
    add("--json", action="store_true", help="print what is found as JSON")


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
        list(load("plain", given.data, task=task.name, kind=task.kind))
        if given.data
        else authored(task.name)
    )
    if not everything:
        raise InputError(f"{str(given.data)!r} holds no examples; give a file with some.")
    examples = list(chosen(everything, given.n, given.seed))
    return task, everything, _fitting(task, everything, examples)


def _fitting(
    task: Task, everything: Sequence[Example], examples: Sequence[Example]
) -> Sequence[Example]:
    """Return the examples, if the task can be asked about them and all ids are different."""
    wrong = next((example for example in examples if example.kind != task.kind), None)
    if wrong:
        raise InputError(
            f"the example {wrong.id!r} is of kind {wrong.kind!r}, and the task {task.name!r} is "
            f"of kind {task.kind!r}; choose another --task."
        )
    if len({example.id for example in everything}) < len(everything):
        raise InputError("two examples have the same id; give each its own.")
    return examples


def identity_of(
    task: Task, everything: Sequence[Example], seed: int, embedder: Embedder
) -> dict[str, Any]:
    """Return what all answers depend on: with anything else, they are another run's."""
    return {
        "task": f"{task.name} {short_digest(task.model_dump_json())}",
        "data": digest_of(everything),
        "seed": seed,
        "prompts": prompts_digest(),
        "embedder": embedder.id,
        "bounds": BOUNDS,
    }


def short_digest(text: str) -> str:
    """Return a dozen characters that tell a text from others."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def authored(task: str) -> list[Example]:
    """Return the authored examples of a built-in task.

    Raises:
        InputError: There are none for that task.
    """
    path = files("guided_profile.apps.cli") / "people" / "questions.yaml"
    questions = yaml.safe_load(path.read_text(encoding="utf-8"))
    if task not in questions:
        raise InputError(f"no examples come with the task {task!r}; name a file with --data.")
    histories = {person.key: person.items for person in people()}
    return [
        _example(task, key, number, asked).model_copy(update={"history": histories[key]})
        for key, asked_of in questions[task].items()
        for number, asked in enumerate(asked_of, 1)
    ]


def _example(task: str, key: str, number: int, asked: Mapping[str, Any]) -> Example:
    options = tuple(asked.get("options", ()))
    right = asked["pick"] if options else asked["says"]
    reference = "" if right is None else options[right] if options else right
    return Example(
        id=f"{key}-{number}",
        user_id=key,
        task=task,
        question=asked["ask"],
        options=options,
        reference=reference,
        answerable=right is not None,
    )
