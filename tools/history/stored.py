"""An item as Chroma has it: read as JSON, and made an item when it is looked at.

Of a large history few items are: those that are found, and the newest.
"""

import gc
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Self, get_args

from guided_profile.graph.errors import HistoryError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history.records import EPOCH, fields_of, item_id

_ROLES = get_args(HistoryItem.model_fields["role"].annotation)
_WRONG = (ValueError, KeyError, TypeError, AttributeError, OverflowError)


class Stored:
    """An item as Chroma has it. `item` raises HistoryError if it cannot be read."""

    __slots__ = ("_item", "fields", "id")

    def __init__(self, item: HistoryItem, sequence: int, checksum: int) -> None:
        self.id = item.id
        self.fields: Mapping[str, Any] = fields_of(item, sequence, checksum)
        """What Chroma has of it, as it was read."""
        self._item: HistoryItem | None = item

    @classmethod
    def of(cls, record: str, fields: Mapping[str, Any]) -> Self:
        """Take what was read of a record; fields that are not known are left."""
        if type(fields["text"]) is not str or fields["role"] not in _ROLES:
            raise ValueError(record)
        if "sequence" not in fields or "vector" not in fields:
            raise ValueError(record)
        made = cls.__new__(cls)
        made.id, made.fields, made._item = item_id(record), fields, None
        return made

    @property
    def sequence(self) -> int:
        """Rises with every item that is added; it orders items of the same time."""
        sequence: int = self.fields["sequence"]
        return sequence

    @property
    def checksum(self) -> int:
        """Of the item's vector, so that a vector that is not the item's is known."""
        checksum: int = self.fields["vector"]
        return checksum

    @property
    def item(self) -> HistoryItem:
        """The item."""
        if self._item is None:
            try:
                self._item = self._made()
            except _WRONG:
                raise HistoryError(_unreadable(self.id)) from None  # what it says is no message's
        return self._item

    def _made(self) -> HistoryItem:
        fields = self.fields
        time = fields.get("time")
        kind = {"kind": fields["kind"]} if "kind" in fields else {}
        return HistoryItem(
            id=self.id,
            text=fields["text"],
            source=fields["source"],
            category=fields.get("category"),
            time=None if time is None else EPOCH + timedelta(microseconds=time),
            role=fields["role"],
            released=fields.get("released", False),
            withdrawn=fields.get("withdrawn", False),
            **kind,
        )

    @property
    def text(self) -> str:
        """The item's text."""
        text: str = self.fields["text"]
        return text

    @property
    def role(self) -> str:
        """Who wrote it."""
        role: str = self.fields["role"]
        return role

    @property
    def released(self) -> bool:
        """Whether the user said that it gives no orders."""
        return bool(self.fields.get("released"))

    @property
    def withdrawn(self) -> bool:
        """Whether the user withdrew it."""
        return bool(self.fields.get("withdrawn"))

    @property
    def microseconds(self) -> int | None:
        """When it happened, from 1970 on."""
        time: int | None = self.fields.get("time")
        return time

    def marked(self, marks: Mapping[str, bool]) -> "Stored":
        """Return the item with what the user marked of it."""
        return Stored(self.item.model_copy(update=dict(marks)), self.sequence, self.checksum)


@contextmanager
def without_collections() -> Iterator[None]:
    """Turn off garbage collection while many lasting objects are made: it takes half the time.

    A collection of all that the process holds was due in every second reading of 20,000 items.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def all_stored(records: Iterable[str], items: Sequence[str]) -> list[Stored]:
    """Return the items of records, each of which is JSON of `metadata_of`.

    Raises:
        HistoryError: One of them cannot be read.
    """
    with without_collections():
        try:
            fields = json.loads(f"[{','.join(items)}]")  # in half the time of one after the other
            return [Stored.of(*pair) for pair in zip(records, fields, strict=True)]
        except _WRONG:
            return [stored_of(*pair) for pair in zip(records, items, strict=True)]


def stored_of(record: str, item: str) -> Stored:
    """Return the item of a record.

    Raises:
        HistoryError: It cannot be read.
    """
    try:
        return Stored.of(record, json.loads(item))
    except _WRONG:
        raise HistoryError(_unreadable(item_id(record))) from None


def _unreadable(id_: str) -> str:
    return (
        f"the item {id_!r} cannot be read: a newer version of this package wrote it, in which it "
        "can, or it is damaged. Nothing of it is lost; use that version, or delete all that is "
        "kept about its user."
    )
