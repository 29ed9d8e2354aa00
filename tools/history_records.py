"""What a history item looks like inside Chroma, and what finds it again."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from guided_profile.graph.errors import HistoryItemError, QuestionError
from guided_profile.graph.state import HistoryItem

Vector = NDArray[np.float32]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Stored:
    """An item as it came out of Chroma; it is made into a `HistoryItem` where it is wanted."""

    document: str
    metadata: Mapping[str, Any]
    vector: Vector | None = None
    """Of length 1, if it was asked for."""

    @property
    def sequence(self) -> int:
        """Rises with every item that is added; what tells items of the same time apart."""
        return int(self.metadata["sequence"])

    @property
    def order(self) -> tuple[bool, int, int]:
        """Sorts by time, items without one first, then by insertion."""
        time = self.metadata.get("time")
        return (time is not None, time or 0, self.sequence)

    @property
    def item(self) -> HistoryItem:
        """The item that was added."""
        time = self.metadata.get("time")
        return HistoryItem(
            id=self.metadata["id"],
            text=self.document,
            source=self.metadata["source"],
            category=self.metadata.get("category"),
            time=None if time is None else _EPOCH + timedelta(microseconds=time),
            role=self.metadata["role"],
        )


def checked_user(user_id: str) -> str:
    """Return the user's id.

    Raises:
        QuestionError: It is blank, or no text that can be stored.
    """
    if not isinstance(user_id, str) or not user_id.strip() or not _is_unicode(user_id):
        raise QuestionError(
            f"user_id is {user_id!r}; set it to the id of the user whose history it is."
        )
    return user_id


def by_id(items: Iterable[HistoryItem]) -> dict[str, HistoryItem]:
    """Return the items that are handed in by id, each once.

    Raises:
        HistoryItemError: Two of them have the same id, or an id is no text that can be stored.
    """
    wanted: dict[str, HistoryItem] = {}
    for item in items:
        if not _is_unicode(item.id):
            raise HistoryItemError(f"the id {item.id!r} is not valid Unicode; give another id.")
        check_same(wanted.setdefault(item.id, item), item)
    return wanted


def check_same(kept: HistoryItem, given: HistoryItem) -> None:
    """Refuse an id that would name two items.

    Raises:
        HistoryItemError: The items of one id say different things.
    """
    if kept != given:
        raise HistoryItemError(
            f"the id {given.id!r} is taken by an item that says something else; delete that one "
            "first, or give this one another id."
        )


def in_order(stored: Iterable[Stored], newest: int | None = None) -> list[HistoryItem]:
    """Return items in order of time, those without a time first, then of insertion.

    Args:
        stored: As they came out of Chroma.
        newest: Only so many, the last ones.
    """
    there = sorted(stored, key=lambda one: one.order)
    kept = there if newest is None else there[max(0, len(there) - newest) :]
    return [one.item for one in kept]


def record_id(user_id: str, item_id: str) -> str:
    """Return the id of a user's item in the collection, where two users' ids never meet.

    128 bits of the digest, since whoever may choose user ids could find two that collide in 64.
    """
    return f"{hashlib.sha256(user_id.encode()).hexdigest()[:32]}:{item_id}"


def metadata_of(user_id: str, item: HistoryItem, sequence: int) -> dict[str, str | int]:
    """Return an item's metadata; Chroma takes no None, so what an item lacks is left out."""
    metadata: dict[str, str | int] = {
        "user": user_id,
        "id": item.id,
        "source": item.source,
        "role": item.role,
        "sequence": sequence,
    }
    if item.category is not None:
        metadata["category"] = item.category
    if item.time is not None:
        # whole microseconds and no float: the same item must come back, to be known as duplicate
        metadata["time"] = _microseconds(item.time)
    return metadata


def where(
    user_id: str,
    *,
    source: str | None = None,
    category: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> dict[str, Any]:
    """Return the filter for a user's items; every read and every deletion goes through it."""
    conditions: list[dict[str, Any]] = [{"user": {"$eq": user_id}}]
    if source is not None:
        conditions.append({"source": {"$eq": source}})
    if category is not None:
        conditions.append({"category": {"$eq": category}})
    if since is not None:
        conditions.append({"time": {"$gte": _microseconds(since)}})
    if until is not None:
        conditions.append({"time": {"$lt": _microseconds(until)}})
    return conditions[0] if len(conditions) == 1 else {"$and": conditions}


def _microseconds(time: datetime) -> int:
    zoned = time.replace(tzinfo=UTC) if time.tzinfo is None else time
    return (zoned - _EPOCH) // timedelta(microseconds=1)


def _is_unicode(text: str) -> bool:
    """Whether text can be stored: a lone surrogate, as broken exports have, cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
