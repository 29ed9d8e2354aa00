"""What is measured beside each other: the workflow, raw history, and the peers, as systems."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from langchain_core.language_models import BaseChatModel
from langgraph.store.memory import InMemoryStore

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.methods.workflow import MethodInputs
from guided_profile.evals.peers.lent import Lent
from guided_profile.evals.peers.method import PEERS, Memory, answer_from
from guided_profile.evals.run.history import temporary_history
from guided_profile.graph.build import Graph, build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.state import Abstained, Answered
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.history.store import HistoryStore

SYSTEMS = ("ours", "raw", *PEERS)
TASK = "assistant"
RAW = {
    "restraint": False,
    "sees": ("personal_context",),
    "recall_tokens": 10**6,
    "context_tokens": 10**6,
}
"""The context in which a response sees all of the history, and nothing else."""


@dataclass(frozen=True, slots=True)
class SystemAnswer:
    """An answer."""

    known: int
    """How many profile sentences with evidence, or memories, there were to answer from."""
    text: str


class System(Protocol):
    """What is measured."""

    async def take_in(self, user_id: str, items: Sequence[HistoryItem]) -> None:
        """Take in what a user wrote."""

    async def ask(self, user_id: str, question: str) -> SystemAnswer:
        """Answer a question."""


@dataclass(frozen=True, slots=True)
class Ours:
    """The workflow, with its defaults for the task, or what the context says."""

    graph: Graph
    history: HistoryStore
    context: Mapping[str, Any]

    async def take_in(self, user_id: str, items: Sequence[HistoryItem]) -> None:
        """Add to the history."""
        await asyncio.to_thread(self.history.add, user_id, items)

    async def ask(self, user_id: str, question: str) -> SystemAnswer:
        """Run the workflow."""
        context = Context(user_id=user_id, **self.context)
        done = await self.graph.ainvoke({"question": question}, context=context)
        answer = done["answer"]
        known = len(answer.profile.supported) if answer.profile else 0
        return SystemAnswer(known, _text_of(answer))


@dataclass(frozen=True, slots=True)
class Theirs:
    """A peer, its memories in the place of the profile."""

    memory: Memory
    inputs: MethodInputs

    async def take_in(self, user_id: str, items: Sequence[HistoryItem]) -> None:
        """Have its model extract memories."""
        await self.memory.take_in(user_id, items)

    async def ask(self, user_id: str, question: str) -> SystemAnswer:
        """Find memories, and answer from them."""
        memories = await self.memory.find(user_id, question)
        assert self.inputs.chat is not None
        asked = Example(id=user_id, user_id=user_id, task="", question=question, answerable=False)
        answer = await answer_from(self.inputs, self.inputs.chat, asked, memories)
        return SystemAnswer(len(memories), _text_of(answer))


def _text_of(answer: Answered | Abstained) -> str:
    return answer.text if isinstance(answer, Answered) else f"(abstained: {answer.reason})"


@asynccontextmanager
async def opened(name: str, chat: BaseChatModel, embedder: Embedder) -> AsyncIterator[System]:
    """Open a system, empty."""
    task = builtin_tasks()[TASK]
    async with AsyncExitStack() as stack:
        history = stack.enter_context(temporary_history(embedder))
        if name in PEERS:
            inputs = MethodInputs(chat, history, embedder, task, ())
            memory = await stack.enter_async_context(PEERS[name].open(Lent.of(chat, embedder)))
            yield Theirs(memory, inputs)
        else:
            graph = build_graph(chat=chat, history=history, store=InMemoryStore())
            yield Ours(graph, history, {"task": TASK} | (RAW if name == "raw" else {}))
