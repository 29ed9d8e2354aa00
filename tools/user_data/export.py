"""Everything that is kept about a user as one JSON object."""

import asyncio
from datetime import UTC, datetime
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.store.base import BaseStore
from pydantic import BaseModel

from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles import undoing
from guided_profile.tools.profiles.store import everything, user_namespace
from guided_profile.tools.readers.json_files import EXPORT


async def export_user(
    user_id: str,
    *,
    history: HistoryStore,
    store: BaseStore | None = None,
    checkpointer: BaseCheckpointSaver[Any] | None = None,
) -> dict[str, Any]:
    """Return everything that is kept about a user, ready for `json.dumps`.

    Left out is what is only kept for a day so that a deletion can be undone.

    Args:
        user_id: Whose.
        history: Their items.
        store: Their profiles, the versions of them, and what they pinned or forbade.
        checkpointer: Their threads: what was asked last in each, and what was answered.
    """
    items = await asyncio.to_thread(history.list, user_id, withdrawn=True)
    root = user_namespace(user_id)
    kept = await everything(store, root) if store is not None else []
    gone = await undoing.words_of_deleted(store, user_id) if store is not None else set()
    return {
        "format": EXPORT,
        "version": 1,
        "user_id": user_id,
        "exported": datetime.now(UTC).isoformat(),
        "items": [
            item.model_dump(mode="json", exclude_none=True, exclude={"released", "withdrawn"})
            for item in items
        ],
        "released": [item.id for item in items if item.released],
        "withdrawn": [item.id for item in items if item.withdrawn],
        "profiles": [
            {"where": list(row.namespace[len(root) :]), "key": row.key, "value": row.value}
            for row in kept
            if (row.namespace, row.key) not in gone
        ],
        "threads": await _threads(user_id, checkpointer) if checkpointer is not None else [],
    }


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
