"""Where profiles are kept: LangGraph's Store, under the user and the task."""

import hashlib
import json
from collections.abc import Iterable

from langgraph.store.base import BaseStore
from pydantic import ValidationError

from guided_profile.graph.state import HistoryItem, Profile


def fingerprint(items: Iterable[HistoryItem], *made_with: str) -> str:
    """Return a digest of what a profile is made from: the items and what they are made with.

    Args:
        items: The history, in order; an item's id and text count.
        made_with: Everything else that changes a profile: task, version, prompts, model.
    """
    parts = [list(made_with), [[item.id, item.text] for item in items]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def namespace(user_id: str, task: str) -> tuple[str, ...]:
    """Return where a user's profiles for a task stand; a Store's labels may hold no period."""
    escaped = user_id.replace("%", "%25").replace(".", "%2E")
    return ("guided_profile", "profiles", escaped, task)


def _key(guided: bool) -> str:
    return "guided" if guided else "unguided"


async def read_profile(
    store: BaseStore, user_id: str, task: str, *, guided: bool = True
) -> Profile | None:
    """Return the standing profile, fresh or not; None if there is none that can be read."""
    kept = await store.aget(namespace(user_id, task), _key(guided))
    if kept is None:
        return None
    try:
        return Profile.model_validate(kept.value)
    except ValidationError:  # written by another version of this package: made anew
        return None


async def write_profile(store: BaseStore, user_id: str, profile: Profile, *, guided: bool) -> None:
    """Keep a profile in place of the one before it."""
    await store.aput(
        namespace(user_id, profile.task), _key(guided), profile.model_dump(mode="json"), index=False
    )
