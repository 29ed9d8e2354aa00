"""The worth of a profile that is kept: measured on the user's history, and kept beside it."""

import asyncio
from datetime import datetime, timedelta

from langchain_core.language_models import BaseChatModel

from guided_profile.graph.records import Call, HistoryItem, Profile, Worth
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.plan import write_standing
from guided_profile.tools.profiles.store import ProfileStore
from guided_profile.tools.safety.screen import flagged
from guided_profile.tools.search.parts import own
from guided_profile.tools.worth.measure import measure

AGAIN = timedelta(hours=1)
"""After so long, what a model failed to measure is measured again."""


def is_due(worth: Worth | None, *, wanted: bool, now: datetime) -> bool:
    """Return whether a profile is to be measured: it never was, or is to be once more.

    Args:
        worth: The profile's.
        wanted: Whether the run itself asks for it: then what is not known is measured again.
        now: The time, in UTC.
    """
    if worth is None or worth.gain is not None:
        return worth is None
    return wanted or (worth.failed and now - worth.measured >= AGAIN)


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
    if standing is None or _made(standing.profile) != _made(profile):
        return False
    known = {"worth": profile.worth, "cost": profile.cost}
    amended = standing.model_copy(update={"profile": standing.profile.model_copy(update=known)})
    return await write_standing(profiles, amended, history, amends=True)


def _made(profile: Profile) -> tuple[datetime, int, str]:
    return profile.created, profile.version, profile.fingerprint
