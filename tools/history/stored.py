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
from guided_profile.tools.history.records import EPOCH, item_id, microseconds

_ROLES = get_args(HistoryItem.model_fields["role"].annotation)
_WRONG = (ValueError, KeyError, TypeError, AttributeError, OverflowError)


class Stored:
    """An item as Chroma has it. `item` raises HistoryError if it cannot be read."""

    __slots__ = ("_fields", "_item", "checksum", "id", "sequence")

    def __init__(self, item: HistoryItem, sequence: int, checksum: int) -> None:
        self._item: HistoryItem | None = item
        self._fields: Mapping[str, Any] = {}
        self.id = item.id
        self.sequence = sequence
        """Rises with every item that is added; it orders items of the same time."""
        self.checksum = checksum
        """Of the item's vector, so that a vector that is not the item's is known."""

    @classmethod
    def of(cls, record: str, fields: Mapping[str, Any]) -> Self:
        """Take what was read of a record; fields that are not known are left."""
        made = cls.__new__(cls)
        made._item, made._fields, made.id = None, fields, item_id(record)
        made.sequence, made.checksum = fields["sequence"], fields["vector"]
        if type(fields["text"]) is not str or fields["role"] not in _ROLES:
            raise ValueError(record)
        return made

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
        fields = self._fields
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
        return self._fields["text"] if self._item is None else self._item.text

    @property
    def role(self) -> str:
        """Who wrote it."""
        return self._fields["role"] if self._item is None else self._item.role

    @property
    def released(self) -> bool:
        """Whether the user said that it gives no orders."""
        return bool(self._marked("released"))

    @property
    def withdrawn(self) -> bool:
        """Whether the user withdrew it."""
        return bool(self._marked("withdrawn"))

    def _marked(self, name: str) -> Any:
        return self._fields.get(name) if self._item is None else getattr(self._item, name)

    @property
    def microseconds(self) -> int | None:
        """When it happened, from 1970 on."""
        if self._item is None:
            time = self._fields.get("time")
            return None if time is None else int(time)
        return None if self._item.time is None else microseconds(self._item.time)

    def marked(self, marks: Mapping[str, bool]) -> "Stored":
        """Return the item with what the user marked of it."""
        return Stored(self.item.model_copy(update=dict(marks)), self.sequence, self.checksum)


def all_stored(records: Iterable[str], items: Sequence[str]) -> list[Stored]:
    """Return the items of records, each of which is JSON of `metadata_of`.

    Raises:
        HistoryError: One of them cannot be read.
    """
    with _without_collections():
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


@contextmanager
def _without_collections() -> Iterator[None]:
    """Turn off garbage collection while many lasting objects are made: it takes half the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
