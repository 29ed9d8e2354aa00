"""What every stage is handed, and how a stage finds what its run is about."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime

from langchain_core.language_models import BaseChatModel
from langgraph.runtime import Runtime

from guided_profile.graph.context import Context, require
from guided_profile.graph.tasks import Task, find_task
from guided_profile.tools.evidence.base import KnowsUse, Verifier, find_verifier
from guided_profile.tools.evidence.chat import ChatVerifier
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.models.calls import model_id
from guided_profile.tools.profiles.leases import BuildLeases
from guided_profile.tools.profiles.plan import profiles_of
from guided_profile.tools.restraint.select import Restraint


@dataclass(frozen=True, kw_only=True, slots=True)
class Resources:
    """What the stages of one workflow hold together; the run's context says whose they use."""

    chat: BaseChatModel
    """The model that digests, writes profiles and responds."""

    history: HistoryStore
    """Where items are recalled from, and what the user replies is added to."""

    tasks: Mapping[str, Task]
    """By name."""

    verifiers: Mapping[str, Verifier]
    """By name; `default` is for the tasks that name none."""

    clock: Callable[[], datetime]
    """The time, in UTC."""

    restraint: Restraint
    """Chooses what of a profile a response sees."""

    builds: BuildLeases = field(default_factory=BuildLeases)
    """Which run makes which profile now."""

    @property
    def model(self) -> str:
        """What names the chat model in profiles and in what they were made with."""
        return model_id(self.chat)

    def asked(self, runtime: Runtime[Context]) -> tuple[Context, Task]:
        """Return the run's context, and its task with the switches that the context sets.

        Raises:
            QuestionError: The run has no context.
            TaskError: No task has the name that it gives.
        """
        context = require(runtime.context)
        return context, find_task(self.tasks, context.task).with_switches(context)

    def verifier_of(self, task: Task) -> Verifier:
        """Return the verifier that judges a task's sentences.

        Raises:
            TaskError: The task names one that was not handed in.
        """
        return find_verifier(self.verifiers, task)

    def uses_of(self, task: Task) -> KnowsUse:
        """Return what says when an answer may use a sentence: the task's verifier, or the model.

        Raises:
            TaskError: The task names a verifier that was not handed in.
        """
        verifier = self.verifier_of(task)
        return verifier if isinstance(verifier, KnowsUse) else ChatVerifier(self.chat)

    def making(
        self, runtime: Runtime[Context], task: Task, *, building: bool
    ) -> AbstractAsyncContextManager[None]:
        """Keep the profile that a run makes through one stage of making it.

        Args:
            runtime: The stage's.
            task: The task, with the run's switches.
            building: Whether the run makes the profile that will stand; if not, nothing is kept.
        """
        profiles = profiles_of(runtime, task) if building else None
        return self.builds.stage(profiles)
