"""What the graph itself costs: a run's time on a scripted model, so without any LLM time.

    python -m guided_profile.evals.benches.overhead [--where]

prints, for a user of 100 items, the median over runs that make the profile (cold) and over runs
that find it fresh (warm); with `--where`, which packages the time of the warm runs is spent in. For
that, what otherwise runs in threads runs in place, under a profiler that makes everything slower.
"""

import argparse
import asyncio
import cProfile
import pstats
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Any
from unittest.mock import patch

from langchain_core.language_models import FakeListChatModel
from langgraph.store.memory import InMemoryStore

from guided_profile.evals.benches.command import command
from guided_profile.evals.run.history import temporary_history
from guided_profile.graph.build import build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.records import Call, HistoryItem
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.evidence.base import Claim, Judged
from guided_profile.tools.evidence.candidates import strongest

ITEMS = 100
WARM_RUNS = 200
COLD_RUNS = 40
LEAST_SHARE = 0.02
OURS = Path(__file__).parents[2]


class Believes:
    """A verifier that asks no model."""

    id = "believes"

    async def verify(self, claims: Sequence[Claim]) -> tuple[list[Judged], list[Call]]:
        """Hold every sentence to be stated by what is nearest to it."""
        return [Judged("stated", 1.0, strongest(claim)) for claim in claims], []


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


async def times(
    cold_runs: int, warm_runs: int, profiler: cProfile.Profile | None = None
) -> tuple[list[float], list[float]]:
    """Return the seconds of cold runs and of warm runs; only warm runs are profiled."""
    chat = FakeListChatModel(responses=["This person has a cat. This person rides a bicycle."])
    cold: list[float] = []
    warm: list[float] = []
    with temporary_history(LexicalEmbedder()) as history:
        graph = build_graph(chat=chat, history=history, store=InMemoryStore(), verifier=Believes())
        items = a_history()
        for n in range(cold_runs + warm_runs):
            user = f"user {min(n, cold_runs)}"
            if n <= cold_runs:
                history.add(user, items)
            elif profiler and not warm:
                profiler.enable()
            began = perf_counter()
            await graph.ainvoke(
                {"question": "What did you do today?"}, context=Context(user_id=user)
            )
            (cold if n <= cold_runs else warm).append(perf_counter() - began)
    if profiler:
        profiler.disable()
    return cold[1:], warm  # the first run of all loads modules


@contextmanager
def in_place() -> Iterator[None]:
    """Run in the event loop's own thread what is meant for another."""

    async def called(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return function(*args, **kwargs)

    with patch("asyncio.to_thread", called):
        yield


def where(profiler: cProfile.Profile) -> list[tuple[str, float]]:
    """Return each package's share of the time, the largest first."""
    spent = seconds_of(profiler)
    total = spent.total()
    return [(package, seconds / total) for package, seconds in spent.most_common()]


def seconds_of(profiler: cProfile.Profile) -> Counter[str]:
    """Return how long each package took; a builtin's time is its caller's."""
    spent: Counter[str] = Counter()
    for (file, _, name), (_, _, own, _, callers) in pstats.Stats(profiler).stats.items():  # type: ignore[attr-defined]
        if file != "~":
            spent[_package(file)] += own
        elif "select.epoll" not in name:  # waiting takes no processor
            for (caller, _, _), (*_, its_own, _) in callers.items():
                spent[_package(caller)] += its_own
    return spent


def _package(file: str) -> str:
    path = Path(file)
    if "site-packages" in path.parts:  # first: an environment may lie in this tree
        return path.parts[path.parts.index("site-packages") + 1].removesuffix(".py")
    if path.is_relative_to(OURS):
        return f"guided_profile.{path.relative_to(OURS).parts[0]}"
    return "asyncio" if "asyncio" in path.parts else "Python's own"


@command
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--where", action="store_true", help="which packages the time is spent in")
    if parser.parse_args().where:
        profiler = cProfile.Profile()
        with in_place():
            asyncio.run(times(1, WARM_RUNS, profiler))
        for package, share in where(profiler):
            if share >= LEAST_SHARE:
                print(f"{share:.0%}  {package}")
        return
    cold, warm = asyncio.run(times(COLD_RUNS, WARM_RUNS))
    for name, seconds in (("profile made", cold), ("profile fresh", warm)):
        p95 = quantiles(seconds, n=20)[-1]
        print(
            f"{name}: median {median(seconds) * 1000:.1f} ms, p95 {p95 * 1000:.1f} ms "
            f"(n={len(seconds)}, {ITEMS} items, scripted model)"
        )


if __name__ == "__main__":
    main()
