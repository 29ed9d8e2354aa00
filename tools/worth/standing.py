"""The worth of a profile that is kept: measured on the user's history, and kept beside it."""

import asyncio
from datetime import datetime

from langchain_core.language_models import BaseChatModel

from guided_profile.graph.records import Call, HistoryItem, Profile
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.plan import write_standing
from guided_profile.tools.profiles.store import ProfileStore
from guided_profile.tools.safety.screen import flagged
from guided_profile.tools.search.parts import own
from guided_profile.tools.worth.measure import measure


async def with_worth(
    profile: Profile,
    *,
    chat: BaseChatModel,
    history: HistoryStore,
    user_id: str,
    newest: int,
    now: datetime,
) -> tuple[Profile, list[Call]]:
    """Return a profile with its worth, and what measuring it took.

    Args:
        profile: As the user wants it.
        chat: The model that is asked.
        history: Where the user's items are.
        user_id: Whose.
        newest: How many items, the newest, it may be measured on.
        now: The time, in UTC.

    Raises:
        ModelError: The model failed.
        HistoryError: Chroma failed.
    """

    def usable() -> list[HistoryItem]:
        listed = own(history.list(user_id, newest=newest))
        orders = flagged(listed)
        return [item for item in listed if item.id not in orders]

    worth, calls = await measure(chat, profile, await asyncio.to_thread(usable), now=now)
    cost = profile.cost.plus(worth.cost)
    return profile.model_copy(update={"worth": worth, "cost": cost}), calls


async def keep_worth(profiles: ProfileStore, profile: Profile, history: HistoryStore) -> bool:
    """Keep the worth of a profile with it; False: it stands no more, and nothing is kept.

    Raises:
        HistoryError: Chroma failed.
    """
    standing = await profiles.standing()
    if standing is None or standing.profile.created != profile.created:
        return False
    known = {"worth": profile.worth, "cost": profile.cost}
    amended = standing.model_copy(update={"profile": standing.profile.model_copy(update=known)})
    return await write_standing(profiles, amended, history, amends=True)
