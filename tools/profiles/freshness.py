"""Whether a standing profile is used as it is, revised with what is new, or built anew."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Literal

from guided_profile.graph.records import Standing
from guided_profile.graph.task_rules import Freshness

Plan = Literal["keep", "revise", "build"]


def plan(
    standing: Standing | None,
    *,
    new: int,
    gone: Collection[str],
    made_with: str,
    policy: Freshness,
    now: datetime,
) -> Plan:
    """Decide what becomes of a standing profile.

    Args:
        standing: The profile as it is kept; None if there is none.
        new: How many items of the history it does not cover.
        gone: Ids of items that it cites and that were deleted: it is built anew at once.
        made_with: What a profile would be made with today; made with something else, it is stale.
        policy: The task's.
        now: The time, in UTC.
    """
    if standing is None or gone or standing.made_with != made_with:
        return "build"
    covered = len(standing.covered)
    enough = min(policy.new_items, covered)
    # of a profile from the future only this is known: that the clock jumped
    if abs(now - standing.profile.created) >= timedelta(days=policy.days):
        enough = min(enough, policy.new_items // 10)
    if not new or new < enough:
        return "keep"
    if new > covered or standing.revisions >= policy.rebuild_every:
        return "build"
    return "revise"
