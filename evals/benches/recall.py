"""What a search over one user's history takes, part by part, without the model that embeds.

    python -m guided_profile.evals.benches.recall

prints, for users of 100, 5,000 and 20,000 items of about 20 words and 384 dimensions, p50 and p95
of reading them from the store and of ranking them: by meaning alone, and with every part on. The
first ranking finds words once; it is told apart.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from time import perf_counter

import numpy as np

from guided_profile.evals.benches.command import command
from guided_profile.evals.benches.history import RandomEmbedder
from guided_profile.evals.run.history import temporary_history
from guided_profile.graph.context import Recall
from guided_profile.graph.records import HistoryItem
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
    return f"p50 {median(taken):.1f} p95 {quantiles(taken, n=20)[-1]:.1f} ms"


def measure(history: HistoryStore, size: int) -> None:
    """Print the figures for one user."""
    user, query = f"user {size}", "word3 word17 word2900 word40"
    history.add(user, a_history(size))
    runs = 100 if size <= 100 else 20
    read = timed(lambda: history.list(user, newest=400), runs)

    def ranked(recall: Recall) -> Callable[[], object]:
        return lambda: history.search(user, query, limit=LIMIT, recall=recall)

    dense = timed(ranked(DENSE), runs)
    began = perf_counter()
    ranked(FULL)()
    first = (perf_counter() - began) * 1000
    full = timed(ranked(FULL), runs)
    print(
        f"{size:>6} items (n={runs}): read {read}; ranked by meaning {dense}; "
        f"by all parts {full}, the first time {first:.0f} ms"
    )


@command
def main() -> None:
    """Measure and print."""
    for size in SIZES:
        with temporary_history(RandomEmbedder()) as history:
            measure(history, size)


if __name__ == "__main__":
    main()
