"""How much of the prompts of digest, profile and respond the prefix cache serves.

    python -m guided_profile.evals.benches.prefix_cache

runs the workflow once on the embedded model, for a user of 30 items who is new to it, and prints
each stage's prompt tokens and how many of them came from the cache.
"""

import asyncio

from langgraph.store.memory import InMemoryStore
from rich.console import Console

from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.overhead import a_history
from guided_profile.evals.run.history import temporary_history
from guided_profile.graph.build import build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.records import Call
from guided_profile.tools.assembly import make_chat, make_embedder

ITEMS = 30


async def calls() -> list[Call]:
    """Run the workflow once for a user of ITEMS items and return its model calls."""
    chat = make_chat()
    with temporary_history(make_embedder()) as history:
        history.add("user", a_history()[:ITEMS])
        graph = build_graph(chat=chat, history=history, store=InMemoryStore())
        state = await graph.ainvoke(
            {"question": "What did you do today?"},
            context=Context(user_id="user", max_retries=0),
            output_keys=["calls"],
        )
        made: list[Call] = state["calls"]
        return made


@command
def main() -> None:
    """Measure and print."""
    made = asyncio.run(calls())
    out = Console(highlight=False)
    for call in made:
        out.print(f"{call.stage}: {call.cached_tokens} of {call.input_tokens} prompt tokens cached")
    cached, total = sum(c.cached_tokens for c in made), sum(c.input_tokens for c in made)
    out.print(
        f"share of all prompt tokens: {cached / total:.0%} (n={len(made)} calls, {ITEMS} items)"
    )


if __name__ == "__main__":
    main()
