"""requests: do what the user says about their memory; confirm: ask before anything is deleted."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypedDict

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.config import get_config
from langgraph.runtime import Runtime
from langgraph.types import interrupt

from guided_profile.graph.context import Context
from guided_profile.graph.records import Call, Cost, MemoryAct
from guided_profile.graph.state import Answered, State
from guided_profile.nodes.asking import asked, payload, reply_shown, said
from guided_profile.nodes.resources import Resources
from guided_profile.nodes.stage import Stage
from guided_profile.tools.requests.doing import Heeded
from guided_profile.tools.requests.heed import MemoryRequests

_CHECKPOINTER = "__pregel_checkpointer"


class RequestsUpdate(TypedDict, total=False):
    """What both write: what was done, and the answer if nothing else is to be answered."""

    memory: MemoryAct
    besides: bool
    answer: Answered
    messages: list[AnyMessage]
    text: str
    waits: str
    calls: list[Call]


def make_requests(resources: Resources, requests: MemoryRequests) -> Stage[State, RequestsUpdate]:
    """Return the stage that does what the message asks of what is kept, if it asks that."""

    async def heed(state: State, runtime: Runtime[Context]) -> RequestsUpdate:
        if state["refusal"]:
            return {}  # raised by the next stage
        if runtime.store is not None:
            await requests.sweep(runtime.store)
        context, task = resources.asked(runtime)
        if not task.obeys_requests:
            return {}
        stage = state["replies_to"]
        confirms, replies = stage == "confirm", stage in ("clarify", "welcome")
        text = state["messages"][-1].text if replies else state["text"]
        took: list[Call] = []
        heeded = await requests.heed(
            context.user_id,
            text,
            store=runtime.store,
            before=_said_before(state.get("messages") or []),
            keeps=not replies,  # which becomes an item all the same
            thread=_thread(),
            reports_unconfirmed=confirms,
            took=took,
        )
        if heeded is None:
            return {"calls": took} if took else {}
        if replies and heeded.becomes_item:
            return {"calls": [*heeded.calls]}
        runtime.stream_writer({"stage": "requests", "memory": heeded.act.kind})
        if heeded.act.outcome == "asks" and _may_wait():
            asks = asked("confirm", heeded.act.said)
            return {
                "memory": heeded.act,
                "calls": [*heeded.calls],
                "besides": not heeded.ends and not replies,
                "messages": asks["messages"],
                "waits": asks["waits"],
                "text": text,
            }
        if replies:  # and what was asked before is not answered
            return {**_update(replace(heeded, ends=True), state["calls"]), "waits": ""}
        return _update(heeded, [])

    return heed


def make_confirm(resources: Resources, requests: MemoryRequests) -> Stage[State, RequestsUpdate]:
    """Return the stage that waits for the user's word, and deletes only with it."""

    async def confirm(state: State, runtime: Runtime[Context]) -> RequestsUpdate:
        context, _ = resources.asked(runtime)
        act = state["memory"]
        assert act is not None
        reply = None
        while reply is None:  # an error would be raised at every later resume too
            reply = said(interrupt(payload(act.said, state["text"], ["approve", "reject"])))
        heeded = await requests.settle(
            context.user_id,
            reply.text or state["text"],
            store=runtime.store,
            thread=_thread(),
            agrees=reply.agrees,
        )
        if state.get("besides"):  # the message asks something else, which is answered now
            heeded = replace(heeded, ends=False)
        update = _update(heeded, state["calls"])
        update["messages"] = [*reply_shown(reply.text), *update.get("messages", [])]
        return {**update, "waits": ""}

    return confirm


def _update(heeded: Heeded, before: Sequence[Call]) -> RequestsUpdate:
    act, calls = heeded.act, [*heeded.calls]
    update: RequestsUpdate = {"memory": act, "calls": calls}
    if heeded.ends:
        cost = Cost.of([*before, *calls])
        update["answer"] = Answered(text=act.said, memory=act, cost=cost)
        update["messages"] = [AIMessage(act.said)]
    return update


def _said_before(messages: Sequence[AnyMessage]) -> str:
    """Return what the user said before their last message; empty if that is not known."""
    own = [message.text for message in messages if isinstance(message, HumanMessage)]
    return own[-2] if len(own) > 1 else ""


def _thread() -> str:
    return str(get_config().get("configurable", {}).get("thread_id") or "")


def _may_wait() -> bool:
    """Whether the run can wait for a reply: there is a checkpointer."""
    return bool(get_config().get("configurable", {}).get(_CHECKPOINTER))
