"""What the writer of a profile sees of a long history: the items that the guidance is about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.evidence.citations import cited, without_citations
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.search.ranking import cosines_of, in_turns, rows_within
from guided_profile.tools.text.sentences import split_sentences

NEAREST = 4
"""How many items that are nearest to it a line of the guidance brings, beside those it cites."""


@dataclass(frozen=True, slots=True)
class NumberedItems:
    """The items that a prompt shows."""

    items: list[HistoryItem]
    numbers: list[int]
    """The number of each item's line: its place in the whole material, from 1 on."""

    @property
    def ids(self) -> Mapping[int, str]:
        """The items' ids by the numbers of their lines."""
        return {n: item.id for n, item in zip(self.numbers, self.items, strict=True)}


def items_for_writer(
    history: HistoryStore,
    user_id: str,
    material: Sequence[Sequence[HistoryItem]],
    guidance: str,
    tokens: int,
) -> NumberedItems:
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
        return NumberedItems(items, numbers)
    lines = split_sentences(guidance)
    ids = {n: item.id for n, item in zip(numbers, items, strict=True)}
    places = {item.id: row for row, item in enumerate(items)}
    wanted = [places[id_] for line in lines for id_ in cited(line, ids)]
    vectors = history.vectors(user_id, [item.id for item in items])
    there = [row for row, item in enumerate(items) if item.id in vectors]
    if lines and there:
        matrix = np.asarray([vectors[items[row].id] for row in there])
        asked = history.embed([without_citations(line) or line for line in lines])
        wanted += in_turns(
            [there[at] for at in np.argsort(-cosines_of(matrix, vector))[:NEAREST]]
            for vector in asked
        )
    wanted += reversed(range(len(items)))  # what room is left goes to the newest
    rows = rows_within(wanted, items, tokens)
    return NumberedItems([items[row] for row in rows], [numbers[row] for row in rows])
