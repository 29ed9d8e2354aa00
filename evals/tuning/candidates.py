"""The guiding questions that are tried."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import ValidationError

from guided_profile.graph.errors import TaskError
from guided_profile.graph.tasks import Task

Origin = Literal["the task's own", "yours", "the model's"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A guiding question to be tried."""

    label: str
    """What it is called where there is no room for it: `own`, `1`, `2`, …"""
    question: str
    origin: Origin

    @property
    def method(self) -> str:
        """What its answers are kept under, whatever other questions are tried beside it."""
        return f"q-{hashlib.sha256(self.question.encode()).hexdigest()[:12]}"


def with_question(task: Task, question: str) -> Task:
    """Return a task with another guiding question.

    Raises:
        TaskError: It is no guiding question.
    """
    try:
        return Task.model_validate(task.model_dump() | {"guiding_question": question})
    except ValidationError as error:
        reason = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise TaskError(f"the guiding question {question!r}: {reason}.") from error


def candidates(task: Task, yours: Sequence[str], proposed: Sequence[str]) -> tuple[Candidate, ...]:
    """Return the questions to be tried, each once: the task's own, the user's, the model's.

    Raises:
        TaskError: One of them is no guiding question.
    """
    origins: dict[str, Origin] = {task.guiding_question: "the task's own"}
    for question in yours:
        origins.setdefault(with_question(task, question).guiding_question, "yours")
    for question in proposed:
        origins.setdefault(with_question(task, question).guiding_question, "the model's")
    return tuple(
        Candidate(str(number) if number else "own", question, origin)
        for number, (question, origin) in enumerate(origins.items())
    )
