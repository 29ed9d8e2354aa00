"""The standing profile of a run: found, planned for, and as the user wants it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from langgraph.runtime import Runtime

from guided_profile.graph.context import Context, require
from guided_profile.graph.records import Cost, HistoryItem, Profile, Standing, evidence_of
from guided_profile.graph.state import ProfileUse
from guided_profile.graph.tasks import Task
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.freshness import Plan, plan
from guided_profile.tools.profiles.leases import BuildLeases
from guided_profile.tools.profiles.overrides import apply_overrides
from guided_profile.tools.profiles.sqlite import rewrite
from guided_profile.tools.profiles.store import ProfileStore, made_from


def profiles_of(runtime: Runtime[Context], task: Task) -> ProfileStore | None:
    """Return where the run's profile is kept; None if the graph has no store."""
    if runtime.store is None:
        return None
    context = require(runtime.context)
    variant = variant_of(task, joined=context.joined is not False)
    return ProfileStore(runtime.store, context.user_id, task.name, variant)


def variant_of(task: Task, *, joined: bool = True) -> str:
    """Return what names the profiles that are made with these switches of a task."""
    unclassed = task.kind == "text" and task.evidence == "topic" and not task.restraint
    return (
        ("guided" if task.guided else "unguided")
        + ("" if joined else "-unjoined")
        + ("-unrestrained" if unclassed else "")  # nobody asked what its sentences are for
        + (f"-own-{task.own_texts}" if task.own_texts else "")
    )


@dataclass(frozen=True, slots=True)
class Decided:
    """What becomes of the standing profile."""

    plan: Plan
    standing: Standing | None
    material: list[HistoryItem]
    """What a profile is made from now: for a revision, what the standing one does not cover."""

    @property
    def use(self) -> ProfileUse:
        """Where the run's profile comes from."""
        return _USES[self.plan]

    @property
    def building(self) -> bool:
        """Whether this run makes the profile that will stand."""
        return self.plan != "keep"

    @property
    def stands(self) -> Profile | None:
        """The profile that is used as it stands; None: one is made."""
        return self.standing.profile if self.plan == "keep" and self.standing else None


_USES: dict[Plan, ProfileUse] = {"keep": "standing", "revise": "revised", "build": "built"}


async def decide(
    profiles: ProfileStore,
    window: Sequence[HistoryItem],
    task: Task,
    made_with: str,
    history: HistoryStore,
    builds: BuildLeases,
    now: datetime,
) -> Decided:
    """Plan, and take the profile to make, waiting if another run makes the user's first one.

    Args:
        profiles: Where the profile is kept.
        window: The items that a profile would be made from.
        task: The task, with the run's switches.
        made_with: Digest of what it would be made with.
        history: Where cited items are looked up.
        builds: Who is making what now; if the plan is not `keep`, this run is from now on.
        now: The time, in UTC.
    """
    taken = False
    while True:
        async with builds.stage(profiles if taken else None):
            what, standing, new, gone = await _looked_at(
                profiles, window, task, made_with, history, now
            )
            if what == "revise" and (task.evidence == "style" or "guidance" in task.sees):
                what = "build"  # habits are counted over all of the history, and guidance is of all
            if what == "keep" or taken:
                if taken and what == "keep":
                    builds.release(profiles)
                if gone:
                    await profiles.drop()  # all versions may tell of what was deleted
                    standing = None
                return Decided(what, standing, new if what == "revise" else list(window))
        taken = await builds.acquire(profiles)  # and look again: it may just have been made
        if taken:
            continue
        if standing and not gone and standing.made_with == made_with:
            return Decided("keep", standing, [])  # another run is at it
        await builds.wait_for_others(profiles)


async def is_fresh(
    profiles: ProfileStore,
    window: Sequence[HistoryItem],
    task: Task,
    made_with: str,
    history: HistoryStore,
    now: datetime,
) -> bool:
    """Whether the standing profile is kept as it is; the arguments are those of `decide`."""
    what, *_ = await _looked_at(profiles, window, task, made_with, history, now)
    return what == "keep"


async def _looked_at(
    profiles: ProfileStore,
    window: Sequence[HistoryItem],
    task: Task,
    made_with: str,
    history: HistoryStore,
    now: datetime,
) -> tuple[Plan, Standing | None, list[HistoryItem], set[str]]:
    """Return the plan, the standing profile, the items that it does not cover, and what is gone."""
    standing = await profiles.standing()
    covered = set(standing.covered) if standing else set()
    new = [item for item in window if item.id not in covered]
    gone = await gone_from(standing, profiles.user_id, history, window)
    what = plan(
        standing, new=len(new), gone=gone, made_with=made_with, policy=task.freshness, now=now
    )
    return what, standing, new, gone


async def gone_from(
    standing: Standing | None,
    user_id: str,
    history: HistoryStore,
    window: Sequence[HistoryItem] = (),
) -> set[str]:
    """Return the ids that a profile cites and that are no longer there.

    Args:
        standing: The profile.
        user_id: Whose.
        history: Where cited items are looked up.
        window: Items that are known to be there.
    """
    if not standing:
        return set()
    unseen = set(evidence_of(standing.profile.sentences)) - {item.id for item in window}
    if not unseen:
        return set()
    look = partial(history.get, user_id, sorted(unseen), now=False)
    there = await history.reading(user_id, look)
    return unseen - {item.id for item in there}


async def write_standing(
    profiles: ProfileStore, standing: Standing, history: HistoryStore, *, amends: bool = False
) -> bool:
    """Write a profile, unless an item that it was made from was deleted meanwhile.

    Who deletes takes the items away first and the profiles second, so that a deletion which the
    first look comes too early for is seen by the second one, or finds what was written.

    Args:
        profiles: Where it is kept.
        standing: The profile.
        history: Where items are looked up.
        amends: Whether it is the one that stands, with something added: no version of its own.

    Returns:
        Whether it stands.

    Raises:
        HistoryError: Chroma failed.
    """
    ids = sorted(made_from(standing))

    async def all_there() -> bool:
        return len(await asyncio.to_thread(history.get, profiles.user_id, ids)) == len(ids)

    if not await all_there():
        return False
    await (profiles.amend if amends else profiles.write)(standing)
    if await all_there():
        return True
    await profiles.drop()
    await rewrite(profiles.store)
    return False


def cited_items(profile: Profile, user_id: str, history: HistoryStore) -> dict[str, HistoryItem]:
    """Return the items that speak for or against a profile's sentences, by id.

    This may read from the disk.
    """
    against = [id_ for sentence in profile.sentences for id_ in sentence.against]
    cited = dict.fromkeys([*evidence_of(profile.sentences), *against])
    there = history.get(user_id, list(cited), now=False)
    return {item.id: item for item in there if not item.withdrawn}


def empty_profile(task: str, note: str, model: str, now: datetime) -> Profile:
    """Return the profile of a user of whom too little is known.

    Args:
        task: The task's name.
        note: Why it is empty, in words that a user can be shown.
        model: The model that would have written it.
        now: The time, in UTC.
    """
    return Profile(
        task=task,
        sentences=(),
        note=note,
        guidance="",
        fingerprint="",
        model=model,
        created=now,
        cost=Cost(),
    )


def cold_profile(task: Task, items: int, model: str, now: datetime) -> Profile:
    """Return the profile of a user who has fewer items than the task makes one from.

    Args:
        task: The task.
        items: How many there are.
        model: The model that would have written it.
        now: The time, in UTC.
    """
    note = (
        f"There is too little history for a profile yet: {items} of the "
        f"{task.cold_start.items} items that it takes."
    )
    return empty_profile(task.name, note, model, now)


async def with_overrides(
    profiles: ProfileStore | None,
    profile: Profile,
    history: HistoryStore,
    cited: Sequence[HistoryItem] | None = None,
) -> Profile:
    """Return the profile as the user wants it: with what they pinned, without what they forbade.

    What rests on an item that they withdrew is left out too, and the guidance with it.

    Args:
        profiles: Where they stand; None: nothing was decided.
        profile: The profile.
        history: Where cited items are looked up.
        cited: Those of them that are there, if they were looked up just now.
    """
    if profiles is None:
        return profile
    overrides = await profiles.overrides()

    def apply() -> Profile:
        there = cited
        if there is None:
            there = history.get(profiles.user_id, evidence_of(profile.sentences), now=False)
        left = _without_withdrawn(profile, there)
        return apply_overrides(left, overrides, history.alike) if overrides else left

    return await history.reading(profiles.user_id, apply, embeds=bool(overrides))


def _without_withdrawn(profile: Profile, there: Sequence[HistoryItem]) -> Profile:
    withdrawn = {item.id for item in there if item.withdrawn}
    if not withdrawn:
        return profile
    kept = tuple(s for s in profile.sentences if s.pinned or withdrawn.isdisjoint(s.evidence))
    return profile.model_copy(update={"sentences": kept, "guidance": ""})
