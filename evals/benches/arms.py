"""The arms that are asked about the same rows: no history, all of it, the workflow, the peers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from guided_profile.evals.catalogue import PEERS, make_methods
from guided_profile.evals.datasets.rubrics import profile_of
from guided_profile.evals.methods.workflow import Method, MethodInputs, run_of
from guided_profile.evals.run.standin import Chosen
from guided_profile.graph.prompts import prompts_digest
from guided_profile.graph.tasks import Task

ARMS = ("none", "raw", "retrieval", "items", "everything", "ours", *PEERS)
_PC: tuple[str, ...] = ("personal_context",)
_NEWEST = {"dense": False, "bm25": False, "most_alike": None}


@dataclass(frozen=True, slots=True)
class Setup:
    """What is asked, and how."""

    arms: Sequence[str]
    label: str = "ours"
    """What the arm `ours` is called in this run."""
    given: bool = False
    recall_tokens: int = 1500
    raw_tokens: int = 3200
    orders: int = 2

    one_history: bool = False

    @property
    def identity(self) -> dict[str, Any]:
        """What the answers of a folder depend on, and those of each arm."""
        whole = {"given": self.given, "orders": self.orders, "one history": self.one_history}
        arms = {f"arm {self.named(arm)}": self._of(arm) for arm in self.arms}
        return whole | {"recall tokens": self.recall_tokens} | arms

    def _of(self, arm: str) -> dict[str, Any]:
        return {"prompts": prompts_digest()} | ({} if arm in PEERS else switches(arm, self))

    @property
    def items(self) -> str:
        """What the arm `items` is called."""
        return "items" if self.label == "ours" else f"items {self.label}"

    def named(self, arm: str) -> str:
        """Return what an arm is called in the answers."""
        return {"ours": self.label, "items": self.items}.get(arm, arm)


def switches(arm: str, setup: Setup) -> dict[str, Any]:
    """Return the context of an arm."""
    recall = {"recall_tokens": setup.recall_tokens, "max_retries": 0}
    raw = {"recall": _NEWEST, "recall_tokens": setup.raw_tokens, "max_retries": 0}
    arms: dict[str, dict[str, Any]] = {
        "none": {"sees": (), "max_retries": 0},
        "raw": {"sees": _PC, "context_tokens": max(3200, setup.raw_tokens)} | raw,
        "retrieval": {"sees": _PC} | recall,
        "items": {"sees": _PC} | recall,
        "everything": recall,
        "ours": recall,
    }
    return arms[arm]


def unrestrained(task: Task) -> Task:
    """Return a task that uses all that it is shown, and takes no requests about the memory."""
    names = [name for name in ("restraint", "memory_requests") if name in Task.model_fields]
    return task.model_copy(update=dict.fromkeys(names, False))


def methods_of(setup: Setup, inputs: MethodInputs) -> list[Chosen]:
    """Return the arms as methods."""
    if setup.given:
        known = {example.id: profile_of(example) for example in inputs.examples}
        inputs = replace(inputs, profiles={id_: texts for id_, texts in known.items() if texts})
    return [Chosen(_method(arm, setup, inputs), setup.orders) for arm in setup.arms]


def _method(arm: str, setup: Setup, inputs: MethodInputs) -> Method:
    if arm in PEERS:
        return make_methods([arm], replace(inputs, task=unrestrained(inputs.task)))[0]
    task = inputs.task if arm in ("items", "ours") else unrestrained(inputs.task)
    return run_of(setup.named(arm), arm, inputs, task, switches(arm, setup))
