"""mem0 (the open-source `mem0ai`) as a memory: its defaults, with the model and embedder lent.

Its telemetry is off, and its files are in a folder of their own that goes with the memory. As
`pip install mem0ai` gives it: spaCy's entities and fastembed's BM25, which fetch models of their
own from the network, are not part of it.
"""

import os
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from tempfile import TemporaryDirectory
from typing import Any

from guided_profile.evals.peers.lent import Lent
from guided_profile.graph.errors import SettingsError
from guided_profile.graph.prompts import history_line
from guided_profile.graph.records import HistoryItem


class Mem0:
    """Memories of any number of users."""

    def __init__(self, memory: Any) -> None:
        """Take an open `mem0.AsyncMemory`."""
        self._memory = memory

    async def take_in(self, user_id: str, items: Sequence[HistoryItem]) -> None:
        """Have it extract what is worth remembering."""
        said = [
            {
                "role": "user" if item.role == "user" else "assistant",
                "content": history_line(item).removeprefix("1. "),
            }
            for item in items
        ]
        await self._memory.add(said, user_id=user_id)

    async def find(self, user_id: str, question: str) -> list[str]:
        """Return what bears on a question, the best first; at most 20, its default."""
        found = await self._memory.search(question, filters={"user_id": user_id})
        return [str(memory["memory"]) for memory in found["results"]]


def load_mem0() -> Any:
    """Import mem0 with its telemetry off and nothing written to the home folder.

    Raises:
        SettingsError: It is not installed, or was imported before with its telemetry on.
    """
    with TemporaryDirectory() as folder, _set(MEM0_TELEMETRY="False", MEM0_DIR=folder):
        try:
            mem0 = import_module("mem0")
            telemetry = import_module("mem0.memory.telemetry")
        except ImportError as error:
            raise SettingsError(
                "the method 'mem0' needs mem0ai: pip install -e '.[peers]'."
            ) from error
    if telemetry.MEM0_TELEMETRY:
        raise SettingsError(
            "mem0 was imported with its telemetry on; set MEM0_TELEMETRY=False and start again."
        )
    return mem0


@asynccontextmanager
async def open_mem0(lent: Lent) -> AsyncIterator[Mem0]:
    """Open an empty memory; it is deleted at the end."""
    mem0 = load_mem0()
    with TemporaryDirectory() as folder:
        store = {
            "collection_name": "memories",
            "path": f"{folder}/qdrant",
            "embedding_model_dims": lent.dimension,
        }
        memory = mem0.AsyncMemory.from_config(
            {
                "llm": {"provider": "langchain", "config": {"model": lent.chat}},
                "embedder": {"provider": "langchain", "config": {"model": lent.embedder}},
                "vector_store": {"provider": "qdrant", "config": store},
                "history_db_path": f"{folder}/history.db",
            }
        )
        try:
            yield Mem0(memory)
        finally:
            memory.close()
            memory.vector_store.client.close()


@contextmanager
def _set(**variables: str) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
