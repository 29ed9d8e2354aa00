"""Other projects' memories behind the same interface: mem0 and LangMem (the extra `peers`).

A peer takes in the example's history with the model and the embedder that all methods use, finds
its memories for the question, and the workflow's own response stage answers from them, where it
would see the profile: the same prompt, the same orders of the options, the same abstentions.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Protocol
from uuid import uuid4

from langchain_core.language_models import BaseChatModel
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.methods.workflow import MethodInputs, as_evaluated, model_of
from guided_profile.evals.peers.langmem import load_langmem, open_langmem
from guided_profile.evals.peers.lent import Lent
from guided_profile.evals.peers.mem0 import load_mem0, open_mem0
from guided_profile.graph.build import build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.errors import GuidedProfileError, PeerError
from guided_profile.graph.records import Cost, HistoryItem, Profile, Sentence
from guided_profile.graph.state import Abstained, Answered
from guided_profile.tools.models.calls import model_id
from guided_profile.tools.search.ranking import tokens_of

_OURS = Context(user_id="anyone")
MOST_ITEMS, PIECE_TOKENS = _OURS.profile_items, _OURS.context_tokens
"""What is taken in, and about how much of it at once: as much as the workflow's profile is made
from, and as its digestion reads at once."""


class Memory(Protocol):
    """What a peer remembers of its users."""

    async def take_in(self, user_id: str, items: Sequence[HistoryItem]) -> None:
        """Take in what a user did, in order of time."""

    async def find(self, user_id: str, question: str) -> list[str]:
        """Return a user's memories for a question, the best first."""


@dataclass(frozen=True, slots=True)
class Package:
    """One of the peers."""

    on_pypi: str
    description: str
    load: Callable[[], Any]
    """Imports it, or says how to install it."""
    open: Callable[[Lent], AbstractAsyncContextManager[Memory]]
    """Opens an empty memory, which is deleted when it is closed."""


PEERS: dict[str, Package] = {
    "mem0": Package("mem0ai", "mem0's memories, no history", load_mem0, open_mem0),
    "langmem": Package("langmem", "LangMem's memories, no history", load_langmem, open_langmem),
}


@dataclass(frozen=True, slots=True)
class Peer:
    """A peer as a method: its memories stand where the workflow has the profile.

    They point to no evidence, so they are kept as sentences without; if there are none, the
    response is asked for without any.
    """

    name: str
    description: str
    package: Package
    inputs: MethodInputs
    chat: BaseChatModel
    held: dict[str, tuple[Memory, Lent]] = field(default_factory=dict)
    """The memories that are open, by what their histories stand under."""

    @asynccontextmanager
    async def holding(self, example: Example) -> AsyncIterator[None]:
        """Have the peer take in an example's history, for all that is asked of that within."""
        async with AsyncExitStack() as stack:
            if example.history:
                await self._take_in(example, stack)
                stack.callback(self.held.pop, example.held_under)
            yield

    async def answer(self, example: Example) -> Answered | Abstained:
        """Have the peer take in the history and find its memories, then answer from them."""
        if not example.history:
            return Abstained(reason="no_history", detail="There is no history to answer from.")
        if example.held_under in self.held:
            memories = await self._find(example)
        else:
            async with self.holding(example):
                memories = await self._find(example)
        return await answer_from(self.inputs, self.chat, example, memories)

    async def _take_in(self, example: Example, stack: AsyncExitStack) -> None:
        lent = Lent.of(self.chat, self.inputs.embedder)
        with self._raising_failures(lent):
            memory = await stack.enter_async_context(self.package.open(lent))
            for piece in pieces(example.history[-MOST_ITEMS:]):
                await memory.take_in(_user_of(example), piece)
        self.held[example.held_under] = memory, lent

    async def _find(self, example: Example) -> list[str]:
        memory, lent = self.held[example.held_under]
        with self._raising_failures(lent):
            found = await memory.find(_user_of(example), example.question)
        return [text for text in found if text.strip()]

    @contextmanager
    def _raising_failures(self, lent: Lent) -> Iterator[None]:
        """Raise every failure within, also one that the peer ignores: it is no answer."""
        before = len(lent.failures)
        try:
            yield
        except GuidedProfileError:
            raise
        except Exception as error:  # of any kind
            raise (lent.failures[before:] or [_failure(self.name, error)])[0] from error
        if failed := lent.failures[before:]:  # what it found is not what it would have
            raise failed[0]


def _user_of(example: Example) -> str:
    """Return the user's id: namespaces and filters take no `.` and no space."""
    return example.held_under.encode().hex()


def pieces(items: Sequence[HistoryItem]) -> list[list[HistoryItem]]:
    """Cut a history where a piece is full; an item that is larger is a piece of its own."""
    cut: list[list[HistoryItem]] = []
    left = 0
    for item in items:
        tokens = tokens_of(item)
        if tokens > left:
            cut.append([])
            left = PIECE_TOKENS
        cut[-1].append(item)
        left -= tokens
    return cut


def _failure(name: str, error: Exception) -> PeerError:
    """Return the error for a failure: it names the kinds, since a message may quote the history."""
    kinds, cause = [type(error).__name__], error.__cause__
    while cause is not None:
        kinds.append(type(cause).__name__)
        cause = cause.__cause__
    return PeerError(f"{name} failed ({', from '.join(kinds)}); its own log may say why.")


async def answer_from(
    inputs: MethodInputs, chat: BaseChatModel, example: Example, memories: Sequence[str]
) -> Answered | Abstained:
    """Run the workflow's response and review, as if its profile were the memories."""
    task = as_evaluated(inputs.task)
    keeper = InMemorySaver(serde=JsonPlusSerializer(allowed_msgpack_modules=[Profile]))
    graph = build_graph(chat=chat, history=inputs.history, tasks=[task], checkpointer=keeper)
    context = Context(
        user_id=example.held_under,
        task=task.name,
        sees=("profile",) if memories else (),
        supported_only=False,
        restraint=False,  # what bears on a question, the peer's own search says
        max_retries=0,
    )
    thread: RunnableConfig = {"configurable": {"thread_id": uuid4().hex}}
    question: Any = {"question": example.question, "options": list(example.options)}
    await graph.ainvoke(question, thread, context=context, interrupt_before=["recall"])
    profile = Profile(
        task=task.name,
        sentences=tuple(Sentence(text=memory) for memory in memories),
        guidance="",
        fingerprint="",
        model=model_id(chat),
        created=datetime.now(UTC),
        cost=Cost(),
    )
    known = {
        "profile": profile,
        "recalled": [],
        "on_topic": True,  # what a memory bears on is its maker's to say
        "material": [],
        "flagged": [],
    }
    await graph.aupdate_state(thread, known, as_node="prove")
    done = await graph.ainvoke(None, thread, context=context)
    answer: Answered | Abstained = done["answer"]
    return answer


def installed(name: str) -> str:
    """Return the version of a peer's package.

    Raises:
        SettingsError: The extra `peers` is not installed.
    """
    PEERS[name].load()
    return version(PEERS[name].on_pypi)


def peer(name: str, inputs: MethodInputs) -> Peer:
    """Return a peer by name.

    Raises:
        InputError: There is no model.
        SettingsError: The extra `peers` is not installed.
    """
    chat = model_of(name, inputs)
    package = PEERS[name]
    described = f"{package.description} ({package.on_pypi} {installed(name)})"
    return Peer(name, described, package, inputs, chat)
