"""welcome: while there is too little history, ask the user what the task would like to know."""

import asyncio
from typing import Literal, TypedDict

from langchain_core.messages import AnyMessage
from langgraph.runtime import Runtime
from langgraph.types import interrupt

from guided_profile.graph.context import Context
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.state import State
from guided_profile.nodes.asking import keep, payload, replied, reply_shown, said
from guided_profile.nodes.resources import Resources
from guided_profile.nodes.stage import Stage


class WelcomeUpdate(TypedDict):
    """What welcome writes."""

    welcomed: int
    messages: list[AnyMessage]
    waits: str
    replies_to: Literal[""]


def make_welcome(resources: Resources) -> Stage[State, WelcomeUpdate]:
    """Return the stage that asks one question, waits, and adds the reply to the history.

    The question is kept with the reply, without which a reply such as "two" says nothing.
    """

    async def welcome(state: State, runtime: Runtime[Context]) -> WelcomeUpdate:
        context, task = resources.asked(runtime)
        asked = task.cold_start.questions[state["welcomed"]]

        def item_of(text: str) -> HistoryItem | None:
            return replied(
                text,
                "welcome",
                state["messages"],
                source="welcome",
                time=resources.clock(),
                asked=f"{asked} ",
            )

        typed = state.get("replies_to") == "welcome"
        item = item_of(state["messages"][-1].text) if typed else None
        shown: list[AnyMessage] = []
        while item is None:  # an error would be raised at every later resume too
            reply = said(interrupt(payload(asked, state["text"], ["edit", "reject"])))
            shown = reply_shown(reply.text) if reply else []
            if reply and (reply.agrees is False or not reply.text.strip()):
                break  # the user would rather not say
            item = item_of(reply.text) if reply else None
        if item:
            await asyncio.to_thread(keep, resources.history, context.user_id, item)
        welcomed = state["welcomed"] + 1
        return {"welcomed": welcomed, "messages": shown, "waits": "", "replies_to": ""}

    return welcome
