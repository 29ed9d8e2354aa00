"""The histories of the users that a worker is at: in its memory, as they were handed to it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.embedders.base import Vector
from guided_profile.tools.history.cache import UserItems
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.history.stored import Stored
from guided_profile.tools.history.text_vectors import EmbedderLike

if TYPE_CHECKING:
    from guided_profile.tools.history.collection import ItemCollection


class _Held:
    """Stands where a HistoryStore's Chroma collections do; nothing is written to it."""

    def __init__(self, embed: Callable[[list[str]], Vector]) -> None:
        self.held: dict[str, UserItems] = {}
        self._embed = embed

    def close(self) -> None:
        self.held.clear()

    def load(self, user_id: str, *, vectors: bool) -> UserItems:
        held = self.held.get(user_id) or UserItems.of([], None)
        if vectors and held.vectors is None and held.stored:
            rows = self._embed([kept.item.text for kept in held.stored])
            held = self.held[user_id] = replace(held, vectors=rows)
        return held

    def has_at_hand(self, user_id: str, most: int) -> bool:
        held = self.held.get(user_id)
        return held is not None and held.is_at_hand(most)

    def by_ids(self, user_id: str, ids: Iterable[str], *, now: bool = True) -> dict[str, Stored]:
        held = self.load(user_id, vectors=False)
        return {id_: held.stored[held.rows[id_]] for id_ in ids if id_ in held.rows}


class HeldHistory(HistoryStore):
    """A history store for reading alone, of the users that it holds."""

    def __init__(self, embedder: EmbedderLike) -> None:
        self.embedder = embedder
        self._held = _Held(self._rows)
        self._collection = cast("ItemCollection", self._held)

    def hold(
        self, user_id: str, items: Sequence[HistoryItem], vectors: Mapping[str, Vector] | None
    ) -> None:
        """Take a user's history.

        Args:
            user_id: Whose.
            items: Each once, in order of insertion.
            vectors: Of all of them, by id; None: they are embedded when they are looked at.
        """
        stored = [Stored(item, number, 0) for number, item in enumerate(items)]
        rows = np.stack([vectors[item.id] for item in items]) if vectors and items else None
        self._held.held[user_id] = UserItems.of(stored, rows)

    def let_go(self, user_id: str) -> None:
        """Let go of a user's history."""
        self._held.held.pop(user_id, None)
