"""The Chroma collection that the history stands in: made, checked, read and written here."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

import numpy as np
from chromadb.api.models.Collection import Collection
from chromadb.errors import NotFoundError

from guided_profile.graph.errors import EmbedderMismatchError, HistoryError, ModelError
from guided_profile.graph.state import HistoryItem
from guided_profile.tools import history_records as records
from guided_profile.tools.history_connection import Connection, named_failures
from guided_profile.tools.history_records import Stored, Vector

COLLECTION = "guided_profile_history"
"""The collection's name in Chroma."""
PAGE = 5000
"""How many items are asked for by id, or read, in one request."""

T = TypeVar("T")


class ItemCollection:
    """The collection of one store; it is made by the first write, which knows the dimension."""

    def __init__(self, embedder_id: str, connection: Connection) -> None:
        self.connection = connection
        self._embedder_id = embedder_id
        self._collection: Collection | None = None
        self._sequence = 0
        self._closed = False

    def close(self) -> None:
        """Release the connection; closing twice does nothing."""
        if not self._closed:
            self._closed = True
            self.connection.close()

    def check(self) -> None:
        """Refuse a collection of another embedder; there may be none yet.

        Raises:
            EmbedderMismatchError: It was written with another.
        """
        with self._failures("opened"):
            collection = self._existing()
        if collection is not None:
            self._check_embedder(collection)

    def read(
        self,
        *,
        where: Mapping[str, Any],
        ids: Iterable[str] | None = None,
        vectors: bool = False,
    ) -> list[Stored]:
        """Return the items that the filter lets through, in no order.

        Args:
            where: The filter, of `records.where`.
            ids: Record ids; with them, only these items.
            vectors: Whether the items' vectors are wanted.
        """
        include = ["metadatas", "documents", *(["embeddings"] if vectors else [])]
        if ids is None:
            answers = [self.get(where=where, include=include)]
        else:  # Chroma refuses an id that comes twice, and no ids at all
            pages = chunks(dict.fromkeys(ids), PAGE)
            answers = [self.get(ids=page, where=where, include=include) for page in pages]
        return [one for got in answers for one in _stored(got)]

    def users(self) -> set[str]:
        """Return the ids of all users that have items."""
        known: set[str] = set()
        offset = 0
        while page := self.get(limit=PAGE, offset=offset, include=["metadatas"])["metadatas"]:
            known.update(metadata["user"] for metadata in page)
            offset += len(page)
        return known

    def get(self, **query: Any) -> Mapping[str, Any]:
        """Ask Chroma; a collection that was never written to has nothing."""
        with self._failures("read"):
            collection = self._existing()
            got: Any = None if collection is None else collection.get(**query)
        if collection is None:
            return {"ids": [], "metadatas": [], "documents": []}
        self._check_embedder(collection)
        return got  # type: ignore[no-any-return]  # what Chroma answers is a JSON edge

    def write(
        self, user_id: str, items: Sequence[HistoryItem], vectors: Mapping[str, Vector]
    ) -> None:
        """Write a user's items, all or none of them."""
        if not items:
            return
        collection = self._made(len(vectors[items[0].id]))
        with self._failures("written"):
            size = self.connection.client.get_max_batch_size()
        written: list[str] = []
        try:
            for chunk in chunks(items, size):
                ids = [records.record_id(user_id, item.id) for item in chunk]
                written += ids
                with self._failures("written"):
                    collection.add(
                        ids=ids,
                        documents=[item.text for item in chunk],
                        embeddings=np.asarray([vectors[item.id] for item in chunk]),
                        metadatas=[
                            records.metadata_of(user_id, item, self._next()) for item in chunk
                        ],
                    )
        except HistoryError:
            self.delete(written)
            raise

    def delete(self, ids: Iterable[str]) -> None:
        """Delete records."""
        for chunk in chunks(ids, PAGE):
            with self._failures("deleted from"):
                collection = self._existing()
                if collection is not None:
                    collection.delete(ids=chunk)

    def check_dimension(self, dimension: int) -> None:
        """Refuse vectors that the collection's cannot be compared with."""
        known = self._collection.metadata.get("dimension") if self._collection else None
        if known not in (None, dimension):
            raise EmbedderMismatchError(
                f"the embedder {self._embedder_id!r} answers with {dimension} dimensions, but the "
                f"history in {self.connection.place} was written with {known}. {_REEMBED}"
            )

    def _failures(self, done: str) -> named_failures:
        if self._closed:
            raise HistoryError("the history store is closed; open it again.")
        self.connection.check_process()
        return named_failures(self.connection.place, done, server=self.connection.is_server)

    def _existing(self) -> Collection | None:
        """Return the collection, if it has been made; another process may just have made it."""
        if self._collection is None:
            try:
                # without None, Chroma would bring its own embedder, which downloads a model
                self._collection = self.connection.client.get_collection(
                    COLLECTION, embedding_function=None
                )
            except NotFoundError:
                return None
        return self._collection

    def _made(self, dimension: int) -> Collection:
        """Return the collection, made with what it is bound to if there is none yet."""
        with self._failures("written"):
            # one that is there, made by another process even now, keeps its own metadata
            collection = self._existing() or self.connection.client.get_or_create_collection(
                COLLECTION,
                embedding_function=None,
                metadata={"embedder": self._embedder_id, "dimension": dimension},
                configuration={"hnsw": {"space": "cosine"}},
            )
        self._check_embedder(collection)
        self._collection = collection
        self.check_dimension(dimension)
        return collection

    def _check_embedder(self, collection: Collection) -> None:
        written_with = collection.metadata.get("embedder")
        if written_with != self._embedder_id:
            raise EmbedderMismatchError(
                f"the history in {self.connection.place} was written with the embedder "
                f"{written_with!r}, and is opened with {self._embedder_id!r}. {_REEMBED}"
            )

    def _next(self) -> int:
        """Return a number that rises with every item: the clock's, or one more than the last."""
        self._sequence = max(self._sequence + 1, time.time_ns())
        return self._sequence


_REEMBED = (
    "Open it with its own embedder, or re-embed it: open a store in another folder with the new "
    "one, and call copy_to(that store) on this one, opened with its own."
)


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


def _stored(got: Mapping[str, Any]) -> list[Stored]:
    documents = got["documents"]
    vectors = got.get("embeddings")
    rows = [None] * len(documents) if vectors is None else np.asarray(vectors, dtype=np.float32)
    return list(map(Stored, documents, got["metadatas"], rows))
