"""Other units of recall and more keys, over the one ranking: what of a history a question finds.

    secom     runs of items about one thing are found and shown whole (SeCom, Pan et al. 2025);
              without its compression, which takes a trained model of its own
    memgas    items and runs, weighed by how sure each of the two searches is, and items near the
              found ones (MemGAS, Xu et al. 2025); without its levels that a model writes
    facts     what an item tells, in a model's sentences, is part of its key; the item is shown word
              for word; items of a period that the question names come first (LongMemEval, Wu et
              al. 2025)
    emem      those sentences are themselves what is found and shown, and a model strikes those that
              do not bear (EMem, Zhou & Han 2025); without its graph

All show as much as `rag` does, and are answered like it.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.methods import statements
from guided_profile.evals.methods.around import answered, shown
from guided_profile.evals.methods.workflow import FEW_TOKENS, MethodInputs, check_content, workflow
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.state import Abstained, Answered
from guided_profile.tools.embedders.base import Vector
from guided_profile.tools.search.bm25 import Words
from guided_profile.tools.search.parts import own
from guided_profile.tools.search.ranking import Candidates, cosines_of, rank, tokens_of

DAY = 86_400.0  # seconds
LONGEST_RUN = 8
"""How many items are one unit at most."""
NEAR_SHARE = 0.5
"""Of an item's score, what the items near it hand on to it."""
SHARPNESS = 0.1
"""Divides cosines before they are taken for probabilities: the smaller, the more the best count."""

Find = Callable[[MethodInputs, Example, int], Awaitable[list[HistoryItem]]]
"""Finds items for an example's question within so many tokens, the best first."""


@dataclass(frozen=True, slots=True)
class Recalling:
    """A way to find items, answered from as `rag` is from its own."""

    name: str
    description: str
    find: Find
    inputs: MethodInputs

    async def answer(self, example: Example) -> Answered | Abstained:
        """Find items, and answer from them."""
        found = await self.find(self.inputs, example, FEW_TOKENS)
        return await answered(self.inputs, example, found, workflow("dg", self.inputs))


async def secom(inputs: MethodInputs, example: Example, tokens: int) -> list[HistoryItem]:
    """Find runs, and return their items; a run that has no room any more is passed over."""
    items = own(example.history)
    found = await asyncio.to_thread(lambda: _runs_for(inputs, example, items)) if items else []
    left, chosen = tokens, list[HistoryItem]()
    for run in found:
        size = sum(map(tokens_of, run))
        if size <= left or not chosen:
            chosen += run
            left -= size
    return shown(chosen, tokens)


async def memgas(inputs: MethodInputs, example: Example, tokens: int) -> list[HistoryItem]:
    """Find items by themselves, by their run, and by the items near them."""
    items = own(example.history)
    if not items:
        return []
    scores = await asyncio.to_thread(lambda: _by_both(inputs, example.question, items))
    return shown([items[row] for row in np.argsort(-scores, kind="stable")], tokens)


async def facts(inputs: MethodInputs, example: Example, tokens: int) -> list[HistoryItem]:
    """Find items by their text and what it tells; those of a named period come first."""
    items = own(example.history)
    sentences = await statements.of(inputs.chat, items)
    keys = ["\n".join((item.text, *sentences[item.id])) for item in items]
    rows = await asyncio.to_thread(lambda: ranked(inputs, example.question, items, keys))
    found = [items[row] for row in rows]
    period = await statements.period(inputs.chat, example.question, items)
    if period:
        first, last = period
        found.sort(key=lambda item: not (item.time and first <= item.time.date() <= last))
    return shown(found, tokens)


async def emem(inputs: MethodInputs, example: Example, tokens: int) -> list[HistoryItem]:
    """Find what items tell; return those sentences that bear, each as an item of its own."""
    items = own(example.history)
    sentences = await statements.of(inputs.chat, items)
    units = [
        item.model_copy(update={"id": f"{item.id} {n}", "text": text})
        for item in items
        for n, text in enumerate(sentences[item.id])
    ]
    rows = await asyncio.to_thread(
        lambda: ranked(inputs, example.question, units, [unit.text for unit in units])
    )
    found = shown([units[row] for row in rows], tokens)
    return await statements.bearing(inputs.chat, example.question, found)


def ranked(
    inputs: MethodInputs, question: str, items: Sequence[HistoryItem], keys: Sequence[str]
) -> list[int]:
    """Return the rows of items, best first, by the workflow's ranking of their keys."""
    if not items:
        return []
    recall = inputs.task.recall
    vectors = inputs.history.embed(list(keys)) if recall.needs_vectors else None
    near = None
    if recall.dense and vectors is not None:
        near = inputs.history.likeness(cosines_of(vectors, inputs.history.embed_query(question)))
    times = (item.time.timestamp() / DAY if item.time else np.nan for item in items)
    days = np.fromiter(times, np.float64, len(items))
    return rank(question, near, Candidates(Words.of(keys), days, vectors), recall, len(items))


def runs(items: Sequence[HistoryItem], vectors: Vector) -> list[list[int]]:
    """Cut a history where the topic changes; return the rows of each run.

    That is where an item is less like the run before it than items are on the average, less half
    a standard deviation (the rule of TextTiling, Hearst 1997), or its source is another.
    """
    if not len(items):
        return []
    alike = [float(vectors[row - 1] @ vectors[row]) for row in range(1, len(items))]
    least = float(np.mean(alike) - np.std(alike) / 2) if alike else 0.0
    cut = [[0]]
    for row in range(1, len(items)):
        mean = vectors[cut[-1]].mean(axis=0)
        near = float(mean @ vectors[row]) / max(float(np.linalg.norm(mean)), 1e-9)
        same = items[row].source == items[row - 1].source
        if same and near >= least and len(cut[-1]) < LONGEST_RUN:
            cut[-1].append(row)
        else:
            cut.append([row])
    return cut


def _runs_for(
    inputs: MethodInputs, example: Example, items: Sequence[HistoryItem]
) -> list[list[HistoryItem]]:
    cut = runs(items, inputs.history.embed([item.text for item in items]))
    texts = ["\n".join(items[row].text for row in run) for run in cut]
    first = [items[run[0]] for run in cut]
    return [[items[row] for row in cut[n]] for n in ranked(inputs, example.question, first, texts)]


def _by_both(
    inputs: MethodInputs, question: str, items: Sequence[HistoryItem]
) -> NDArray[np.float64]:
    """Score items by both searches, each weighed by its certainty, and by what is near them."""
    vectors = inputs.history.embed([item.text for item in items])
    cut = runs(items, vectors)
    of_runs = inputs.history.embed(["\n".join(items[row].text for row in run) for run in cut])
    wanted = inputs.history.embed_query(question)
    by_item, by_run = (_shares(cosines_of(matrix, wanted)) for matrix in (vectors, of_runs))
    run_of = np.concatenate([np.full(len(run), n) for n, run in enumerate(cut)])
    sure, sure_of_run = _certainty(by_item), _certainty(by_run)
    scores = sure * by_item + sure_of_run * by_run[run_of]
    near = np.exp((vectors @ vectors.T - 1.0) / SHARPNESS)
    np.fill_diagonal(near, 0.0)
    near /= np.maximum(near.sum(axis=0), 1e-9)
    spread = (1 - NEAR_SHARE) * scores + NEAR_SHARE * (near @ scores)
    return np.asarray(spread, np.float64)


def _shares(cosines: NDArray[np.float32]) -> NDArray[np.float64]:
    weights = np.exp((cosines - cosines.max()) / SHARPNESS)
    return np.asarray(weights / weights.sum(), np.float64)


def _certainty(shares: NDArray[np.float64]) -> float:
    """Return how far from even shares are, 0 to 1: what their entropy lacks of its most."""
    if len(shares) < 2:
        return 1.0
    entropy = -float((shares * np.log(np.maximum(shares, 1e-12))).sum())
    return max(0.0, 1.0 - entropy / float(np.log(len(shares))))


RECALLING: dict[str, tuple[str, Find, bool]] = {
    "secom": ("runs of items about one thing, recalled whole (SeCom)", secom, False),
    "memgas": ("items recalled by themselves, their run and what is near (MemGAS)", memgas, False),
    "facts": ("items recalled by what they tell too, and by time (LongMemEval)", facts, True),
    "emem": ("what items tell, sentence by sentence, recalled in their place (EMem)", emem, True),
}
"""What each does, how, and whether it asks the model before the answer."""


def recalling(name: str, inputs: MethodInputs) -> Recalling:
    """Return a method of this module by name.

    Raises:
        InputError: There is no model, or the task is one of style.
    """
    described, find, _ = RECALLING[name]
    check_content(name, inputs)
    return Recalling(name, described, find, inputs)


def made_of(name: str) -> str:
    """Return a short digest of what a method depends on beside the task and the models."""
    parts = (
        (LONGEST_RUN, NEAR_SHARE, SHARPNESS) if name in ("secom", "memgas") else statements.WORDS
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:12]
