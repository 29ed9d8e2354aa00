"""Everything that is kept about a user as one JSON object, and taken back from it."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.store.base import BaseStore
from pydantic import BaseModel, ValidationError

from guided_profile.graph.state import Standing
from guided_profile.tools.history import HistoryStore
from guided_profile.tools.history_json import EXPORT
from guided_profile.tools.profiles import Wish, everything, user_namespace


async def export_user(
    user_id: str,
    *,
    history: HistoryStore,
    store: BaseStore | None = None,
    checkpointer: BaseCheckpointSaver[Any] | None = None,
) -> dict[str, Any]:
    """Return everything that is kept about a user, ready for `json.dumps`.

    Args:
        user_id: Whose.
        history: Their items.
        store: Their profiles, the versions of them, and what they pinned or forbade.
        checkpointer: Their threads: what was asked last in each, and what was answered.
    """
    items = await asyncio.to_thread(history.list, user_id)
    root = user_namespace(user_id)
    kept = await everything(store, root) if store is not None else []
    return {
        "format": EXPORT,
        "version": 1,
        "user_id": user_id,
        "exported": datetime.now(UTC).isoformat(),
        "items": [item.model_dump(mode="json", exclude_none=True) for item in items],
        "profiles": [
            {"where": list(one.namespace[len(root) :]), "key": one.key, "value": one.value}
            for one in kept
        ],
        "threads": await _threads(user_id, checkpointer) if checkpointer is not None else [],
    }


async def restore_profiles(export: Mapping[str, Any], user_id: str, *, store: BaseStore) -> int:
    """Put the profiles and wishes of an export back, where none stand; return how many.

    What is not a profile or a wish of this version of the package is passed over: a profile is made
    anew from the history when it is next asked for.
    """
    restored = 0
    for record in export.get("profiles") or ():
        try:
            where, key, value = record["where"], record["key"], record["value"]
            kind: type[BaseModel] = Wish if "wishes" in where[1:] else Standing
            kind.model_validate(value)
            namespace = (*user_namespace(user_id), *map(str, where))
        except (ValidationError, KeyError, TypeError):
            continue
        if await store.aget(namespace, str(key)) is None:
            await store.aput(namespace, str(key), value, index=False)
            restored += 1
    return restored


async def _threads(user_id: str, checkpointer: BaseCheckpointSaver[Any]) -> list[dict[str, Any]]:
    threads: dict[str, dict[str, Any]] = {}
    async for kept in checkpointer.alist(None):  # the newest first
        values = kept.checkpoint["channel_values"]
        thread = str(kept.config["configurable"]["thread_id"])
        if values.get("user_id") != user_id or thread in threads:
            continue
        answer = values.get("answer")
        threads[thread] = {
            "thread_id": thread,
            "question": values.get("text"),
            "answer": answer.model_dump(mode="json") if isinstance(answer, BaseModel) else answer,
            "messages": [
                {"role": message.type, "text": message.text}
                for message in values.get("messages") or ()
            ],
        }
    return list(threads.values())
