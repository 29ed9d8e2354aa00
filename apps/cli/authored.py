"""The questions that come with the package: about the demo's people, some of them unanswerable."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import yaml

from guided_profile.apps.cli.demo import people
from guided_profile.evals.datasets.examples import Example
from guided_profile.graph.errors import InputError


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
    told = asked["pick"] if options else asked["says"]
    reference = "" if told is None else options[told] if options else told
    return Example(
        id=f"{key}-{number}",
        user_id=key,
        task=task,
        question=asked["ask"],
        options=options,
        reference=reference,
        answerable=told is not None,
    )
