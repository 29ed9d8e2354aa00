"""clarify: ask the user one question in the place of an abstention."""

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


class ClarifyUpdate(TypedDict):
    """What clarify writes."""

    clarification: str
    messages: list[AnyMessage]
    waits: str
    replies_to: Literal[""]


def make_clarify(resources: Resources) -> Stage[State, ClarifyUpdate]:
    """Return the stage that asks the user, waits, and remembers the reply."""

    async def clarify(state: State, runtime: Runtime[Context]) -> ClarifyUpdate:
        context, task = resources.asked(runtime)

        def item_of(text: str) -> HistoryItem | None:
            return replied(
                text, "clarify", state["messages"], source="clarification", time=resources.clock()
            )

        typed = state["messages"][-1].text if state.get("replies_to") == "clarify" else ""
        item = item_of(typed)
        shown: list[AnyMessage] = []
        while item is None:  # an error would be raised at every later resume too
            asks = payload(task.abstention.clarifying_question, state["text"], ["edit"])
            if reply := said(interrupt(asks)):
                item = item_of(reply.text)
                shown = reply_shown(reply.text)
        await asyncio.to_thread(keep, resources.history, context.user_id, item)
        return {"clarification": item.text, "messages": shown, "waits": "", "replies_to": ""}

    return clarify
