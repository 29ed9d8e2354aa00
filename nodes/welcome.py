"""welcome: while there is too little history, ask the user what the task would like to know."""

import asyncio
from typing import TypedDict

from langgraph.runtime import Runtime
from langgraph.types import interrupt

from guided_profile.graph.context import Context
from guided_profile.graph.state import State
from guided_profile.nodes.resources import Resources
from guided_profile.nodes.stage import Stage, replied


class WelcomeUpdate(TypedDict):
    """What welcome writes."""

    welcomed: int


def make_welcome(resources: Resources) -> Stage[State, WelcomeUpdate]:
    """Return the stage that asks one question, waits, and adds the reply to the history.

    The question is kept with the reply, without which a reply such as "two" says nothing.
    """

    async def welcome(state: State, runtime: Runtime[Context]) -> WelcomeUpdate:
        context, task = resources.asked(runtime)
        asked = task.cold_start.questions[state["welcomed"]]
        request = {"clarify": asked, "about": state["text"]}
        item = None
        while item is None:  # an error would be raised at every later resume too
            reply = interrupt(request)
            if isinstance(reply, str) and not reply.strip():
                break  # the user would rather not say
            item = replied(reply, source="welcome", time=resources.clock(), asked=f"{asked} ")
        if item:
            await asyncio.to_thread(resources.history.add, context.user_id, [item])
        return {"welcomed": state["welcomed"] + 1}

    return welcome
