"""mem0, LangMem and this project beside each other: one model, one embedder, the same histories.

    python -m guided_profile.evals.benches.peers [--items 100] [--questions 20] [--rounds 3]
    python -m guided_profile.evals.benches.peers --history apps/cli/people/cook.jsonl [--items 12]

Items come in one after the other, as a user writes them; then questions are asked, the first of
them cold. Each system has its turn, round after round. Printed are calls, tokens and seconds (the
median of the rounds, the least and the most) of items and questions, what there was to answer from,
how many items of others a prompt showed while 50 users were served at once, and what became of
items whose extraction came back as broken JSON. `raw` is the whole history before each question.

The first form is on a scripted model that answers each call after 50 ms and states every item that
it is shown, which measures cost, not how well systems answer. The second is on the
embedded model, for the demo's cook, and prints the answers. Needs the extra `peers`.
"""

import argparse
import asyncio
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import Field

from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.writes import Facts, an_item
from guided_profile.evals.peers.method import PEERS
from guided_profile.evals.peers.systems import SYSTEMS, System, SystemAnswer, opened
from guided_profile.evals.run.calls import Calls, KeptChat, charged
from guided_profile.graph.records import Call, Cost, HistoryItem
from guided_profile.graph.tokens import approximate_tokens
from guided_profile.tools.assembly import MODEL, make_embedder
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.models.calls import call_of, endpoint_model
from guided_profile.tools.models.local import LocalServer
from guided_profile.tools.weights.fetch import ensure

USER = "kim"
USERS, ITEMS_OF_EACH = 50, 3
CONTEXT_TOKENS = 16_384
"""Of the embedded model: mem0's instruction alone takes 7,900."""
QUESTIONS = (
    "What do you recommend that I fry things in?",
    "What became of my non-stick pan?",
    "Which chili paste suits me?",
    "What is my sister called?",
    "Which football club do I support?",
)
"""To the demo's cook, whose history does not answer the last two."""
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
        result = self._generate(messages, **kwargs)
        message = result.generations[0].message
        assert isinstance(message, AIMessage)
        self._extract(prompt, message)
        self.calls.append(call_of(message, "scripted", self.latency))
        return result

    def _extract(self, prompt: str, message: AIMessage) -> None:
        mem0, langmem = "\n## New Messages\n" in prompt, "memory subroutine" in prompt
        new = prompt.rpartition("\n## New Messages\n" if mem0 else "<session_")[2]
        facts = _ITEM.findall(new) if mem0 or langmem else []
        if self.broken and "Answer Yes or No" not in prompt:
            message.content = BROKEN
        elif mem0:
            listed = [{"id": str(n), "text": fact} for n, fact in enumerate(facts)]
            message.content = json.dumps({"memory": listed})
        elif langmem:
            message.content = ""
            message.tool_calls = [
                {"name": "Memory", "args": {"content": fact}, "id": str(n), "type": "tool_call"}
                for n, fact in enumerate(facts)
            ]
        assert message.usage_metadata
        written = message.text + "".join(json.dumps(call["args"]) for call in message.tool_calls)
        message.usage_metadata["output_tokens"] = approximate_tokens(written)


@dataclass(frozen=True, slots=True)
class Phase:
    """What a part of a system's turn took."""

    system: str
    what: str
    cost: Cost
    seconds: float
    replies: tuple[SystemAnswer, ...] = ()


async def turn(
    name: str,
    system: System,
    items: Sequence[HistoryItem],
    questions: Sequence[str],
    calls: list[Call],
) -> list[Phase]:
    """Have a system take in the items and answer the questions, one by one.

    Args:
        name: The system's.
        system: Empty.
        items: One person's, in order of time.
        questions: At least two; the first is asked cold.
        calls: Where every call of the model is added when it was made.
    """
    phases: list[Phase] = []
    calls.clear()
    began = perf_counter()

    def end(what: str, replies: Sequence[SystemAnswer] = ()) -> None:
        nonlocal began
        phases.append(Phase(name, what, Cost.of(calls), perf_counter() - began, tuple(replies)))
        calls.clear()
        began = perf_counter()

    for item in items:
        await system.take_in(USER, [item])
    end(f"{len(items)} items")
    end("1st question", [await system.ask(USER, questions[0])])
    end(
        f"{len(questions) - 1} more",
        [await system.ask(USER, question) for question in questions[1:]],
    )
    return phases


def table(rounds: Sequence[Sequence[Phase]]) -> str:
    """Return the phases as a table in Markdown; the calls and tokens are the last round's."""
    lines = [
        "| system | phase | calls | tokens in (cached) | tokens out | seconds [least, most] "
        "| known |",
        "|---|---|---|---|---|---|---|",
    ]
    for same in zip(*rounds, strict=True):
        last, seconds = same[-1], sorted(phase.seconds for phase in same)
        spread = f" [{seconds[0]:.1f}, {seconds[-1]:.1f}]" if len(seconds) > 1 else ""
        known = [reply.known for reply in last.replies]
        mean = f"{sum(known) / len(known):.1f}" if known else ""
        lines.append(
            f"| {last.system} | {last.what} | {last.cost.calls:,} | {last.cost.input_tokens:,} "
            f"({last.cost.cached_tokens:,}) | {last.cost.output_tokens:,} "
            f"| {median(seconds):.1f}{spread} | {mean} |"
        )
    return "\n".join(lines)


async def scripted_turn(name: str, items: int, questions: int, latency: float) -> list[Phase]:
    """Give a system its turn on the scripted model."""
    chat = Scripted(latency=latency)
    async with opened(name, chat, LexicalEmbedder()) as system:
        history = [an_item(number) for number in range(items)]
        asked = [an_item(number).text for number in range(questions)]
        return await turn(name, system, history, asked, chat.calls)


async def model_turn(name: str, items: Sequence[HistoryItem]) -> list[Phase]:
    """Give a system its turn on the embedded model, in an engine of its own."""
    server = LocalServer(next(ensure(MODEL).glob("*.gguf")), context_tokens=CONTEXT_TOKENS)
    chat = endpoint_model(MODEL, base_url=server.base_url, api_key=server.api_key, timeout=1800)
    counted = KeptChat(inner=chat, calls=Calls(Path(":memory:")))
    try:
        with charged() as calls:
            async with opened(name, counted, make_embedder()) as system:
                return await turn(name, system, items, QUESTIONS, calls)
    finally:
        server.close()


async def isolation(name: str, latency: float) -> str:
    """Serve many users at once; each prompt should show the items of one of them."""
    chat = Scripted(latency=latency)
    async with opened(name, chat, LexicalEmbedder()) as system:

        async def serve(user: str) -> None:
            items = [
                HistoryItem(text=f"i bought a kettle, code {user}x{n}", source="chat")
                for n in range(ITEMS_OF_EACH)
            ]
            for item in items:
                await system.take_in(user, [item])
            await system.ask(user, "Did you buy a kettle?")

        served = [serve(f"u{n}") for n in range(USERS)]
        done = await asyncio.gather(*served, return_exceptions=True)
        failed = [error for error in done if error is not None]
    foreign = 0
    for prompt in chat.prompts:
        owners = Counter(owner for owner in _OWNER.findall(prompt))
        foreign += owners.total() - max(owners.values(), default=0)
    kinds = Counter(type(error).__name__ for error in failed)
    return (
        f"{USERS} users at once: {foreign} items of others in {len(chat.prompts)} prompts, "
        f"{len(failed)} users failed {dict(kinds) if kinds else ''}".rstrip()
    )


async def broken(name: str) -> str:
    """Take in items, and ask, while all that the model writes comes back cut off."""
    chat = Scripted(broken=True)
    async with opened(name, chat, LexicalEmbedder()) as system:
        for number in range(10):
            await system.take_in(USER, [an_item(number)])
        await system.ask(USER, "Which things did you buy, sell or borrow, and where?")
    known = set(_NUMBER.findall(chat.prompts[-1]))
    return f"broken JSON while 10 items came in: the answer's prompt shows {len(known)} of them"


async def measure(items: int, questions: int, rounds: int, latency: float) -> None:
    """Measure on the scripted model, and print."""
    turns = []
    for _ in range(rounds):
        phases = []
        for name in SYSTEMS:
            phases += await scripted_turn(name, items, questions, latency)
        turns.append(phases)
    print(table(turns))
    for name in SYSTEMS:
        print(f"{name}: {await isolation(name, latency)}")
        print(f"{name}: {await broken(name)}", flush=True)


async def measure_model(items: Sequence[HistoryItem]) -> None:
    """Measure on the embedded model, and print."""
    phases: list[Phase] = []
    for name in SYSTEMS:
        phases += await model_turn(name, items)
        replies = [reply for phase in phases[-3:] for reply in phase.replies]
        for question, reply in zip(QUESTIONS, replies, strict=True):
            print(f"{name}: {question} {reply.text}", flush=True)
    print(table([phases]))


@command
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--items", type=int, help="100; on the embedded model 12")
    parser.add_argument("--questions", type=int, default=20, help="to the scripted model")
    parser.add_argument("--rounds", type=int, default=3, help="on the scripted model")
    parser.add_argument("--latency", type=float, default=0.05, help="of a scripted call, seconds")
    parser.add_argument(
        "--history", type=Path, help="a person's items, JSON Lines: on the embedded model"
    )
    given = parser.parse_args()
    for package in PEERS.values():
        package.load()
    if given.history:
        lines = given.history.read_text(encoding="utf-8").strip().split("\n")[: given.items or 12]
        asyncio.run(measure_model([HistoryItem.model_validate_json(line) for line in lines]))
    else:
        asyncio.run(measure(given.items or 100, given.questions, given.rounds, given.latency))


if __name__ == "__main__":
    main()
