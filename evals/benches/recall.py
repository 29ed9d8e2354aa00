"""What a search over one user's history takes, part by part, without the model that embeds.

    python -m guided_profile.evals.benches.recall

prints, for users of 100, 5,000 and 20,000 items of about 20 words and 384 dimensions, p50 and p95
of their first recall, when nothing of them is in memory (the newest 400, and a ranking with every
part on), in turns as it is and with Chroma asked for all of it, by the clock and of the processor,
which other work on the machine slows less; and then of reading them and of
ranking them again, by meaning alone and with every part on.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from time import perf_counter, process_time
from unittest.mock import patch

import numpy as np

from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.history import RandomEmbedder
from guided_profile.evals.run.history import temporary_history
from guided_profile.graph.context import Recall
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.collection import ItemCollection
from guided_profile.tools.history.store import HistoryStore

SIZES = (100, 5_000, 20_000)
LIMIT = 40
START = datetime(2020, 1, 1, tzinfo=UTC)
DENSE = Recall(bm25=False, most_alike=None)
FULL = Recall(half_life_days=365)


def a_history(size: int) -> list[HistoryItem]:
    """Return items whose words are as unevenly common as in a language (Zipf)."""
    words = np.random.default_rng(size).zipf(1.3, size=(size, 20)) % 30_000
    return [
        HistoryItem(
            id=str(number),
            text=" ".join(f"word{word}" for word in row),
            time=START + timedelta(hours=number),
        )
        for number, row in enumerate(words.tolist())
    ]


def timed(call: Callable[[], object], runs: int) -> str:
    """Return p50 and p95 of so many calls, in words."""
    taken = []
    for _ in range(runs):
        began = perf_counter()
        call()
        taken.append((perf_counter() - began) * 1000)
    return spread(taken)


def spread(taken: list[float]) -> str:
    """Return p50 and p95 of times in milliseconds, in words."""
    return f"p50 {median(taken):.1f} p95 {quantiles(taken, n=20)[-1]:.1f} ms"


@contextmanager
def asking_chroma() -> Iterator[None]:
    """Let nothing be read from the folder's files but by Chroma."""
    with (
        patch.object(ItemCollection, "_stored_in_files", return_value=None),
        patch.object(ItemCollection, "_matching_in_files", return_value=None),
    ):
        yield


def measure(history: HistoryStore, size: int) -> None:
    """Print the figures for one user."""
    user, query = f"user {size}", "word3 word17 word2900 word40"
    history.add(user, a_history(size))
    runs = 100 if size <= 100 else 20
    wall: dict[bool, list[float]] = {False: [], True: []}
    own: dict[bool, list[float]] = {False: [], True: []}
    for turn in range(runs):
        for by_chroma in (bool(turn % 2), not turn % 2):
            history._collection.connection.cache.clear()
            with asking_chroma() if by_chroma else nullcontext():
                began, used = perf_counter(), process_time()
                history.list(user, newest=400)
                history.search(user, query, limit=LIMIT, recall=FULL)
                wall[by_chroma].append((perf_counter() - began) * 1000)
                own[by_chroma].append((process_time() - used) * 1000)
    for by_chroma, name in ((False, "first recall"), (True, "of Chroma alone")):
        print(
            f"{size:>6} items (n={runs}, in turns): {name} {spread(wall[by_chroma])}; "
            f"processor {spread(own[by_chroma])}",
            flush=True,
        )
    read = timed(lambda: history.list(user, newest=400), runs)

    def ranked(recall: Recall) -> Callable[[], object]:
        return lambda: history.search(user, query, limit=LIMIT, recall=recall)

    dense = timed(ranked(DENSE), runs)
    full = timed(ranked(FULL), runs)
    print(
        f"{size:>6} items (n={runs}): read {read}; ranked by meaning {dense}; by all parts {full}"
    )


@command
def main() -> None:
    """Measure and print."""
    for size in SIZES:
        with temporary_history(RandomEmbedder()) as history:
            measure(history, size)


if __name__ == "__main__":
    main()
