"""What is compared: settings of the one workflow, the field's other ideas, and rules without model.

    dg0, dg, pg, gpg            the paper's four (Table 1)
    pg-nopc … g-nopc            the other rows of its Table 3: what the response sees
    default                     the task as it comes, retries and all
    gpg-retry, gpg-once, …      one switch turned
    given, given-nopc, …        a profile made elsewhere in the place of the workflow's own
    rag-bm25 … rag-fused        retrieval augmentation, as in LaMP (Salemi et al. 2023)
    gpg-rag                     a guided profile beside that
    raw                         the newest items, as many as fit
    summary, dpl, perfine       neighbours: see `neighbours`
    reminder, notes             what stands around the question: see `around`
    secom, memgas, facts, emem  other units of recall, and more keys: see `recalling`
    synthesizeme                a persona that is tested: see `tested`
    mem0, langmem               other projects' memories: see `evals.peers`
    random, majority, …         no model at all: see `rules`

A method is asked one example at a time; its history stands in the store under the example's id, or
under one that several examples share.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from langchain_core.language_models import BaseChatModel
from langgraph.store.memory import InMemoryStore

from guided_profile.evals.datasets.examples import Example, Kind
from guided_profile.evals.methods.given import Given, Profiles
from guided_profile.graph.build import Graph, build_graph, verifiers_of
from guided_profile.graph.context import Context
from guided_profile.graph.errors import InputError
from guided_profile.graph.profile import standing_profile
from guided_profile.graph.state import Abstained, Answered
from guided_profile.graph.tasks import Task
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.evidence.base import Verifier, find_verifier
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.models.calls import model_id


class Method(Protocol):
    """Something that can be asked an example."""

    @property
    def name(self) -> str:
        """What it is called on the command line and in the report."""

    @property
    def description(self) -> str:
        """What it does, in a line."""

    async def answer(self, example: Example) -> Answered | Abstained:
        """Answer an example whose history stands in the store under the example's id.

        Raises:
            GuidedProfileError: It failed; that is no answer, and no abstention.
        """


@dataclass(frozen=True, slots=True)
class MethodInputs:
    """What methods are made of."""

    chat: BaseChatModel | None
    """None: there are only rules."""
    history: HistoryStore
    embedder: Embedder
    task: Task
    examples: Sequence[Example]
    """All that are asked: `majority` looks at their answers, `dpl` at their histories."""
    seed: int = 0
    verifier: Verifier | None = None
    """What judges a profile's sentences; None: `chat`."""
    profiles: Profiles | None = None
    """Profiles that were made elsewhere; an example without one has the workflow write its own."""
    keeps_profiles: bool = False
    """Whether a profile is made once for all that is asked of a history; if not, each time."""


def as_evaluated(task: Task) -> Task:
    """Return a task as it is when nobody is there to be asked back."""
    unattended = {
        "cold_start": task.cold_start.model_copy(update={"questions": ()}),
        "abstention": task.abstention.model_copy(
            update={
                "policy": "accept" if task.abstention.policy == "ask" else task.abstention.policy
            }
        ),
    }
    return task.model_copy(update=unattended)


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting of the workflow: fields of `Context`."""

    description: str
    switches: Mapping[str, Any]
    given: bool = False
    """Whether the profile is one that was made elsewhere."""


_PC, _G, _PP = "personal_context", "guidance", "profile"


def _row(*sees: str, guided: bool = True, **more: Any) -> dict[str, Any]:
    """Return the switches of a row of Table 3: asked once, by the model alone, as in the paper."""
    once: dict[str, Any] = {"sees": sees, "guided": guided, "max_retries": 0}
    once |= {"grounded": False, "restraint": False}
    return once | more


FEW_TOKENS = 170
"""What retrieval augmentation shows: about four short items, LaMP's largest k."""
_FEW: dict[str, Any] = {"recall_tokens": FEW_TOKENS}

_ALL_THAT_FITS: dict[str, Any] = {
    "recall": {"dense": False, "bm25": False, "most_alike": None},
    "recall_tokens": 6000,
    "context_tokens": 6000,
}
"""What the embedded model's context of 8192 tokens holds beside a question and its options."""


def _retrieved(dense: bool, bm25: bool) -> dict[str, Any]:
    return _row(_PC, recall={"dense": dense, "bm25": bm25}, **_FEW)


SETTINGS: dict[str, Setting] = {
    "dg0": Setting("direct, without history", _row()),
    "dg": Setting("direct, with the raw history", _row(_PC)),
    "pg": Setting("history and unguided profile", _row(_PC, _PP, guided=False)),
    "pg-nopc": Setting("unguided profile, no history", _row(_PP, guided=False)),
    "gpg": Setting("history and guided profile", _row(_PC, _PP)),
    "gpg-nopc": Setting("guided profile, no history", _row(_PP)),
    "gpg-g": Setting("history, guidance and guided profile", _row(_PC, _G, _PP)),
    "gpg-g-nopc": Setting("guidance and guided profile, no history", _row(_G, _PP)),
    "g": Setting("history and guidance, no profile", _row(_PC, _G)),
    "g-nopc": Setting("guidance alone", _row(_G)),
    "default": Setting("the task as it comes", {}),
    "gpg-retry": Setting("gpg, abstentions retried", _row(_PC, _PP, max_retries=2)),
    "gpg-grounded": Setting(
        "gpg, the history's likeness to an option counted too", _row(_PC, _PP, grounded=None)
    ),
    "dg-grounded": Setting(
        "dg, the history's likeness to an option counted too", _row(_PC, grounded=None)
    ),
    "dg-once": Setting("dg, options asked in one order", _row(_PC, debiased=False)),
    "pg-once": Setting(
        "pg, options asked in one order", _row(_PC, _PP, guided=False, debiased=False)
    ),
    "gpg-once": Setting("gpg, options asked in one order", _row(_PC, _PP, debiased=False)),
    "gpg-unfiltered": Setting(
        "gpg, profile sentences without evidence kept", _row(_PC, _PP, supported_only=False)
    ),
    "pg-unfiltered": Setting(
        "pg, profile sentences without evidence kept",
        _row(_PC, _PP, guided=False, supported_only=False),
    ),
    "gpg-unjoined": Setting(
        "gpg, all sources asked one guiding question", _row(_PC, _PP, joined=False)
    ),
    "rag": Setting("the few items recalled as by default", _row(_PC, **_FEW)),
    "rag-bm25": Setting("the items best by BM25", _retrieved(dense=False, bm25=True)),
    "rag-dense": Setting("the items best by embedding", _retrieved(dense=True, bm25=False)),
    "rag-fused": Setting("the items best by both, fused", _retrieved(dense=True, bm25=True)),
    "rag-recency": Setting("the newest items", _retrieved(dense=False, bm25=False)),
    "gpg-rag": Setting("a guided profile and a few recalled items", _row(_PC, _PP, **_FEW)),
    "raw": Setting("the newest items of the history, as many as fit", _row(_PC, **_ALL_THAT_FITS)),
    "summary": Setting(
        "a summary and a few recalled items (Richardson et al. 2023)",
        _row(_PC, _PP, guided=False, **_FEW),
    ),
    "given": Setting("history and a profile made elsewhere", _row(_PC, _PP), given=True),
    "given-nopc": Setting("a profile made elsewhere, no history", _row(_PP), given=True),
    "given-default": Setting("default, with a profile made elsewhere", {}, given=True),
}


@dataclass(frozen=True, slots=True)
class Workflow:
    """The workflow, with its switches set."""

    name: str
    description: str
    graph: Graph
    task: Task
    switches: Mapping[str, Any]
    given: Given | None = None
    """Profiles that were made elsewhere."""
    keeps_profiles: bool = False
    shown: dict[str, int] = field(default_factory=dict)
    """How many items of the history the response saw, by example."""

    def _context(self, example: Example) -> Context:
        return Context(user_id=example.held_under, task=self.task.name, **self.switches)

    @asynccontextmanager
    async def holding(self, example: Example) -> AsyncIterator[None]:
        """Make the profile of an example's history, for all that is asked of that within."""
        context = self._context(example)
        if (
            not self.given
            and self.keeps_profiles
            and self.task.with_switches(context).needs_profile
        ):
            await standing_profile(self.graph, self.task, context)
        yield

    async def answer(self, example: Example) -> Answered | Abstained:
        """Run the workflow."""
        context = self._context(example)
        if self.given:
            await self.given.put(context)
        question: Any = {"question": example.question, "options": list(example.options)}
        done = await self.graph.ainvoke(
            question, context=context, output_keys=["answer", "recalled"]
        )
        sees = self.task.with_switches(context).sees
        self.shown[example.id] = len(done["recalled"]) if _PC in sees else 0
        answer: Answered | Abstained = done["answer"]
        return answer


def model_of(name: str, inputs: MethodInputs) -> BaseChatModel:
    """Return the model that a method asks.

    Raises:
        InputError: There is none.
    """
    if inputs.chat is None:
        raise InputError(f"the method {name!r} needs a model.")
    return inputs.chat


def check_content(name: str, inputs: MethodInputs) -> None:
    """Refuse a method that goes by what a history tells where its style is asked for.

    Raises:
        InputError: The task is one of style, or there is no model.
    """
    if inputs.task.evidence == "style":
        raise InputError(
            f"the method {name!r} goes by what a person tells, and the task {inputs.task.name!r} "
            "is about how they write; leave it out."
        )
    model_of(name, inputs)


def workflow(name: str, inputs: MethodInputs, task: Task | None = None) -> Workflow:
    """Return a setting of the workflow by name.

    Args:
        name: One of `SETTINGS`.
        inputs: What it is made of.
        task: Instead of the inputs' task.

    Raises:
        InputError: There is no model, or it takes profiles and none are given.
    """
    model_of(name, inputs)
    setting = SETTINGS[name]
    task = as_evaluated(task or inputs.task)
    if setting.given and inputs.profiles is None:
        raise InputError(
            f"the method {name!r} takes profiles that were made elsewhere; give their file with "
            "--profiles."
        )
    inputs = inputs if setting.given else replace(inputs, profiles=None)
    return run_of(name, setting.description, inputs, task, setting.switches)


def run_of(
    name: str, description: str, inputs: MethodInputs, task: Task, switches: Mapping[str, Any]
) -> Workflow:
    """Return the workflow over a task, with switches of one's own.

    Where profiles are given an abstention stands: to try again is to write a profile anew.
    """
    chat, given = inputs.chat, None
    assert chat is not None
    keeps = inputs.keeps_profiles or inputs.profiles is not None
    store = InMemoryStore() if keeps else None
    graph = build_graph(
        chat=chat, history=inputs.history, tasks=[task], verifier=inputs.verifier, store=store
    )
    if inputs.profiles is not None and store is not None:
        verifier = find_verifier(verifiers_of(chat, inputs.verifier), task).id
        given = Given(inputs.profiles, store, inputs.history, task, model_id(chat), verifier)
        switches = {**switches, "max_retries": 0}
    return Workflow(name, description, graph, task, switches, given, inputs.keeps_profiles)


def fits(kinds: Sequence[Kind], inputs: MethodInputs, name: str) -> None:
    """Refuse a method that the task's kind has no use for.

    Raises:
        InputError: It is for the other kind.
    """
    if inputs.task.kind not in kinds:
        raise InputError(
            f"the method {name!r} is for tasks of kind {kinds[0]!r}, and {inputs.task.name!r} is "
            f"of kind {inputs.task.kind!r}; leave it out."
        )
