"""How many questions a second the workflow answers, beside a bare client of the same endpoint.

    python -m guided_profile.evals.benches.throughput [--latency 0.05] [--seconds 4] [--where]

An endpoint in a process of its own answers every call after a fixed time. Against it run, in turns
and for each number of users at once: the workflow, for users of 100 items whose profile is fresh;
and two bare clients that make the workflow's own two calls, word for word, one after the other:
ChatOpenAI as it comes, and the client that the workflow itself has. Printed are, of each, questions
a second, the median time, and the processor time that a question takes in this process; with
`--where`, in which packages the workflow spends what it takes beyond its calls, under a profiler
that makes everything slower.
"""

import argparse
import asyncio
import cProfile
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from itertools import count
from multiprocessing.connection import Connection
from statistics import median
from time import perf_counter, process_time, thread_time
from typing import Any

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_openai import ChatOpenAI
from langgraph.store.memory import InMemoryStore
from pydantic import SecretStr

from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.overhead import LEAST_SHARE, a_history, in_place, seconds_of
from guided_profile.evals.benches.running import head, in_a_process, serve
from guided_profile.evals.run.history import temporary_history
from guided_profile.graph.build import build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.prompts import BREAKS, FOR_EVERY_ANSWER, PRIVATE
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.models.calls import endpoint_model

AT_ONCE = (1, 4, 16, 64, 256)
USERS, PROFILED = 256, 100
Ask = Callable[[int], Awaitable[None]]


NO = tuple(
    question.text.rpartition("\n")[2].encode() for question in (FOR_EVERY_ANSWER, PRIVATE, BREAKS)
)
"""What the endpoint says No to: its sentences are ordinary ones, and its replies keep to them."""


def _serve(sender: Connection, latency: float, logprobs: bool) -> None:
    yes, no = (_reply(word, logprobs) for word in ("Yes", "No"))

    async def answer(asked: bytes) -> AsyncIterator[bytes]:
        body = no if any(question in asked for question in NO) else yes
        await asyncio.sleep(latency)
        yield head("application/json", len(body)) + body

    serve(sender, answer)


def _reply(word: str, logprobs: bool) -> bytes:
    """Return a reply that says two sentences, and to a question with Yes or No a word."""
    top = [{"token": word, "logprob": -0.1, "bytes": None}]
    token = {"token": word, "logprob": -0.1, "bytes": None, "top_logprobs": top}
    text = "This person has a cat. This person rides a bicycle."
    choice = {
        "index": 0,
        "finish_reason": "stop",
        "message": {"role": "assistant", "content": text},
        "logprobs": {"content": [token]} if logprobs else None,
    }
    reply = {
        "id": "1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [choice],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }
    return json.dumps(reply).encode()


@contextmanager
def endpoint(latency: float, *, logprobs: bool = True) -> Iterator[str]:
    """Run an endpoint in a process of its own; yield its address."""
    with in_a_process(_serve, latency, logprobs) as url:
        yield url


class Calls(AsyncCallbackHandler):
    """Keeps what a model is asked, and with which settings."""

    def __init__(self) -> None:
        """Begin with none."""
        self.made: list[tuple[list[BaseMessage], dict[str, Any]]] = []

    async def on_chat_model_start(
        self, serialized: dict[str, Any], messages: list[list[BaseMessage]], **kwargs: Any
    ) -> None:
        """Keep a call."""
        given = kwargs["invocation_params"]
        wanted = ("max_tokens", "max_completion_tokens", "logprobs", "top_logprobs")
        self.made.append((messages[0], {name: given[name] for name in wanted if name in given}))


@dataclass(frozen=True, slots=True)
class Rate:
    """What a way of asking came to."""

    a_second: float
    median: float
    cpu: float


async def rate(ask: Ask, at_once: int, seconds: float) -> Rate:
    """Ask at so many places at once, each again when it has an answer."""
    took: list[float] = []
    numbers = count()
    began, worked = perf_counter(), process_time()

    async def place() -> None:
        while perf_counter() - began < seconds:
            started = perf_counter()
            await ask(next(numbers) % USERS)
            took.append(perf_counter() - started)

    await asyncio.gather(*(place() for _ in range(at_once)))
    whole, worked = perf_counter() - began, process_time() - worked
    return Rate(len(took) / whole, median(took), worked / len(took))


@dataclass(frozen=True, slots=True)
class Ways:
    """Ways of asking the same."""

    ours: Ask
    comes: Ask
    """ChatOpenAI's as it comes."""
    bare: Ask
    """The workflow's own client's."""
    calls: int
    """That a question takes."""


@asynccontextmanager
async def ways_of(url: str, users: int) -> AsyncIterator[Ways]:
    """Make the profiles of so many users, and yield what asks them."""
    chat = endpoint_model("m", base_url=url, api_key=None)
    with temporary_history(LexicalEmbedder()) as history:
        graph = build_graph(chat=chat, history=history, store=InMemoryStore())
        for user in range(users):
            history.add(str(user), a_history())
        question: Any = {"question": "What did you do today?"}

        async def ours(user: int) -> None:
            await graph.ainvoke(question, context=Context(user_id=str(user)))

        for user in range(users):
            await ours(user)  # makes the profile
        calls = Calls()
        await graph.ainvoke(question, {"callbacks": [calls]}, context=Context(user_id="0"))

        def bare(client: BaseChatModel) -> Ask:
            async def ask(user: int) -> None:
                for messages, settings in calls.made:
                    await client.ainvoke(messages, **settings)

            return ask

        as_it_comes = ChatOpenAI(model="m", base_url=url, api_key=SecretStr("none"), temperature=0)
        yield Ways(ours, bare(as_it_comes), bare(chat), len(calls.made))


async def measure(url: str, seconds: float) -> None:
    """Measure and print."""
    async with ways_of(url, USERS) as asking:
        ways = {"ours": asking.ours, "ChatOpenAI": asking.comes, "our client": asking.bare}
        print(f"{asking.calls} calls a question")
        for at_once in AT_ONCE:
            rates = {name: await rate(ask, at_once, seconds) for name, ask in ways.items()}
            for name, measured in rates.items():
                print(
                    f"{at_once:3} at once, {name:10}: {measured.a_second:5.1f} a second (ours is "
                    f"{rates['ours'].a_second / measured.a_second:.2f} of it), median "
                    f"{measured.median * 1000:.0f} ms, processor {measured.cpu * 1000:.1f} ms "
                    "a question",
                    flush=True,
                )


async def print_where(url: str) -> None:
    """Print the packages in which the workflow spends more than the calls by its own client."""
    spent = []
    async with ways_of(url, 1) as asking:
        for ask in (asking.ours, asking.bare):
            await ask(0)
            profiler = cProfile.Profile(thread_time)  # other work on the machine takes none
            profiler.enable()
            for _ in range(PROFILED):
                await ask(0)
            profiler.disable()
            spent.append(seconds_of(profiler))
    ours, bare = spent
    ours.subtract(bare)
    whole = ours.total()
    for package, seconds in ours.most_common():
        if seconds >= LEAST_SHARE * whole:
            print(f"{seconds / whole:.0%}  {package}")


@command
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--latency", type=float, default=0.05, help="of a model call, seconds")
    parser.add_argument("--seconds", type=float, default=4, help="for each way and number")
    parser.add_argument("--where", action="store_true", help="which packages its time is spent in")
    given = parser.parse_args()
    if given.where:
        with endpoint(0) as url, in_place():
            asyncio.run(print_where(url))
        return
    with endpoint(given.latency) as url:
        asyncio.run(measure(url, given.seconds))


if __name__ == "__main__":
    main()
