"""What the stages share that ask the user something: how it is shown, and what comes back.

A question is shown in two ways. It is a message of the thread, for chats: there, the user's next
message is the reply, and begins a run. And it is the payload of an interrupt, for all who resume
the run: `clarify` holds the question, and the rest has the form of an agent inbox.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypedDict, get_args
from uuid import uuid4

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from pydantic import ValidationError

from guided_profile.graph.errors import HistoryItemError
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.state import RepliesTo
from guided_profile.graph.text import encodable
from guided_profile.tools.history.store import HistoryStore

Decision = Literal["approve", "edit", "reject"]
REPLY = "reply"
"""The field of an inbox's form that the user fills in."""


class AskedUpdate(TypedDict):
    """What shows a question in a chat, and has the thread wait for the reply."""

    messages: list[AnyMessage]
    waits: str


class Said(NamedTuple):
    """What the user says to a question."""

    text: str
    agrees: bool | None = None
    """Whether they approved or rejected it by a form; None: they wrote."""


def asked(stage: str, question: str) -> AskedUpdate:
    """Return what a stage writes before the next one asks: a run that waits can write nothing."""
    message = AIMessage(question, id=f"{stage}-{uuid4()}")
    return {"messages": [message], "waits": str(message.id)}


def payload(question: str, about: str, decisions: Sequence[Decision]) -> dict[str, Any]:
    """Return what a run is interrupted with.

    Args:
        question: The question to the user.
        about: What they asked themselves.
        decisions: What a form offers; `edit` is to fill in the reply.
    """
    name = "reply" if "edit" in decisions else "confirm"
    args = {REPLY: ""} if "edit" in decisions else {}
    return {
        "clarify": question,
        "about": about,
        "action_requests": [{"name": name, "args": args, "description": question}],
        "review_configs": [{"action_name": name, "allowed_decisions": [*decisions]}],
    }


def said(resumed: Any) -> Said | None:
    """Return what a run was resumed with: a text, or an inbox's `{"decisions": […]}`; else None."""
    if isinstance(resumed, str):
        return Said(resumed)
    decisions = resumed.get("decisions") if isinstance(resumed, Mapping) else None
    decided = decisions[0] if isinstance(decisions, list) and decisions else None
    if not isinstance(decided, Mapping):
        return None
    text: Any = decided.get("message") or ""
    if decided.get("type") == "edit":
        action = decided.get("edited_action")
        args = action.get("args") if isinstance(action, Mapping) else None
        text = args.get(REPLY) if isinstance(args, Mapping) else None
    if not isinstance(text, str):
        return None
    agrees = {"approve": True, "reject": False}.get(str(decided.get("type")))
    return Said(text, agrees)


def reply_shown(text: str) -> list[AnyMessage]:
    """Return the user's reply, given by resuming the run, as a message of the thread."""
    return [HumanMessage(text)] if text.strip() else []


def replied_stage(waits: str, messages: Sequence[AnyMessage]) -> RepliesTo:
    """Return the stage whose question the last message replies to; empty if it replies to none."""
    if not waits or len(messages) < 2 or not isinstance(messages[-1], HumanMessage):
        return ""
    stage = waits.partition("-")[0] if messages[-2].id == waits else ""
    return next((known for known in get_args(RepliesTo) if known == stage), "")


def replied(
    reply: Any,
    stage: str,
    messages: Sequence[AnyMessage],
    *,
    source: str,
    time: datetime,
    asked: str = "",
) -> HistoryItem | None:
    """Return what a user replied, as an item of their history; None if it can be none.

    Its id is made of the question's and of what was replied, for `keep`.

    Args:
        reply: What the run was resumed with.
        stage: Which asked.
        messages: The thread, the question among them.
        source: Of the item.
        time: Now.
        asked: The question, if the item is to begin with it.
    """
    if not isinstance(reply, str) or not reply.strip():
        return None
    text, begin = asked + encodable(reply.strip()), f"{stage}-"
    questions = (m.id for m in reversed(messages) if m.id and m.id.startswith(begin))
    question = next(questions, "")
    try:
        of_any_time = HistoryItem(text=text, source=source).id
        # without a question: one was asked before questions were messages
        id_ = f"{question[:100]}-{of_any_time}" if question else ""
        return HistoryItem(id=id_, text=text, source=source, time=time)
    except ValidationError:  # too long
        return None


def keep(history: HistoryStore, user_id: str, reply: HistoryItem) -> None:
    """Add a reply to the history, unless the same reply to the same question is there.

    A stage that was killed when it had kept the reply begins again, at another time.
    """
    if history.get(user_id, [reply.id]):
        return
    try:
        history.add(user_id, [reply])
    except HistoryItemError:
        if not history.get(user_id, [reply.id]):  # else another run of it came first
            raise
