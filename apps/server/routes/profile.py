"""The routes of a user's profile: see, make, decide about sentences, versions, delete."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Body, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from guided_profile.apps.bodies import Decided, Shown, Version
from guided_profile.apps.server.access.problems import Problem, RefusedError, SafeRoute
from guided_profile.apps.server.routes.dependencies import TheResources, TheStore, UserId
from guided_profile.graph.context import Context
from guided_profile.graph.profile import standing_profile
from guided_profile.graph.records import HistoryItem, Profile
from guided_profile.graph.tasks import find_task
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles import corrections
from guided_profile.tools.profiles.plan import cited_items, gone_from, variant_of, with_overrides
from guided_profile.tools.profiles.store import Override, ProfileStore
from guided_profile.tools.tracing import CORRECTION, feed_back

router = APIRouter(prefix="/profile", tags=["profile"], route_class=SafeRoute)

TaskName = Annotated[
    str, Query(max_length=100, description="The task whose profile it is.", examples=["dialogue"])
]


class _Decision(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Pin(_Decision):
    """Have a sentence stand in every profile of the task."""

    do: Literal["pin"]
    text: str = Field(max_length=corrections.LONGEST_SENTENCE, examples=["I am vegan."])


class Forbid(_Decision):
    """Have a sentence, and whatever says the same, stand in none."""

    do: Literal["forbid"]
    text: str = Field(max_length=corrections.LONGEST_SENTENCE, examples=["This person eats meat."])


class Correct(_Decision):
    """Put a sentence of the user's in the place of one."""

    do: Literal["correct"]
    text: str = Field(max_length=corrections.LONGEST_SENTENCE, examples=["This person eats meat."])
    right: str = Field(max_length=corrections.LONGEST_SENTENCE, examples=["I am vegan."])


class TakeBack(_Decision):
    """Forget what was decided."""

    do: Literal["take_back"]
    key: str = Field(max_length=100)


Decision = Annotated[Pin | Forbid | Correct | TakeBack, Field(discriminator="do")]


_MISSING: dict[int | str, dict[str, Any]] = {
    404: {"model": Problem, "description": "There is no profile, or no wish of that key."}
}


def _profiles(
    user_id: UserId, resources: TheResources, store: TheStore, task: TaskName = "dialogue"
) -> ProfileStore:
    found = find_task(resources.tasks, task)
    return ProfileStore(store, user_id, found.name, variant_of(found))


Profiles = Annotated[ProfileStore, Depends(_profiles)]


@router.get("", summary="See the profile", responses=_MISSING)
async def read(user_id: UserId, resources: TheResources, profiles: Profiles) -> Shown:
    """Return the standing profile; nothing is made, and no model is asked."""
    standing = await profiles.standing()
    if standing is None or await gone_from(standing, user_id, resources.history):
        raise RefusedError(404, "no_profile", "there is no profile yet; make one with POST.")
    made = await with_overrides(profiles, standing.profile, resources.history)
    return await _shown(made, resources.history, user_id)


@router.post("", summary="Make the profile")
async def make(
    user_id: UserId,
    resources: TheResources,
    store: TheStore,
    task: TaskName = "dialogue",
    worth: Annotated[
        bool,
        Query(description="Whether its worth on the person's own past is measured, if it was not"),
    ] = False,
) -> Shown:
    """Return the profile, made first if it is missing or stale; the model may take its time."""
    found = find_task(resources.tasks, task)
    graph = resources.graph.copy({"store": store})
    context = Context(user_id=user_id, task=task, worth="measure" if worth else None)
    made = await standing_profile(graph, found, context)
    return await _shown(made, resources.history, user_id)


@router.patch("", summary="Decide about a sentence", responses=_MISSING)
async def decide(
    resources: TheResources,
    profiles: Profiles,
    later: BackgroundTasks,
    decision: Annotated[Decision, Body(examples=[{"do": "pin", "text": "I am vegan."}])],
    run_id: Annotated[
        UUID | None,
        Query(description="The answer that showed the sentence; its trace notes the decision"),
    ] = None,
) -> list[Decided]:
    """Pin, forbid or correct a sentence, or take that back; it holds for every later profile."""
    now = datetime.now(UTC)
    match decision:
        case Pin():
            evidence = await _evidence(profiles, decision.text)
            await corrections.pin(profiles, decision.text, now=now, evidence=evidence)
        case Forbid():
            await corrections.forbid(profiles, decision.text, now=now)
        case Correct():
            await corrections.correct(
                profiles, decision.text, decision.right, history=resources.history, now=now
            )
        case TakeBack():
            await profiles.take_back(await _override(profiles, decision.key))
    if run_id:
        later.add_task(feed_back, run_id, CORRECTION, value=decision.do)
    return await wishes(profiles)


@router.get("/wishes", summary="See what was decided")
async def wishes(profiles: Profiles) -> list[Decided]:
    """Return what the user pinned and forbade, in the order of deciding."""
    return [
        Decided(key=made.key, kind=made.kind, text=made.text, time=made.time)
        for made in await profiles.overrides()
    ]


@router.get("/versions", summary="See the versions")
async def versions(profiles: Profiles) -> list[Version]:
    """Return the profiles that stood, the oldest first, and what each changed."""
    stood = await profiles.versions()
    return [
        Version(profile=made, changes=changes)
        for made, changes in zip(stood, corrections.changes_of(stood), strict=True)
    ]


@router.delete("", status_code=204, summary="Delete the profile")
async def delete(profiles: Profiles) -> None:
    """Delete the profile and its versions; what was pinned and forbidden stays."""
    await profiles.drop()


async def _shown(made: Profile, history: HistoryStore, user_id: str) -> Shown:
    def shown() -> dict[str, HistoryItem]:
        examples = history.get(user_id, made.worth.examples if made.worth else ())
        return cited_items(made, user_id, history) | {item.id: item for item in examples}

    return Shown(profile=made, items=await asyncio.to_thread(shown))


async def _evidence(profiles: ProfileStore, text: str) -> tuple[str, ...]:
    """Return what a sentence of the standing profile rests on; () for one's own words."""
    standing = await profiles.standing()
    sentences = standing.profile.sentences if standing else ()
    return next((sentence.evidence for sentence in sentences if sentence.text == text), ())


async def _override(profiles: ProfileStore, key: str) -> Override:
    found = next((made for made in await profiles.overrides() if made.key == key), None)
    if found is None:
        raise RefusedError(404, "not_found", "nothing of that key was decided; see /wishes.")
    return found
