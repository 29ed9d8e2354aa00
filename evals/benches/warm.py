"""What a warm answer costs, and what each part of restraint adds to it.

    python -m guided_profile.evals.benches.warm [--latency 0.05] [--runs 10] [--no-logprobs]
    python -m guided_profile.evals.benches.warm --embedded [--runs 3]

asks, of a user whose profile is fresh, ordinary questions, each once more, and trivial turns, with
the task `assistant`: as it comes, and with one part after another switched off. Printed are, of
each, the calls of a model an answer, about how many tokens they hold, the median time, and the
processor time in this process. The first form is on an endpoint that takes so many seconds for each
call and says that everything bears on a question, with or without log probabilities; the second on
the embedded model.
"""

import argparse
import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean, median
from time import perf_counter, process_time
from typing import Any

from langchain_core.language_models import BaseChatModel
from langgraph.store.memory import InMemoryStore

from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.overhead import Believes
from guided_profile.evals.benches.throughput import Calls, endpoint
from guided_profile.evals.run.history import temporary_history
from guided_profile.graph.build import build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.tasks import Task, builtin_tasks
from guided_profile.graph.tokens import approximate_tokens
from guided_profile.tools.assembly import make_chat, make_embedder
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.models.calls import endpoint_model

SAID = (
    "i never eat nuts, they make me ill", "my cat Miso sleeps on my desk all day",
    "i go to work by tram, i sold the car", "please keep answers short when you write to me",
    "i play the cello in a small orchestra", "my sister Ida lives in Porto with two sons",
    "i am saving for a trip to the north cape", "i cannot stand loud restaurants",
)  # fmt: skip
"""What an invented person said."""
ORDINARY = (
    "What could I bake for my neighbour?", "How do I get to the old harbour on Sunday?",
    "Which book should I take on a long journey?", "What shall I give my nephew?",
    "Where could we eat on Friday?", "How do I keep a plant safe from an animal?",
    "What is a good way to spend a rainy day?", "Which coat suits a cold place?",
    "How long should I practise each day?", "What do I cook for six people?",
)  # fmt: skip
TRIVIAL = ("thanks!", "hello", "What is 17 times 23?", "ok, good night")
SWITCHES = ("restraint", "memory_requests")
"""Fields of a task that add to a warm answer; those that a version does not have, it does not."""


@dataclass(frozen=True, slots=True)
class Spent:
    """What answers took."""

    calls: float
    tokens: float
    milliseconds: float
    processor: float
    """Milliseconds of this process's processor time: what waiting for others does not change."""


def tasks_of() -> dict[str, Task]:
    """Return the task as it comes, with each part off, and with all of them off."""
    task = builtin_tasks()["assistant"]
    there = [name for name in SWITCHES if name in Task.model_fields]
    off = {f"without {name}": task.model_copy(update={name: False}) for name in there}
    bare = task.model_copy(update=dict.fromkeys(there, False))
    return {"as it comes": task} | off | ({"without any": bare} if len(there) > 1 else {})


async def spent(task: Task, chat: BaseChatModel, embedder: Embedder, runs: int) -> dict[str, Spent]:
    """Ask a user of a fresh profile, and return what each kind of turn took."""
    with temporary_history(embedder) as history:
        history.add("kim", [HistoryItem(text=text, source="chat") for text in SAID])
        graph = build_graph(
            chat=chat, history=history, tasks=[task], store=InMemoryStore(), verifier=Believes()
        )

        async def ask(questions: Sequence[str]) -> Spent:
            calls, tokens, took = [], [], []
            worked = process_time()
            for question in questions:
                made, began = Calls(), perf_counter()
                asked: Any = {"question": question}
                context = Context(user_id="kim", task=task.name)
                await graph.ainvoke(asked, {"callbacks": [made]}, context=context)
                took.append(perf_counter() - began)
                calls.append(len(made.made))
                shown = [message.text for messages, _ in made.made for message in messages]
                tokens.append(sum(map(approximate_tokens, shown)))
            worked = (process_time() - worked) / len(took) * 1000
            return Spent(mean(calls), mean(tokens), median(took) * 1000, worked)

        await ask(["What do you know?"])  # makes the profile
        return {
            "ordinary": await ask(ORDINARY[:runs]),
            "again": await ask(ORDINARY[:runs]),
            "trivial": await ask(TRIVIAL[:runs]),
        }


def table(rows: dict[str, dict[str, Spent]]) -> str:
    """Return what was spent, in Markdown."""
    lines = [
        "| task | turn | calls | tokens in, about | milliseconds | processor |",
        "|---|---|---|---|---|---|",
    ]
    for name, kinds in rows.items():
        lines += [
            f"| {name} | {kind} | {cost.calls:.1f} | {cost.tokens:.0f} | {cost.milliseconds:.0f} "
            f"| {cost.processor:.0f} |"
            for kind, cost in kinds.items()
        ]
    return "\n".join(lines)


async def measure(chat: BaseChatModel, runs: int) -> str:
    """Measure every task, and return the table."""
    embedder = make_embedder("minilm")
    return table(
        {name: await spent(task, chat, embedder, runs) for name, task in tasks_of().items()}
    )


@command
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    add = parser.add_argument
    add("--latency", type=float, default=0.05, help="of a call of the endpoint, seconds")
    add("--runs", type=int, default=len(ORDINARY), help="questions of each kind, at most")
    add("--no-logprobs", action="store_true", help="the endpoint gives no probabilities")
    add("--embedded", action="store_true", help="the embedded model instead of the endpoint")
    given = parser.parse_args()
    if given.embedded:
        print(asyncio.run(measure(make_chat(None), given.runs)))
        return
    with endpoint(given.latency, logprobs=not given.no_logprobs) as url:
        chat = endpoint_model("m", base_url=url, api_key=None)
        print(asyncio.run(measure(chat, given.runs)))


if __name__ == "__main__":
    main()
