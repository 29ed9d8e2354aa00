"""LangGraph Server's way in: `langgraph.json` names `graph` here."""

import asyncio
from functools import cache

from langchain_core.runnables import RunnableConfig

from guided_profile.apps import assembly
from guided_profile.apps.settings import read_settings
from guided_profile.graph.build import Graph, build_graph


@cache
def _assembled() -> Graph:
    settings = read_settings()
    return build_graph(
        chat=assembly.chat_model(settings),
        history=assembly.open_history(settings, assembly.embedder(settings)),
        tasks=assembly.known_tasks(settings).values(),
    )


_assembling = asyncio.Lock()


async def graph(config: RunnableConfig) -> Graph:
    """Return the workflow, assembled once; the server brings its own store and checkpointer."""
    async with _assembling:  # two runs at once must not open the history twice
        return await asyncio.to_thread(_assembled)
