"""What the graph itself costs: a run's time on a scripted model, so without any LLM time.

    python -m guided_profile.evals.bench_overhead

prints, for a user of 100 items, the median over runs that make the profile (cold) and over runs
that find it fresh (warm).
"""

import asyncio
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from langchain_core.language_models import FakeListChatModel
from langgraph.store.memory import InMemoryStore

from guided_profile.graph.build import build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.state import HistoryItem
from guided_profile.tools.embeddings import LexicalEmbedder
from guided_profile.tools.history import HistoryStore

ITEMS = 100
WARM_RUNS = 200
COLD_RUNS = 40


def a_history() -> list[HistoryItem]:
    """Return a history of short, different items."""
    start = datetime(2025, 1, 1, tzinfo=UTC)
    return [
        HistoryItem(
            text=f"day {n}: rode {n % 37} km by bicycle, fed the cat at {n % 24}:00",
            source="chat",
            time=start + timedelta(days=n),
        )
        for n in range(ITEMS)
    ]


async def times(folder: Path) -> tuple[list[float], list[float]]:
    """Return the seconds of cold runs and of warm ones."""
    chat = FakeListChatModel(responses=["This person has a cat. This person rides a bicycle."])
    cold: list[float] = []
    warm: list[float] = []
    with HistoryStore.open(LexicalEmbedder(), path=folder) as history:
        graph = build_graph(chat=chat, history=history, store=InMemoryStore())
        items = a_history()
        for n in range(COLD_RUNS + WARM_RUNS):
            user = f"user {min(n, COLD_RUNS)}"
            if n <= COLD_RUNS:
                history.add(user, items)
            began = perf_counter()
            await graph.ainvoke(
                {"question": "What did you do today?"}, context=Context(user_id=user)
            )
            (cold if n <= COLD_RUNS else warm).append(perf_counter() - began)
    return cold[1:], warm  # the first run of all loads modules


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        cold, warm = asyncio.run(times(Path(folder)))
    for name, seconds in (("profile made", cold), ("profile fresh", warm)):
        p95 = quantiles(seconds, n=20)[-1]
        print(
            f"{name}: median {median(seconds) * 1000:.1f} ms, p95 {p95 * 1000:.1f} ms "
            f"(n={len(seconds)}, {ITEMS} items, scripted model)"
        )


if __name__ == "__main__":
    main()
