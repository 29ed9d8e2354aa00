"""clarify: ask the user one question in the place of an abstention."""

import asyncio
from typing import TypedDict

from langgraph.runtime import Runtime
from langgraph.types import interrupt

from guided_profile.graph.context import Context
from guided_profile.graph.state import State
from guided_profile.nodes.resources import Resources
from guided_profile.nodes.stage import Stage, replied


class ClarifyUpdate(TypedDict):
    """What clarify writes."""

    clarification: str


def make_clarify(resources: Resources) -> Stage[State, ClarifyUpdate]:
    """Return the stage that asks the user, waits, and remembers the reply."""

    async def clarify(state: State, runtime: Runtime[Context]) -> ClarifyUpdate:
        context, task = resources.asked(runtime)
        asked = {"clarify": task.abstention.clarifying_question, "about": state["text"]}
        item = None
        while item is None:  # an error would be raised at every later resume too
            item = replied(interrupt(asked), source="clarification", time=resources.clock())
        await asyncio.to_thread(resources.history.add, context.user_id, [item])
        return {"clarification": item.text}

    return clarify
