"""Deleting what is kept about a user: history, profiles and threads, down to the disk."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, NamedTuple

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.store.base import BaseStore
from pydantic import ValidationError

from guided_profile.graph.errors import ProfilesError
from guided_profile.graph.records import Standing
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.sqlite import rewrite
from guided_profile.tools.profiles.store import (
    everything,
    made_from,
    paused_namespace,
    read_override,
    requests_namespace,
    user_namespace,
)


class Forgotten(NamedTuple):
    """How much was deleted."""

    items: int
    records: int
    """Profiles, their versions, and overrides."""
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
        checkpointer: Their threads: those in which they asked, even if it was refused.

    Raises:
        HistoryError: Chroma failed; calling again deletes what is left.
    """
    items = await asyncio.to_thread(history.delete_user, user_id)
    records = threads = 0
    if store is not None:
        for row in await everything(store, user_namespace(user_id)):
            await store.adelete(row.namespace, row.key)
            records += 1
        for row in await everything(store, requests_namespace(user_id)):
            await store.adelete(row.namespace, row.key)
        threads = await _forget_paused(store, user_id)
        await rewrite(store)
    if checkpointer is not None:
        theirs = {
            str(kept.config["configurable"]["thread_id"])
            async for kept in checkpointer.alist(None)
            if kept.checkpoint["channel_values"].get("user_id") == user_id
        }
        for thread in theirs:
            await checkpointer.adelete_thread(thread)
        threads += len(theirs)
        await rewrite(checkpointer)
    return Forgotten(items, records, threads)


async def forget_items(
    user_id: str, ids: Iterable[str], *, history: HistoryStore, store: BaseStore | None = None
) -> tuple[str, ...]:
    """Delete items of a user, and what was made from them.

    That is every profile that was made from one of them, and every sentence the user pinned that
    has no other item to rest on.

    Returns:
        The ids of those that were there.

    Raises:
        HistoryError: Chroma failed; calling again deletes what is left.
        ProfilesError: The file of the profiles is locked or full; calling again, as above.
    """
    wanted = tuple(dict.fromkeys(ids))
    gone = await asyncio.to_thread(history.delete, user_id, wanted)
    if store is not None and wanted:  # also those an earlier try deleted before it failed
        await forget_made_from(user_id, wanted, history=history, store=store)
    return gone


async def forget_made_from(
    user_id: str, ids: Iterable[str], *, history: HistoryStore, store: BaseStore
) -> None:
    """Delete what was made from items that were deleted, or that say something else now.

    Raises:
        ProfilesError: The file of the profiles is locked or full; calling again deletes the rest.
    """
    wanted = set(ids)
    for row in await everything(store, user_namespace(user_id)):
        if await _rests_on(row.value, wanted, user_id, history):
            await store.adelete(row.namespace, row.key)
    for row in await everything(store, requests_namespace(user_id)):
        if wanted & set(row.value.get("items") or ()):  # what could be undone names them
            await store.adelete(row.namespace, row.key)
    await _forget_paused(store, user_id)  # what they recalled may tell of them too
    await rewrite(store)


async def _forget_paused(store: BaseStore, user_id: str) -> int:
    """Delete a user's runs that wait for a reply, where the store keeps them; return how many."""
    delete_threads = getattr(store, "delete_threads", None)
    if delete_threads is None:
        return 0
    waiting = await everything(store, paused_namespace(user_id))
    await delete_threads([row.key for row in waiting])
    for row in waiting:
        await store.adelete(row.namespace, row.key)
    return len(waiting)


async def _rests_on(
    kept: dict[str, Any], deleted: set[str], user_id: str, history: HistoryStore
) -> bool:
    """Whether a profile or override goes with items that were deleted."""
    with suppress(ValidationError):
        return bool(made_from(Standing.model_validate(kept)) & deleted)
    try:
        cited = read_override(kept).evidence
    except ProfilesError:  # of another version of this package
        return "profile" in kept
    return bool(deleted & set(cited)) and not await asyncio.to_thread(history.get, user_id, cited)
