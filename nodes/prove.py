"""prove: measure what the profile is worth on the person's own past, where the task wants it."""

from datetime import datetime
from typing import Literal, TypedDict

from langgraph.runtime import Runtime

from guided_profile.graph.context import Context
from guided_profile.graph.records import Call, Profile
from guided_profile.graph.state import State
from guided_profile.graph.tasks import Task
from guided_profile.nodes.resources import Resources
from guided_profile.nodes.stage import Stage
from guided_profile.tools.profiles.plan import profiles_of
from guided_profile.tools.worth.standing import is_due, keep_worth, with_worth


class ProveUpdate(TypedDict):
    """What prove writes."""

    profile: Profile | None
    calls: list[Call]


def prove_or_respond(
    context: Context, task: Task, state: State, now: datetime
) -> Literal["prove", "respond"]:
    """Return the stage after a profile: it is measured if it never was, and is no retry's own.

    Where the run itself asks for its worth, one that could not be measured is measured again.
    """
    profile = state["profile"]
    unproven = (
        task.worth != "off"
        and profile is not None
        and is_due(profile.worth, wanted=context.worth is not None, now=now)
        and state["profile_use"] in ("standing", "revised", "built")
        and not state["tries"]
        and not state["clarification"]
    )
    return "prove" if unproven else "respond"


def make_prove(resources: Resources) -> Stage[State, ProveUpdate]:
    """Return the stage that measures a profile's worth and keeps it with the profile.

    A model that fails here is no error of the run: that is kept with the profile, and the log says
    it; a run after a while tries again.
    """
    history = resources.history

    async def prove(state: State, runtime: Runtime[Context]) -> ProveUpdate:
        context, task = resources.asked(runtime)
        profile = state["profile"]
        assert profile is not None
        runtime.stream_writer({"stage": "prove"})
        proven, calls = await with_worth(
            profile,
            chat=resources.chat,
            history=history,
            user_id=context.user_id,
            newest=context.profile_items,
            now=resources.clock(),
        )
        if profiles := profiles_of(runtime, task):
            await keep_worth(profiles, proven, history)
        return {"profile": proven, "calls": calls}

    return prove
