"""Holding an answer against what is decisive: what it misses, and which of two is the better."""

import asyncio
import logging
from dataclasses import dataclass

from langchain_core.language_models import BaseChatModel

from guided_profile.graph.errors import ModelError
from guided_profile.graph.records import Call
from guided_profile.graph.state import Reply, State
from guided_profile.graph.tasks import Task
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.standards.better import best, is_farther
from guided_profile.tools.standards.limits import broken_limits, limits_among
from guided_profile.tools.standards.rewriting import in_style, manner_of

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """The better of the replies that there are, and what it misses."""

    reply: Reply
    missed: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()


async def hold(
    chat: BaseChatModel,
    history: HistoryStore,
    user_id: str,
    task: Task,
    state: State,
    *,
    answers: bool,
) -> Held:
    """Return the better of the reply and the earlier one, and what it misses.

    Args:
        chat: Is asked about limits that cannot be counted.
        history: Whose texts show how the user writes.
        user_id: Whose answer it is.
        task: The task.
        state: With the reply, and the earlier one if the model was asked for a better one.
        answers: Whether the reply is an answer at all; if not, the earlier one is.
    """
    reply, earlier = state["reply"], state.get("earlier")
    if earlier and not answers:
        return Held(earlier, tuple(state["missed"]))
    if in_style(task):
        return await asyncio.to_thread(_in_style, history, user_id, state)
    used = [sentence for sentence in task.shown(state["profile"]) if sentence.text in reply.used]
    limits = limits_among(used) if task.kind == "text" else []
    if not limits:
        return Held(reply)
    try:
        broken = await broken_limits(chat, limits, state["text"], reply.text)
    except ModelError as error:
        _log.warning("whether the answer keeps to what the user wants was not found out: %s", error)
        return Held(earlier or reply, tuple(state["missed"]) if earlier else ())
    if earlier and len(broken.limits) >= len(state["missed"]):
        return Held(earlier, tuple(state["missed"]), broken.calls)
    return Held(reply, broken.limits, broken.calls)


def _in_style(history: HistoryStore, user_id: str, state: State) -> Held:
    manner = manner_of(history, user_id)
    replies = [reply for reply in (state.get("earlier"), state["reply"]) if reply]
    texts = [reply.text for reply in replies]
    chosen = best(texts, state["text"], manner, history) if len(texts) > 1 else 0
    reply = replies[chosen]
    if state.get("earlier") and is_farther(reply.text, state["text"], manner, history):
        reply = reply.model_copy(update={"text": state["text"], "confidence": None})
    return Held(reply, tuple(manner.missed(reply.text)))
