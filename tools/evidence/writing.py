"""What the writer of a profile sees of a long history: the items that the guidance is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.evidence.citations import cited, without_citations
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.search.ranking import cosines_of, tokens_of
from guided_profile.tools.text.sentences import split_sentences

NEAREST = 4
"""How many items that are nearest to it a line of the guidance brings, beside those it cites."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The items that a prompt shows."""

    items: list[HistoryItem]
    numbers: list[int]
    """The number of each item's line: its place in the whole material, from 1 on."""

    @property
    def ids(self) -> Mapping[int, str]:
        """The items' ids by the numbers of their lines."""
        return {n: item.id for n, item in zip(self.numbers, self.items, strict=True)}


def shown_to_writer(
    history: HistoryStore,
    user_id: str,
    material: Sequence[Sequence[HistoryItem]],
    guidance: str,
    tokens: int,
) -> Shown:
    """Return what the writer sees: all of a short history; else what the guidance cites or is near.

    Args:
        history: Where the items' vectors are.
        user_id: Whose.
        material: The parts that were digested, each numbered on from the one before.
        guidance: The replies to the guiding question.
        tokens: About how many tokens of history the prompt may hold.
    """
    items = [item for part in material for item in part]
    numbers = list(range(1, len(items) + 1))
    if len(material) < 2:
        return Shown(items, numbers)
    lines = split_sentences(guidance)
    ids = {n: item.id for n, item in zip(numbers, items, strict=True)}
    wanted = [row for line in lines for row in _cited_rows(line, ids)]
    vectors = history.vectors(user_id, [item.id for item in items])
    there = [row for row, item in enumerate(items) if item.id in vectors]
    if lines and there:
        matrix = np.asarray([vectors[items[row].id] for row in there])
        asked = history.embed([without_citations(line) or line for line in lines])
        nearest = [
            [there[at] for at in np.argsort(-cosines_of(matrix, one))[:NEAREST]] for one in asked
        ]
        wanted += [row for rank in zip_longest(*nearest) for row in rank if row is not None]
    wanted += reversed(range(len(items)))  # what room is left goes to the newest
    chosen: set[int] = set()
    for row in wanted:
        if row not in chosen and (left := tokens - tokens_of(items[row])) >= 0:
            tokens = left
            chosen.add(row)
    rows = sorted(chosen)
    return Shown([items[row] for row in rows], [numbers[row] for row in rows])


def _cited_rows(line: str, ids: Mapping[int, str]) -> list[int]:
    by_id = {id_: number - 1 for number, id_ in ids.items()}
    return [by_id[id_] for id_ in cited(line, ids)]
