"""An embedder whose vectors are kept on disk, so that a run that goes on embeds nothing twice."""

import hashlib
import sqlite3
from pathlib import Path
from threading import Lock

import numpy as np

from guided_profile.graph.errors import InputError
from guided_profile.tools.embedders.base import Embedder


class KeptEmbedder(Embedder):
    """Passes on what it has no vector of yet; threads may share one."""

    def __init__(self, inner: Embedder, path: Path) -> None:
        """Open the file, or begin it.

        Raises:
            InputError: It cannot be opened, or is something else.
        """
        self._inner, self._lock = inner, Lock()
        self.id = inner.id
        self.unrelated, self.same = inner.unrelated, inner.same
        self.same_form, self.same_words = inner.same_form, inner.same_words
        try:
            self._database = sqlite3.connect(path, check_same_thread=False)
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS vectors (text TEXT PRIMARY KEY, vector BLOB)"
            )
        except sqlite3.Error as error:
            raise InputError(f"the vectors in {str(path)!r} cannot be used: {error}.") from error

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""
        return self._inner.dimension

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return a vector for each text.

        Raises:
            ModelError: The model failed.
        """
        keys = [hashlib.sha256(f"{self.id}\0{text}".encode()).hexdigest() for text in texts]
        with self._lock:
            known = {key: vector for key in keys if (vector := self._get(key)) is not None}
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        if new:
            made = dict(zip(new, self._inner.embed_documents(list(new.values())), strict=True))
            self._keep(made)
            known |= made
        return [known[key] for key in keys]

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of what is looked for."""
        return self._inner.embed_query(text)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def _get(self, key: str) -> list[float] | None:
        asked = "SELECT vector FROM vectors WHERE text = ?"
        row = self._database.execute(asked, (key,)).fetchone()
        found: list[float] | None = np.frombuffer(row[0], np.float32).tolist() if row else None
        return found

    def _keep(self, made: dict[str, list[float]]) -> None:
        rows = [(key, np.asarray(vector, np.float32).tobytes()) for key, vector in made.items()]
        with self._lock, self._database:
            self._database.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?)", rows)
