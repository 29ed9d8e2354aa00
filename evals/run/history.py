"""A history that is empty, and gone afterwards."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.history.text_vectors import EmbedderLike


@contextmanager
def temporary_history(embedder: EmbedderLike) -> Iterator[HistoryStore]:
    """Open an empty history in a folder of its own."""
    with TemporaryDirectory() as folder, HistoryStore.open(embedder, path=Path(folder)) as history:
        yield history
