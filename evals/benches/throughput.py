"""How many questions a second the workflow answers, beside a bare client of the same endpoint.

    python -m guided_profile.evals.benches.throughput [--latency 0.05] [--seconds 4]

An endpoint in a process of its own answers every call after a fixed time. Against it run, in turns
and for each number of users at once: the workflow, for users of 100 items whose profile is fresh;
and two bare clients that make the workflow's own two calls, word for word, one after the other:
ChatOpenAI as it comes, and the client that the workflow itself has. Printed are, of each, questions
a second, the median time, and the processor time that a question takes in this process.
"""

import argparse
import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from multiprocessing.connection import Connection
from statistics import median
from time import perf_counter, process_time
from typing import Any

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import BaseMessage
from langchain_openai import ChatOpenAI
from langgraph.store.memory import InMemoryStore
from pydantic import SecretStr

from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.overhead import a_history
from guided_profile.evals.benches.running import head, in_a_process, serve
from guided_profile.evals.run.history import temporary_history
from guided_profile.graph.build import build_graph
from guided_profile.graph.context import Context
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.models.calls import endpoint_model

AT_ONCE = (1, 4, 16, 64, 256)
USERS = 256
Ask = Callable[[int], Awaitable[None]]


def _serve(told: Connection, latency: float, logprobs: bool) -> None:
    top = [{"token": "Yes", "logprob": -0.1, "bytes": None}]
    token = {"token": "Yes", "logprob": -0.1, "bytes": None, "top_logprobs": top}
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
    body = json.dumps(reply).encode()

    async def answer(_: bytes) -> AsyncIterator[bytes]:
        await asyncio.sleep(latency)
        yield head("application/json", len(body)) + body

    serve(told, answer)


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


async def measure(url: str, seconds: float) -> None:
    """Measure and print."""
    chat = endpoint_model("m", base_url=url, api_key=None)
    with temporary_history(LexicalEmbedder()) as history:
        graph = build_graph(chat=chat, history=history, store=InMemoryStore())
        for user in range(USERS):
            history.add(str(user), a_history())
        question: Any = {"question": "What did you do today?"}

        async def ours(user: int) -> None:
            await graph.ainvoke(question, context=Context(user_id=str(user)))

        for user in range(USERS):
            await ours(user)  # makes the profile
        calls = Calls()
        await graph.ainvoke(question, {"callbacks": [calls]}, context=Context(user_id="0"))

        def bare(client: BaseChatModel) -> Ask:
            async def ask(user: int) -> None:
                for messages, settings in calls.made:
                    await client.ainvoke(messages, **settings)

            return ask

        as_it_comes = ChatOpenAI(model="m", base_url=url, api_key=SecretStr("none"), temperature=0)
        ways = {"ours": ours, "ChatOpenAI": bare(as_it_comes), "our client": bare(chat)}
        print(f"{len(calls.made)} calls a question")
        for at_once in AT_ONCE:
            rates = {name: await rate(ask, at_once, seconds) for name, ask in ways.items()}
            for name, one in rates.items():
                print(
                    f"{at_once:3} at once, {name:10}: {one.a_second:5.1f} a second (ours is "
                    f"{rates['ours'].a_second / one.a_second:.2f} of it), median "
                    f"{one.median * 1000:.0f} ms, processor {one.cpu * 1000:.1f} ms a question",
                    flush=True,
                )


@command
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--latency", type=float, default=0.05, help="of a model call, seconds")
    parser.add_argument("--seconds", type=float, default=4, help="for each way and number")
    given = parser.parse_args()
    with endpoint(given.latency) as url:
        asyncio.run(measure(url, given.seconds))


if __name__ == "__main__":
    main()
