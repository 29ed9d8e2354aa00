"""What is kept of users, opened without a model, as `forget`, `export` and `profile` need it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from langgraph.store.base import BaseStore
from rich.console import Console

from guided_profile.apps import assembly
from guided_profile.apps.settings import Settings
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.progress import downloads


@asynccontextmanager
async def open_kept(
    settings: Settings, notes: Console | None = None
) -> AsyncIterator[tuple[HistoryStore, BaseStore]]:
    """Open the histories and the profiles, and close them again.

    Args:
        settings: Where they are.
        notes: Where the fetching of an embedder's weights is shown; None: to read and delete, no
            embedder is needed, and any other than the history's own is no hindrance.
    """
    embedder = None
    if notes is not None:
        with downloads(notes) as on_progress:
            embedder = assembly.embedder(settings, on_progress)
    with assembly.open_history(settings, embedder) as history:
        async with assembly.profile_store(settings) as store:
            yield history, store
