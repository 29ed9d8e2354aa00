"""What history costs at scale: recall, ingest, memory and disk, beside Chroma's own.

    python -m guided_profile.evals.benches.history                        # 50,000 items, minutes
    python -m guided_profile.evals.benches.history --items 1000000        # the full run, an hour
    python -m guided_profile.evals.benches.history --server http://127.0.0.1:8000

Users have 100 items each, one has 20,000 (a fifth, in a small run); the vectors are given: random,
of 384 dimensions and length 1. Chroma's own side is one collection with its default settings,
which takes the same batches in turns with ours, each in a process of its own, so that memory can be
measured apart. "First" is the first recall of a user, of whom nothing is in memory; "again" is a
later recall of such a user; "after opening" is the first recall after the process began.
"""

import argparse
import sys
import tempfile
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Any
from unittest.mock import patch

import chromadb
import numpy as np
from chromadb.config import Settings

from guided_profile.evals.benches.command import command
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.assembly import make_embedder
from guided_profile.tools.history import scrub
from guided_profile.tools.history.store import HistoryStore

DIMENSION = 384
SMALL, LARGE = 100, 20_000
"""How many items most users have, and how many one has."""
SERVED = 300
"""How many users are recalled, once each."""
BATCH = 1000
"""The most items in one batch; most users' come in one of 100."""
TEXTS = 400
"""How many texts the embedder's rate is measured on."""

Batch = tuple[str, int, int]
"""A user, the number of the first item, and how many."""


class RandomEmbedder:
    """Has a vector for every text, at no cost worth naming."""

    id = f"random-{DIMENSION}"

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return unit vectors that depend on the first text."""
        rows = np.random.default_rng(len(texts[0])).standard_normal(
            (len(texts), DIMENSION), dtype=np.float32
        )
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows  # type: ignore[return-value]  # an array is a list of lists for the store

    def embed_query(self, text: str) -> list[float]:
        """Return a unit vector."""
        return self.embed_documents([text])[0]


class Ours:
    """The history store."""

    def __init__(self, where: Path | str) -> None:
        place: dict[str, Any] = {"path" if isinstance(where, Path) else "url": where}
        self.store = HistoryStore.open(RandomEmbedder(), **place)

    def add(self, user: str, items: list[HistoryItem], vectors: list[list[float]]) -> None:
        """Take a batch; the embedder makes its vectors anew, which is counted against us."""
        self.store.add(user, items)


class Own:
    """Chroma with one collection and its defaults, given the text as a document."""

    def __init__(self, where: Path | str) -> None:
        settings = Settings(_env_file=None, anonymized_telemetry=False)  # type: ignore[call-arg]
        if isinstance(where, Path):
            client = chromadb.PersistentClient(str(where), settings=settings)
        else:
            client = chromadb.HttpClient(where, settings=settings)
        self.collection = client.get_or_create_collection("chroma-own", embedding_function=None)

    def add(self, user: str, items: list[HistoryItem], vectors: list[list[float]]) -> None:
        """Take a batch."""
        self.collection.add(
            ids=[f"{user}:{item.id}" for item in items],
            embeddings=vectors,  # type: ignore[arg-type]
            documents=[item.text for item in items],
            metadatas=[
                {"user": user, "source": item.source, "role": item.role, "time": number}
                for number, item in enumerate(items)
            ],
        )


def batches(items: int) -> list[Batch]:
    """Return who gets how many items, in the order in which they come."""
    large = min(LARGE, items // 5)
    order = [(f"user {n}", 0, SMALL) for n in range((items - large) // SMALL)]
    order += [("large", start, min(BATCH, large - start)) for start in range(0, large, BATCH)]
    Random(0).shuffle(order)
    return order


def items_of(batch: Batch) -> list[HistoryItem]:
    """Return a batch's items: twelve words each, and a time."""
    user, first, count = batch
    chance, began = Random(f"{user} {first}"), datetime(2020, 1, 1, tzinfo=UTC)
    return [
        HistoryItem(
            id=f"{n}",
            text=" ".join(f"word{chance.randrange(5000)}" for _ in range(12)),
            source="chat",
            time=began + timedelta(minutes=n),
        )
        for n in range(first, first + count)
    ]


def memory() -> int:
    """Return how many MB of memory this process has (RSS)."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmRSS:")[1].split()[0]) // 1024


def ingest(side: type[Ours] | type[Own], where: Path | str, items: int, pipe: Connection) -> None:
    """Take the batches that the pipe names, and answer with the seconds; then with the memory."""
    before, target, random = memory(), side(where), RandomEmbedder()
    order = batches(items)
    while (number := pipe.recv()) is not None:
        given = items_of(order[number])
        vectors = random.embed_documents([item.text for item in given])
        began = perf_counter()
        target.add(order[number][0], given, vectors)
        pipe.send(perf_counter() - began)
    pipe.send(memory() - before)


@dataclass(slots=True)
class Figures:
    """What was measured, in lines."""

    lines: list[str]

    def times(self, name: str, seconds: list[float]) -> None:
        """Note times."""
        p50, p95 = np.percentile(np.array(seconds) * 1000, [50, 95])
        self.note(name, f"p50 {p50:.1f} ms, p95 {p95:.1f} ms (n={len(seconds)})")

    def note(self, name: str, said: str) -> None:
        """Note anything, and show it."""
        self.lines.append(f"{name:<46} {said}")
        print(self.lines[-1], flush=True)


def in_turns(folders: dict[str, Path | str], items: int, own: int, figures: Figures) -> None:
    """Let both sides take each batch, one after the other, the first one in turns.

    Args:
        folders: Where either writes.
        items: How many items.
        own: After how many Chroma's own side stops, since it slows down as it grows.
        figures: Where it is noted.
    """
    context = get_context("spawn")
    sides = {"ours": Ours, "chroma": Own}
    pipes, processes = {}, []
    for name, where in folders.items():
        pipes[name], theirs = context.Pipe()
        process = context.Process(target=ingest, args=(sides[name], where, items, theirs))
        process.start()
        processes.append(process)
    order, done, part, left = batches(items), 0, 0, set(pipes)
    spent, recent = dict.fromkeys(pipes, 0.0), dict.fromkeys(pipes, 0.0)

    def closed(name: str) -> None:
        pipes[name].send(None)
        left.remove(name)
        figures.note(
            f"ingest, {name}",
            f"{done / spent[name]:.0f} items/s (n={done}); RSS +{pipes[name].recv()} MB; "
            f"disk {disk(folders[name])}",
        )

    for number, batch in enumerate(order):
        for name in sorted(left, reverse=bool(number % 2)):
            pipes[name].send(number)
            took = pipes[name].recv()
            spent[name] += took
            recent[name] += took
        done, part = done + batch[2], part + batch[2]
        if part >= items / 10 or number == len(order) - 1:
            rates = {name: f"{part / recent[name]:.0f}/s" for name in sorted(left)}
            print(f"  … {done:,} of {items:,} items, lately {rates}", flush=True)
            recent, part = dict.fromkeys(pipes, 0.0), 0
        if done >= own and "chroma" in left:
            both = f"{spent['ours'] / spent['chroma']:.2f} times Chroma's time"
            figures.note("ingest, ours, so far", f"{done / spent['ours']:.0f} items/s, {both}")
            closed("chroma")
    closed("ours")
    for process in processes:
        process.join()


def disk(where: Path | str) -> str:
    """Return how much a folder takes."""
    if isinstance(where, str):
        return "the server's"
    return f"{sum(file.stat().st_size for file in where.rglob('*') if file.is_file()) >> 20} MB"


def recall(where: Path | str, items: int, figures: Figures) -> None:
    """Measure recall in a store that was just opened."""
    before = memory()
    began = perf_counter()
    store = Ours(where).store
    figures.note("opening", f"{(perf_counter() - began) * 1000:.0f} ms")
    users = [user for user, first, _ in batches(items) if user != "large"]
    Random(1).shuffle(users)
    large = min(LARGE, items // 5)

    def timed(user: str) -> float:
        began = perf_counter()
        found = store.search(user, "anything", limit=50)
        assert len(found) == 50
        return perf_counter() - began

    figures.times(f"recall, {SMALL} items, after opening", [timed(users[-1])])
    served = users[: len(users) // 5][: 2 * SERVED]
    for half in (served[::2], served[1::2]):
        figures.times(f"recall, {SMALL} items, first", [timed(user) for user in half])
        files = len(list(Path("/proc/self/fd").iterdir()))
        figures.note("  files open", f"{files}")
        figures.note("  RSS since opening, those served", f"+{memory() - before} MB")
    again = served[-50:]
    for user in again:
        timed(user)
    figures.times(
        f"recall, {SMALL} items, again", [timed(user) for user in again for _ in range(10)]
    )
    figures.times(f"recall, {large:,} items, first", [timed("large")])
    figures.times(f"recall, {large:,} items, again", [timed("large") for _ in range(100)])
    others = users[len(served) :][:4000]
    for half in (others[::2], others[1::2]):
        for user in half:
            timed(user)
        figures.note(f"  RSS since opening, {len(half):,} users more", f"+{memory() - before} MB")
    adding = []
    for number in range(30):
        item = HistoryItem(text=f"one more {number}", id=f"more {number}")
        began = perf_counter()
        store.add(users[number], [item])
        adding.append(perf_counter() - began)
    figures.times("adding one item", adding)
    deletions(store, users[:21], figures)
    store.close()


def deletions(store: HistoryStore, users: list[str], figures: Figures) -> None:
    """Measure deletions: the first one, and then in turns as it is and with the file written anew.

    A file of which much has changed since the last deletion is written anew in any case.
    """
    taken: dict[str, list[float]] = {"the first": [], "cleaned": [], "written anew": []}
    for number, user in enumerate(users):
        name = "the first" if not number else "cleaned" if number % 2 else "written anew"
        anew = patch.object(scrub, "MANY", sys.maxsize)
        with anew if name == "written anew" else nullcontext():
            began = perf_counter()
            store.delete_user(user)
            taken[name].append(perf_counter() - began)
    for name, seconds in taken.items():
        figures.times(f"deleting {SMALL} items, {name}", seconds)


def embedder_rate(figures: Figures) -> None:
    """Measure how fast texts of this kind become vectors."""
    embedder = make_embedder()
    texts = [item.text for item in items_of(("embedder", 0, TEXTS))]
    embedder.embed_documents(texts[:32])
    began = perf_counter()
    embedder.embed_documents(texts)
    rate = TEXTS / (perf_counter() - began)
    figures.note("embedding, all-MiniLM-L6-v2", f"{rate:.0f} items/s (n={TEXTS})")


@command
def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--items", type=int, default=50_000)
    parser.add_argument("--own", type=int, help="after how many Chroma's own side stops")
    parser.add_argument("--server", metavar="URL", help="an empty Chroma server, to use instead")
    parser.add_argument("--folder", type=Path, help="where to write, instead of a temporary folder")
    given = parser.parse_args()
    figures = Figures([])
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        places = {name: given.server or Path(folder) / name for name in ("ours", "chroma")}
        in_turns(places, given.items, given.own or given.items, figures)
        recall(places["ours"], given.items, figures)
    embedder_rate(figures)


if __name__ == "__main__":
    main()
