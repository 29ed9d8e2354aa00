"""What all collections of a history are bound to: an embedder, its dimension, and their number.

An empty collection carries it, so that the first of several processes on a server decides.
"""

from chromadb.api.models.Collection import Collection
from chromadb.errors import NotFoundError

from guided_profile.graph.errors import EmbedderMismatchError, HistoryError
from guided_profile.tools.history.connection import Connection

COLLECTION = "guided_profile_history"
"""The name in Chroma of the collection that binds the others, and what theirs begin with."""
_REEMBED = (
    "Open it with its own embedder (GUIDED_PROFILE_EMBEDDER), or embed it again with this one: "
    "`guided-profile reindex`."
)


class Binding:
    """What a store's collections are bound to, once it is known; the first write decides it."""

    def __init__(self, embedder_id: str, connection: Connection) -> None:
        self._embedder_id = embedder_id
        self._connection = connection
        self._carrier: Collection | None = None

    def find(self) -> None:
        """Ask Chroma whether it has been decided."""
        carrier = found(self._connection, COLLECTION)
        if carrier is not None:  # else a first write may have decided it meanwhile
            self._carrier = carrier

    def decide(self, dimension: int, shards: int) -> None:
        """Decide it, unless another process has, even now."""
        self._carrier = self._carrier or self._connection.client.get_or_create_collection(
            COLLECTION,
            embedding_function=None,
            metadata={"embedder": self._embedder_id, "dimension": dimension, "shards": shards},
        )

    def check(self) -> bool:
        """Refuse what is bound to another embedder; return whether it has been decided.

        Raises:
            EmbedderMismatchError: It was written with another.
            HistoryError: It was written in another layout.
        """
        if self._carrier is None:
            return False
        place, written_with = self._connection.place, self._carrier.metadata.get("embedder")
        if self._embedder_id and written_with != self._embedder_id:
            raise EmbedderMismatchError(
                f"the history in {place} was written with the embedder {written_with!r}, and is "
                f"opened with {self._embedder_id!r}. {_REEMBED}"
            )
        if not self.shards:
            raise HistoryError(
                f"the history in {place} was written by an earlier version; export it with that "
                "one, and add it to a history in another folder."
            )
        return True

    def check_dimension(self, dimension: int) -> None:
        """Refuse vectors that those of the history cannot be compared with.

        Raises:
            EmbedderMismatchError: They have another dimension.
        """
        if self._carrier is not None and self.dimension != dimension:
            raise EmbedderMismatchError(
                f"the embedder {self._embedder_id!r} answers with {dimension} dimensions, but the "
                f"history in {self._connection.place} was written with {self.dimension}. "
                f"{_REEMBED}"
            )

    @property
    def known(self) -> bool:
        """Whether it is known to have been decided."""
        return self._carrier is not None

    @property
    def dimension(self) -> int:
        """How many numbers a vector has; 0 if it is not known."""
        return self._value("dimension")

    @property
    def shards(self) -> int:
        """How many collections the items are spread over; 0 if it is not known."""
        return self._value("shards")

    def _value(self, key: str) -> int:
        return 0 if self._carrier is None else int(self._carrier.metadata.get(key, 0))


def found(connection: Connection, name: str) -> Collection | None:
    """Return a collection, if it has been made; another process may just have made it."""
    try:
        # without None, Chroma would bring its own embedder, which downloads a model
        return connection.client.get_collection(name, embedding_function=None)
    except NotFoundError:
        return None
