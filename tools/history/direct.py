"""A user's items, read from a folder's files without Chroma, which hands them out slowly.

It makes an object of every number of a vector, so that 20,000 items took two seconds, and loads the
index of a whole collection before it reads one user of it. What is read here is not trusted: a
vector counts if its item's checksum says that it is the item's, and whatever is not found, or not
written to its place yet, is asked of Chroma.
"""

import pickle
import sqlite3
import struct
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from guided_profile.tools.embedders.base import Vector

HEAD = "<i6Q"
"""How hnswlib begins `header.bin`: version, begin of the links, room for so many elements, how many
there are, how wide one is, where its label begins, and where its vector."""

_SEGMENT = """
    SELECT segments.id, collections.id FROM segments
    JOIN collections ON segments.collection = collections.id
    WHERE collections.name = ? AND segments.scope = 'METADATA'
"""
_WAITS = """
    SELECT 1 FROM embeddings_queue WHERE topic LIKE '%' || ? AND seq_id > coalesce(
        (SELECT seq_id FROM max_seq_id WHERE segment_id = ?), -1
    )
"""
"""Whether something of a collection is in Chroma's log alone."""
_ITEMS = """
    SELECT embeddings.embedding_id, item.string_value FROM embedding_metadata AS owner
    JOIN embeddings ON embeddings.id = owner.id
    JOIN embedding_metadata AS item ON item.id = owner.id AND item.key = 'item'
    WHERE owner.key = 'user' AND owner.string_value = ? AND embeddings.segment_id = ?
"""

_UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    OverflowError,
    EOFError,
    pickle.UnpicklingError,
)
_NONE = (1 << 64) - 1
"""No label of an element."""
Rows = list[tuple[str, str]]
"""The ids of records, each with its item as JSON."""


def items_of(database: Path, name: str, user_id: str) -> Rows | None:
    """Return a user's items of a collection; None: Chroma has to be asked.

    Whoever calls holds the connection's gate alone: what SQLite locks in Chroma is not locked for
    this one, which is in the same process.
    """
    with closing(sqlite3.connect(database)) as opened:
        found = opened.execute(_SEGMENT, (name,)).fetchone()
        if found is None or opened.execute(_WAITS, (found[1], found[0])).fetchone():
            return None
        return opened.execute(_ITEMS, (user_id, found[0])).fetchall()


def vectors_of(folder: Path, dimension: int, records: Sequence[str]) -> Vector:
    """Return what an index's files have as the vectors of records, a row each; zeros: nothing.

    Nothing here is sure: Chroma may be writing, and may have more in memory.
    """
    with suppress(*_UNREADABLE):
        with (folder / "index_metadata.pickle").open("rb") as opened:
            labels: Mapping[str, int] = _Plain(BytesIO(opened.read())).load()["id_to_label"]
        *_, width, label_at, begin = head_of(folder)
        elements = elements_of(folder, width)
        held = np.ascontiguousarray(elements[:, label_at : label_at + 8]).view("<u8").ravel()
        wanted = np.fromiter((labels.get(record, _NONE) for record in records), np.uint64)
        order = np.argsort(held, kind="stable")
        places = order.take(np.searchsorted(held[order], wanted), mode="clip")
        taken = elements[places, begin : begin + 4 * dimension]
        vectors: Vector = taken.view("<f4").reshape(len(records), dimension)
        vectors[held[places] != wanted] = 0
        return vectors
    return np.zeros((len(records), dimension), np.float32)


def head_of(folder: Path) -> tuple[int, ...]:
    """Return what an index's `header.bin` begins with.

    Raises:
        OSError: It is not there, or too short.
    """
    head = (folder / "header.bin").read_bytes()
    if len(head) < struct.calcsize(HEAD):
        raise OSError(f"header.bin of {folder.name} is too short")
    return struct.unpack_from(HEAD, head)


def elements_of(folder: Path, width: int) -> NDArray[np.uint8]:
    """Return the elements of an index, a row each: links, label and vector; read, not mapped.

    Chroma cuts the file before it writes it anew, which would end a process that has it mapped.

    Raises:
        OSError: It is not there, or has none.
    """
    data = np.fromfile(folder / "data_level0.bin", dtype=np.uint8)
    if not 0 < width <= len(data):
        raise OSError(f"data_level0.bin of {folder.name} holds no element")
    return data[: len(data) // width * width].reshape(-1, width)


class _Plain(pickle.Unpickler):
    """Reads texts and numbers, and makes nothing else of what a file says."""

    def find_class(self, module: str, name: str, /) -> Any:
        """Refuse."""
        raise pickle.UnpicklingError(f"{module}.{name}")
