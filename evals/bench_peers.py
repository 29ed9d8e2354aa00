"""mem0, LangMem and this project beside each other, on a scripted model with a fixed latency.

    python -m guided_profile.evals.bench_peers [--items 100] [--questions 20] [--latency 0.05]

The same items, one after the other as a user writes them, the same questions, one embedder and one
model for all, each system in its turn. Counted are the calls, tokens and seconds that the items and
the questions take, cold and warm; the items of others that a prompt shows while 50 users are served
at once; and what becomes of items whose extraction comes back as broken JSON. The model states
every item that it is shown, so that this tells what systems cost, not how well they answer.
Needs the extra `peers`.
"""

import argparse
import asyncio
import json
import re
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any, Protocol

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from langgraph.store.memory import InMemoryStore
from pydantic import Field

from guided_profile.evals.bench_writes import Facts, an_item
from guided_profile.evals.examples import Example
from guided_profile.evals.method_peers import PEERS, Memory, answer_from
from guided_profile.evals.methods import Parts, as_evaluated
from guided_profile.evals.peers_lent import Lent
from guided_profile.graph.build import Graph, build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.prompts import approximate_tokens
from guided_profile.graph.state import Call, Cost, HistoryItem
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.embeddings import Embedder, LexicalEmbedder
from guided_profile.tools.history import HistoryStore

USERS, ITEMS_OF_EACH = 50, 3
BROKEN = '{"memory": [{"id": "0", "text": "i bought'
_ITEM = re.compile(r"\[[^\]]*\] (i .+)")
_NUMBER = re.compile(r"\bno\. (\d+)")
_OWNER = re.compile(r"\b(u\d+)x\d+\b")


class Scripted(Facts):
    """States each item as a memory, in the form that is asked for; each call takes as long."""

    latency: float = 0.0
    """Seconds."""
    broken: bool = False
    """Whether what is extracted comes back cut off."""
    calls: list[Call] = Field(default_factory=list)
    prompts: list[str] = Field(default_factory=list)

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, Any]:
        """Return this model with the tools of LangMem."""
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools], **kwargs)

    async def _agenerate(
        self, messages: list[BaseMessage], *args: Any, **kwargs: Any
    ) -> ChatResult:
        await asyncio.sleep(self.latency)
        prompt = "\n".join(message.text for message in messages)
        self.prompts.append(prompt)
        result = self._generate(messages)
        message = result.generations[0].message
        assert isinstance(message, AIMessage)
        self._extract(prompt, message)
        assert message.usage_metadata
        self.calls.append(
            Call(
                stage="scripted",
                seconds=self.latency,
                input_tokens=message.usage_metadata["input_tokens"],
                output_tokens=message.usage_metadata["output_tokens"],
            )
        )
        return result

    def _extract(self, prompt: str, message: AIMessage) -> None:
        mem0, langmem = "\n## New Messages\n" in prompt, "memory subroutine" in prompt
        new = prompt.rpartition("\n## New Messages\n" if mem0 else "<session_")[2]
        facts = _ITEM.findall(new) if mem0 or langmem else []
        if self.broken and "Answer Yes or No" not in prompt:
            message.content = BROKEN
        elif mem0:
            listed = [{"id": str(n), "text": one} for n, one in enumerate(facts)]
            message.content = json.dumps({"memory": listed})
        elif langmem:
            message.content = ""
            message.tool_calls = [
                {"name": "Memory", "args": {"content": one}, "id": str(n), "type": "tool_call"}
                for n, one in enumerate(facts)
            ]
        assert message.usage_metadata
        written = message.text + "".join(json.dumps(one["args"]) for one in message.tool_calls)
        message.usage_metadata["output_tokens"] = approximate_tokens(written)


class System(Protocol):
    """What is measured."""

    async def take_in(self, user_id: str, items: Sequence[HistoryItem]) -> None:
        """Take in what a user wrote."""

    async def ask(self, user_id: str, question: str) -> int:
        """Answer a question; return how many sentences on the user there were to answer from."""


@dataclass(frozen=True, slots=True)
class Ours:
    """The workflow, with its defaults for the task."""

    graph: Graph
    parts: Parts

    async def take_in(self, user_id: str, items: Sequence[HistoryItem]) -> None:
        """Add to the history."""
        await asyncio.to_thread(self.parts.history.add, user_id, items)

    async def ask(self, user_id: str, question: str) -> int:
        """Run the workflow."""
        context = Context(user_id=user_id, task=self.parts.task.name, max_retries=0)
        done = await self.graph.ainvoke({"question": question}, context=context)
        profile = done["answer"].profile
        return len(profile.supported) if profile else 0


@dataclass(frozen=True, slots=True)
class Theirs:
    """A peer, its memories in the place of the profile."""

    memory: Memory
    parts: Parts

    async def take_in(self, user_id: str, items: Sequence[HistoryItem]) -> None:
        """Have its model extract memories."""
        await self.memory.take_in(user_id, items)

    async def ask(self, user_id: str, question: str) -> int:
        """Find memories, and answer from them."""
        memories = await self.memory.find(user_id, question)
        assert self.parts.chat is not None
        asked = Example(id=user_id, user_id=user_id, task="", question=question, answerable=False)
        await answer_from(self.parts, self.parts.chat, asked, memories)
        return len(memories)


@asynccontextmanager
async def opened(
    name: str, chat: BaseChatModel, embedder: Embedder | None = None
) -> AsyncIterator[System]:
    """Open a system, empty."""
    embedder = embedder or LexicalEmbedder()
    task = as_evaluated(builtin_tasks()["dialogue"])
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        history = stack.enter_context(HistoryStore.open(embedder, path=Path(folder)))
        parts = Parts(chat, history, embedder, task, ())
        if name == "ours":
            graph = build_graph(chat=chat, history=history, tasks=[task], store=InMemoryStore())
            yield Ours(graph, parts)
        else:
            memory = await stack.enter_async_context(PEERS[name].open(Lent.of(chat, embedder)))
            yield Theirs(memory, parts)


def told(calls: list[Call], began: float) -> str:
    """Return what was spent since it was last told, and forget it."""
    cost = Cost.of(calls)
    calls.clear()
    return (
        f"{cost.calls} calls, {cost.input_tokens} tokens in ({cost.cached_tokens} cached), "
        f"{cost.output_tokens} out, "
        f"{perf_counter() - began:.1f} s"
    )


async def cost(name: str, items: int, questions: int, latency: float) -> list[str]:
    """Take in the items one by one, and ask the questions one by one."""
    chat = Scripted(latency=latency)
    async with opened(name, chat) as system:
        began = perf_counter()
        for number in range(items):
            await system.take_in("kim", [an_item(number)])
        lines = [f"{items} items taken in: {told(chat.calls, began)}"]
        began, seen = perf_counter(), [await system.ask("kim", an_item(0).text)]
        lines.append(f"1st question, cold: {told(chat.calls, began)}")
        began = perf_counter()
        seen += [await system.ask("kim", an_item(number).text) for number in range(1, questions)]
        lines.append(f"{questions - 1} questions, warm: {told(chat.calls, began)}")
        lines.append(
            f"profile sentences or memories to answer from, mean: {sum(seen) / len(seen):.1f}"
        )
    return lines


async def isolation(name: str, latency: float) -> str:
    """Serve many users at once; each prompt should show the items of one of them."""
    chat = Scripted(latency=latency)
    async with opened(name, chat) as system:

        async def serve(user: str) -> None:
            items = [
                HistoryItem(text=f"i bought a kettle, code {user}x{n}", source="chat")
                for n in range(ITEMS_OF_EACH)
            ]
            for item in items:
                await system.take_in(user, [item])
            await system.ask(user, "Did you buy a kettle?")

        served = [serve(f"u{n}") for n in range(USERS)]
        failed = [one for one in await asyncio.gather(*served, return_exceptions=True) if one]
    foreign = 0
    for prompt in chat.prompts:
        owners = Counter(owner for owner in _OWNER.findall(prompt))
        foreign += owners.total() - max(owners.values(), default=0)
    kinds = Counter(type(one).__name__ for one in failed)
    return (
        f"{USERS} users at once: {foreign} items of others in {len(chat.prompts)} prompts, "
        f"{len(failed)} users failed {dict(kinds) if kinds else ''}".rstrip()
    )


async def broken(name: str) -> str:
    """Take in items, and ask, while all that the model writes comes back cut off."""
    chat = Scripted(broken=True)
    async with opened(name, chat) as system:
        for number in range(10):
            await system.take_in("kim", [an_item(number)])
        await system.ask("kim", "Which things did you buy, sell or borrow, and where?")
    known = set(_NUMBER.findall(chat.prompts[-1]))
    return f"broken JSON while 10 items came in: the answer's prompt shows {len(known)} of them"


async def measure(items: int, questions: int, latency: float) -> None:
    """Measure and print, system by system."""
    for name in ("ours", *PEERS):
        for line in await cost(name, items, questions, latency):
            print(f"{name}: {line}")
        print(f"{name}: {await isolation(name, latency)}")
        print(f"{name}: {await broken(name)}", flush=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Compare with mem0 and LangMem, side by side.")
    parser.add_argument("--items", type=int, default=100)
    parser.add_argument("--questions", type=int, default=20)
    parser.add_argument("--latency", type=float, default=0.05, help="of each model call, seconds")
    asked = parser.parse_args()
    for package in PEERS.values():
        package.load()
    asyncio.run(measure(asked.items, asked.questions, asked.latency))


if __name__ == "__main__":
    main()
