"""The routes of what is held back, since it looks like orders to the model: list, release."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Query

from guided_profile.apps.bodies import HeldItem, HeldPage, ReleasedItems
from guided_profile.apps.server.access.problems import SafeRoute
from guided_profile.apps.server.routes.dependencies import TheResources, UserId
from guided_profile.tools.safety.screen import HeldBack, held_back

router = APIRouter(prefix="/history/held", tags=["history"], route_class=SafeRoute)


@router.get("", summary="List what is held back")
async def held(
    user_id: UserId,
    resources: TheResources,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> HeldPage:
    """List the items that look like orders to the model, and so are in no prompt, with the reasons.

    The user may release them, or delete them.
    """

    def found() -> list[HeldBack]:
        return held_back(reversed(resources.history.list(user_id)))

    there = await asyncio.to_thread(found)
    end = offset + limit
    return HeldPage(
        items=[HeldItem(item=item, reasons=reasons) for item, reasons in there[offset:end]],
        total=len(there),
        next_offset=end if end < len(there) else None,
    )


@router.post("/release", summary="Release items")
async def release(
    user_id: UserId,
    resources: TheResources,
    id: Annotated[list[str], Query(min_length=1, max_length=100, description="Items' ids.")],
) -> ReleasedItems:
    """Use items like any other from now on, also withdrawn ones: the user says so."""
    there = await asyncio.to_thread(resources.history.release, user_id, id)
    missing = tuple(wanted for wanted in dict.fromkeys(id) if wanted not in there)
    return ReleasedItems(released=there, not_there=missing)
