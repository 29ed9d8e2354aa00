"""What a response of the workflow sees of what a run knows: all of it, or what bears."""

from dataclasses import replace

from guided_profile.graph.records import HeldBack, Profile
from guided_profile.graph.state import State
from guided_profile.graph.tasks import Task
from guided_profile.tools.restraint.select import Restraint, Selection


def unproven(task: Task, profile: Profile | None) -> tuple[HeldBack, ...]:
    """Return what is held back of a profile that was not measured to be of use."""
    kept = [each for each in task.unproven(profile) if each.evidence]
    return tuple(HeldBack(text=each.text, reason="no_worth") for each in kept)


def everything(task: Task, state: State) -> Selection:
    """Return all that a task lets a response see of the profile and of what was recalled."""
    profile = state["profile"] if "profile" in task.sees else None
    return Selection(
        used=task.shown(profile),
        held_back=unproven(task, profile),
        items=tuple(state["recalled"]) if "personal_context" in task.sees else (),
    )


async def bearing(restraint: Restraint, task: Task, state: State) -> Selection:
    """Return what of that bears on the question.

    All of it does where the task exercises no restraint, and all but what is private where it tries
    again. The items of a task that asks the model itself whether they hold the answer are left as
    they are.
    """
    known = everything(task, state)
    if not task.restrains or not (known.used or known.items):
        return known
    again = state["tries"] > 0
    leaves_items = task.abstention.answerable is not None and not again
    chosen = await restraint.select(
        known.used,
        state["text"],
        items=() if leaves_items else known.items,
        shown=[message.text for message in state.get("messages") or []][:-1],
        widely=again,
    )
    chosen = replace(chosen, held_back=(*known.held_back, *chosen.held_back))
    return replace(chosen, items=known.items) if leaves_items else chosen
