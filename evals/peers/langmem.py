"""LangMem as a memory: its store manager with its defaults, with the model and embedder lent."""

import warnings
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import RunnableConfig
from langgraph.store.memory import InMemoryStore

from guided_profile.evals.peers.lent import Lent
from guided_profile.graph.errors import SettingsError
from guided_profile.graph.prompts import history_line
from guided_profile.graph.records import HistoryItem


class LangMem:
    """Memories of any number of users."""

    def __init__(self, manager: Any) -> None:
        """Take a store manager."""
        self._manager = manager

    async def take_in(self, user_id: str, items: Sequence[HistoryItem]) -> None:
        """Have it extract what is worth remembering, and revise what it remembers."""
        said = [
            (HumanMessage if item.role == "user" else AIMessage)(
                history_line(item).removeprefix("1. ")
            )
            for item in items
        ]
        await self._manager.ainvoke({"messages": said}, config=_of(user_id))

    async def find(self, user_id: str, question: str) -> list[str]:
        """Return what bears on a question, the best first; at most 10, its default."""
        found = await self._manager.asearch(query=question, config=_of(user_id))
        return [str(memory.value.content) for memory in found]


def load_langmem() -> Any:
    """Import LangMem.

    Raises:
        SettingsError: It is not installed.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of LangGraph, at its own imports
            return import_module("langmem")
    except ImportError as error:
        raise SettingsError(
            "the method 'langmem' needs langmem: pip install -e '.[peers]'."
        ) from error


@asynccontextmanager
async def open_langmem(lent: Lent) -> AsyncIterator[LangMem]:
    """Open an empty memory, in this process alone."""
    langmem = load_langmem()
    store = InMemoryStore(index={"dims": lent.dimension, "embed": lent.embedder})
    yield LangMem(langmem.create_memory_store_manager(lent.chat, store=store))


def _of(user_id: str) -> RunnableConfig:
    return {"configurable": {"langgraph_user_id": user_id}}
