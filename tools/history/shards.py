"""The Chroma collections that the history stands in: made, checked and asked here.

Each user's items stand in one of `SHARDS` collections, by a digest of the user's id. What Chroma
does for a user costs what the collection holds, not the user: a filter reads every item of it,
and a broken index is made anew as a whole. Another, empty collection says what all of them are
bound to. The index itself is never asked for what is near: it is made with as few links as can be.
"""

from collections.abc import Callable
from typing import Any

from chromadb.api.collection_configuration import CreateHNSWConfiguration
from chromadb.api.models.Collection import Collection
from chromadb.errors import ChromaError

from guided_profile.graph.errors import HistoryError
from guided_profile.tools.embedders.base import Vector
from guided_profile.tools.history import records
from guided_profile.tools.history.binding import COLLECTION, Binding, found
from guided_profile.tools.history.connection import Connection
from guided_profile.tools.history.failures import named_failures
from guided_profile.tools.history.folder import Folder
from guided_profile.tools.history.repair import broken, rebuild

SHARDS = 512
"""How many collections the items are spread over; a folder keeps the number it was made with."""

_HNSW: CreateHNSWConfiguration = {
    "space": "ip",  # of unit vectors, and unlike cosine it keeps them bit for bit
    "max_neighbors": 2,
    "ef_construction": 2,
    "batch_size": 2,
    "sync_threshold": 2,  # else vectors wait in the database, and deleted ones stay in files
}


class Shards:
    """The collections of one store; the first write, which knows the dimension, makes them."""

    def __init__(
        self,
        embedder_id: str,
        connection: Connection,
        embed: Callable[[list[str]], Vector],
    ) -> None:
        self.connection = connection
        self.binding = Binding(embedder_id, connection)
        self._embed = embed
        self._closed = False

    def close(self) -> None:
        """Release the connection; closing twice does nothing."""
        if not self._closed:
            self._closed = True
            self.connection.close()

    def check(self) -> bool:
        """Refuse collections of another embedder; return whether there are any yet.

        Raises:
            EmbedderMismatchError: They were written with another.
        """
        if not self.binding.known:
            with self._failures("opened"), self.connection.gate.shared():
                self.binding.find()
        return self.binding.check()

    def _ask(
        self, name: str, done: str, ask: Callable[[Collection], Any], *, noted: bool = False
    ) -> Any:
        """Ask Chroma, once more if the index had to be made anew.

        Args:
            name: The collection; one that was never written to has nothing.
            done: What is done to the history, for messages.
            ask: The request.
            noted: Whether it changes the index's files.
        """
        self._look_at(name)
        try:
            return self._once(name, done, ask, noted=noted)
        except HistoryError as error:
            if self.connection.is_server or not broken(error):
                raise
        self._rebuild(name, "cannot be read by Chroma")
        return self._once(name, done, ask, noted=noted)

    def _once(self, name: str, done: str, ask: Callable[[Collection], Any], *, noted: bool) -> Any:
        folder = self.connection if isinstance(self.connection, Folder) else None
        if folder:
            folder.awake()
            folder.make_room(name)
        with self._failures(done), self.connection.gate.shared():
            collection = self.connection.collections.get(name) or found(self.connection, name)
            if collection is None:
                return {"ids": [], "metadatas": [], "embeddings": []}
            self.connection.collections[name] = collection
            try:
                answer = ask(collection)
            except ChromaError:
                if noted and folder:
                    folder.failed_writing = True
                raise
            if noted and folder:
                folder.files.note(name)
        return answer

    def _look_at(self, name: str) -> None:
        """See, before the first use of a collection, whether its files are as they were left."""
        folder = self.connection
        if not isinstance(folder, Folder) or name in folder.files.looked_at:
            return
        with self._failures("read"), folder.gate.shared():
            if name not in folder.collections and found(folder, name) is None:
                return  # nothing to look at: reading of nobody must not keep the writers out
        with self._failures("read"), folder.gate.alone():
            there = folder.files.find(name)
            as_left = not there or folder.files.is_as_noted(name)
        if not as_left:
            # a Chroma server may have written here: what it deletes stays in the files until the
            # next deletion, or the next opening
            folder.erasing(True)
            self._rebuild(name, "is not as it was left")
        if there:
            folder.files.looked_at.add(name)

    def _rebuild(self, name: str, why: str) -> None:
        self._failures("repaired")
        if isinstance(self.connection, Folder):
            rebuild(self.connection, name, self.binding.dimension, self._embed, why)

    def _failures(self, done: str) -> named_failures:
        if self._closed:
            raise HistoryError("the history store is closed; open it again.")
        self.connection.check_process()
        return named_failures(self.connection.place, done, server=self.connection.is_server)

    def _made(self, user_id: str, dimension: int) -> str:
        """Return the name of a user's collection, made if there is none yet."""
        with self._failures("written"), self.connection.gate.shared():
            self.binding.decide(dimension, SHARDS)
        self.binding.check()
        self.binding.check_dimension(dimension)
        name = self._name_for(user_id)
        if name not in self.connection.collections:
            with self._failures("written"), self.connection.gate.shared():
                self.connection.collections[name] = self.connection.client.get_or_create_collection(
                    name, embedding_function=None, configuration={"hnsw": _HNSW}
                )
            self._look_at(name)
        return name

    def _name_for(self, user_id: str) -> str:
        return self._name(records.shard_of(user_id, self.binding.shards))

    def _name(self, shard: int) -> str:
        return f"{COLLECTION}_{shard}"
