"""What a history item looks like inside Chroma, and what finds it again."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from guided_profile.graph.errors import HistoryItemError, ModelError, QuestionError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.embedders.base import Vector

if TYPE_CHECKING:
    from guided_profile.tools.history.stored import Stored

T = TypeVar("T")

_DIGITS = 32
"""How many digits of the digest of a user's id a record's id begins with."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which of a user's items are wanted; None lets every item through."""

    source: str | None = None
    category: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    without: frozenset[str] = frozenset()
    """Ids of items that are not wanted."""

    def lets_stored(self, entry: "Stored") -> bool:
        """Whether a stored item is wanted; it is looked at only if something is asked of it."""
        return self == _EVERYTHING or self.lets(entry.item)

    def lets(self, item: HistoryItem) -> bool:
        """Whether the item is wanted; one without a time is at no time."""
        if item.id in self.without:
            return False
        if self.source is not None and item.source != self.source:
            return False
        if self.category is not None and item.category != self.category:
            return False
        if self.since is None and self.until is None:
            return True
        if item.time is None:
            return False
        time = microseconds(item.time)
        late_enough = self.since is None or microseconds(self.since) <= time
        return late_enough and (self.until is None or time < microseconds(self.until))


_EVERYTHING = Filter()


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


def items_of(given: Iterable[HistoryItem]) -> list[HistoryItem]:
    """Return the items that are handed in.

    Raises:
        HistoryItemError: Something else was.
    """
    items = list(given)
    for item in items:
        if not isinstance(item, HistoryItem):
            raise HistoryItemError(
                f"a history takes a list of HistoryItem, and was given {type(item).__name__!r} in "
                "one; write [HistoryItem(text=…)]."
            )
    return items


def by_id(items: Iterable[HistoryItem]) -> dict[str, HistoryItem]:
    """Return the items that are handed in by id, each once.

    Raises:
        HistoryItemError: Two of them have the same id, an id is no text that can be stored, or
            something else than items was handed in.
    """
    wanted: dict[str, HistoryItem] = {}
    for item in items_of(items):
        if not _is_unicode(item.id):
            raise HistoryItemError(f"the id {item.id!r} is not valid Unicode; give another id.")
        check_same(wanted.setdefault(item.id, item), item)
    return {id_: without_flags(item) for id_, item in wanted.items()}


def check_same(kept: HistoryItem, given: HistoryItem) -> None:
    """Refuse an id that would name two items.

    Raises:
        HistoryItemError: The items of one id say different things.
    """
    if not same(kept, given):
        raise HistoryItemError(
            f"the id {given.id!r} is taken by an item that says something else; delete that one "
            "first, or give this one another id."
        )


def same(kept: HistoryItem, given: HistoryItem) -> bool:
    """Whether two items say the same, whether or not the user released or withdrew one of them."""
    return without_flags(kept) == without_flags(given)


def without_flags(item: HistoryItem) -> HistoryItem:
    """Return an item as it is when it is added: neither released nor withdrawn."""
    if not item.released and not item.withdrawn:
        return item
    return item.model_copy(update={"released": False, "withdrawn": False})


def record_ids(user_id: str, item_ids: Iterable[str]) -> list[str]:
    """Return the ids of a user's items in the collection, where two users' ids never meet.

    128 bits of the digest, since whoever may choose user ids could find two that collide in 64.
    """
    begin = _digest(user_id)[:_DIGITS]
    return [f"{begin}:{item_id}" for item_id in item_ids]


def item_id(record: str) -> str:
    """Return the id of the item that a record of `record_ids` holds."""
    return record[_DIGITS + 1 :]


def shard_of(user_id: str, shards: int) -> int:
    """Return which of so many collections a user's items stand in."""
    return int(_digest(user_id)[_DIGITS:], 16) % shards


def fields_of(item: HistoryItem, sequence: int, checksum: int) -> dict[str, str | int]:
    """Return what is kept of an item beside its id, without what has its usual value."""
    fields: dict[str, str | int] = {
        "text": item.text,
        "source": item.source,
        "role": item.role,
        "sequence": sequence,
        "vector": checksum,
    }
    if item.category is not None:
        fields["category"] = item.category
    if item.kind != ("did" if item.category else "said"):
        fields["kind"] = item.kind
    if item.released:
        fields["released"] = True
    if item.withdrawn:
        fields["withdrawn"] = True
    if item.time is not None:
        # whole microseconds and no float: the same item must come back, to be known as duplicate
        fields["time"] = microseconds(item.time)
    return fields


def metadata_of(user_id: str, item: HistoryItem, sequence: int, checksum: int) -> dict[str, str]:
    """Return what Chroma keeps of an item beside its vector: whose it is, and the item as JSON.

    Two values and no document: Chroma writes a row for each value, and splits documents into
    trigrams for a search that is not used here, which leaves traces of what is deleted.
    """
    fields = fields_of(item, sequence, checksum)
    return {"user": user_id, "item": json.dumps(fields, ensure_ascii=False)}


def where(user_id: str) -> dict[str, Any]:
    """Return the filter for a user's items; every read goes through it."""
    return {"user": {"$eq": user_id}}


def checksum(vector: Vector) -> int:
    """Return a number that tells a vector from any other, bit for bit."""
    return checksums(vector.reshape(1, -1))[0]


def checksums(rows: Vector) -> list[int]:
    """Return the checksum of each row."""
    values = np.ascontiguousarray(rows, dtype="<f4").view(np.uint8)
    digests = b"".join([hashlib.blake2b(row, digest_size=8).digest() for row in values])
    numbers: list[int] = np.frombuffer(digests, ">u8").tolist()
    return numbers


def unit_vectors(vectors: Sequence[Sequence[float]], count: int) -> Vector:
    """Return vectors scaled to length 1, as rows.

    Raises:
        ModelError: They are not `count` vectors of one dimension, or not finite numbers.
    """
    try:
        rows = np.asarray(vectors, dtype=np.float32)
    except (ValueError, TypeError):
        rows = np.empty(0, dtype=np.float32)
    if rows.ndim != 2 or rows.shape[0] != count or not rows.size or not np.isfinite(rows).all():
        raise ModelError(
            f"the embedder did not answer with {count} vectors of one length; see what it runs on."
        )
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    lengths[lengths == 0] = 1
    units: Vector = rows / lengths
    return units


def chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the values in lists of at most that size."""
    left = iter(values)
    while chunk := list(islice(left, size)):
        yield chunk


def _digest(user_id: str) -> str:
    return hashlib.sha256(user_id.encode()).hexdigest()


def microseconds(time: datetime) -> int:
    """Return a time in whole microseconds, from 1970 on; one without a zone is read as UTC."""
    zoned = time.replace(tzinfo=UTC) if time.tzinfo is None else time
    return (zoned - EPOCH) // timedelta(microseconds=1)


def _is_unicode(text: str) -> bool:
    """Whether text can be stored: a lone surrogate, as broken exports have, cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
