"""Making a broken vector index anew, from the items that it was made of."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from chromadb.api.models.Collection import Collection
from chromadb.errors import InternalError

from guided_profile.graph.errors import HistoryError
from guided_profile.tools.embedders.base import Vector
from guided_profile.tools.history import records
from guided_profile.tools.history.failures import named_failures
from guided_profile.tools.history.folder import Folder
from guided_profile.tools.history.stored import stored_of

_PAGE = 500
_SIGNS = ("hnsw", "finding id", "getting embedding", "pickle")
"""What Chroma's message has in it when the index is what is broken."""
_log = logging.getLogger(__name__)


def broken(error: HistoryError) -> bool:
    """Whether the index is why Chroma failed."""
    cause = error.__cause__
    return isinstance(cause, InternalError) and any(sign in str(cause) for sign in _SIGNS)


def rebuild(
    folder: Folder, name: str, dimension: int, embed: Callable[[list[str]], Vector], why: str
) -> None:
    """Make a collection's index anew; the items' vectors are taken from its files where they are.

    What is broken is not read by Chroma, which may end the process, but here: a vector is an
    item's if its checksum says so. The others are embedded again. If that fails, or the process
    is killed, the index is found broken again.

    Raises:
        HistoryError: Chroma failed otherwise.
        ModelError: The embedder failed.
    """
    _log.warning(
        "the vector index %s of the history in %s %s; it is made anew from the items",
        name,
        folder.place,
        why,
    )
    with (
        folder.writing,
        folder.gate.alone(),
        named_failures(folder.place, "repaired", server=False),
    ):
        files = folder.files
        files.find(name)
        left = files.vectors(name, dimension)
        folder.restart(lambda: files.remove(name))
        collection = folder.client.get_collection(name, embedding_function=None)
        lost = _refill(collection, left)
        for start in range(0, len(lost), _PAGE):
            _embed_again(collection, lost[start : start + _PAGE], embed)
        files.note(name)
        folder.cache.clear()
    _log.warning(
        "the vector index %s is whole again: %d vectors were there, %d items were embedded again",
        name,
        len(left),
        len(lost),
    )


def _refill(collection: Collection, left: Mapping[int, Vector]) -> list[tuple[str, Any]]:
    """Give the items their vectors; return the ids and metadata of those that have none left."""
    kept: list[tuple[str, int]] = []
    lost: list[tuple[str, Any]] = []
    for id_, metadata in _entries(collection):
        checksum = json.loads(str(metadata["item"]))["vector"]
        if checksum in left:
            kept.append((id_, checksum))
        else:
            lost.append((id_, metadata))
    for start in range(0, len(kept), _PAGE):
        page = kept[start : start + _PAGE]
        vectors = np.stack([left[checksum] for _, checksum in page])
        collection.upsert(ids=[id_ for id_, _ in page], embeddings=vectors)
    return lost


def _entries(collection: Collection) -> Iterator[tuple[str, Any]]:
    """Yield all ids with their metadata, in pages: SQLite takes so many values at once."""
    start = 0
    while True:
        got = collection.get(include=["metadatas"], limit=_PAGE, offset=start)
        yield from zip(got["ids"], got["metadatas"] or [], strict=True)
        if len(got["ids"]) < _PAGE:
            return
        start += _PAGE


def _embed_again(
    collection: Collection,
    lost: Sequence[tuple[str, Any]],
    embed: Callable[[list[str]], Vector],
) -> None:
    stored = [stored_of(id_, metadata["item"]) for id_, metadata in lost]
    vectors = embed([entry.item.text for entry in stored])
    collection.upsert(
        ids=[id_ for id_, _ in lost],
        embeddings=vectors,
        metadatas=[
            records.metadata_of(metadata["user"], entry.item, entry.sequence, records.checksum(row))
            for (_, metadata), entry, row in zip(lost, stored, vectors, strict=True)
        ],
    )
