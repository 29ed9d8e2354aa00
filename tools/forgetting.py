"""Deleting what is kept about a user: history, profiles and threads, down to the disk."""

import asyncio
from collections.abc import Iterable
from typing import Any, NamedTuple

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.store.base import BaseStore
from pydantic import ValidationError

from guided_profile.graph.state import Standing
from guided_profile.tools.history import HistoryStore
from guided_profile.tools.profile_file import named_failures
from guided_profile.tools.profiles import everything, user_namespace


class Forgotten(NamedTuple):
    """How much was deleted."""

    items: int
    records: int
    """Profiles, their versions, and wishes."""
    threads: int


async def forget_user(
    user_id: str,
    *,
    history: HistoryStore,
    store: BaseStore | None = None,
    checkpointer: BaseCheckpointSaver[Any] | None = None,
) -> Forgotten:
    """Delete everything that is kept about a user.

    SQLite files are rewritten, so that nothing of it stays in their free pages. What a Store or a
    checkpointer of your own keeps in backups or logs is yours to delete.

    Args:
        user_id: Whose.
        history: Their items.
        store: Their profiles.
        checkpointer: Their threads: those in which a question of theirs was received.

    Raises:
        HistoryError: Chroma failed; calling again deletes what is left.
    """
    items = await asyncio.to_thread(history.delete_user, user_id)
    records = threads = 0
    if store is not None:
        for one in await everything(store, user_namespace(user_id)):
            await store.adelete(one.namespace, one.key)
            records += 1
        await _rewrite(store)
    if checkpointer is not None:
        theirs = {
            str(kept.config["configurable"]["thread_id"])
            async for kept in checkpointer.alist(None)
            if kept.checkpoint["channel_values"].get("user_id") == user_id
        }
        for thread in theirs:
            await checkpointer.adelete_thread(thread)
        threads = len(theirs)
        await _rewrite(checkpointer)
    return Forgotten(items, records, threads)


async def forget_items(
    user_id: str, ids: Iterable[str], *, history: HistoryStore, store: BaseStore | None = None
) -> tuple[str, ...]:
    """Delete items of a user, and every profile that was made from one of them.

    Returns:
        The ids of those that were there.
    """
    gone = await asyncio.to_thread(history.delete, user_id, ids)
    if store is not None and gone:
        for one in await everything(store, user_namespace(user_id)):
            try:
                made_from = Standing.model_validate(one.value).covered
            except ValidationError:  # a wish, or of another version of this package
                made_from = gone if "profile" in one.value else ()
            if set(made_from) & set(gone):
                await store.adelete(one.namespace, one.key)
        await _rewrite(store)
    return gone


async def _rewrite(keeper: Any) -> None:
    """Rewrite the SQLite file of a store or checkpointer that has one."""
    conn = getattr(keeper, "conn", None)
    if conn is None or not type(conn).__module__.startswith("aiosqlite"):
        return
    async with keeper.lock:  # a transaction of somebody else's is not ended for them
        with named_failures("cleaned"):
            await conn.commit()
            await conn.execute("VACUUM")
            await conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
