"""The tools that a host's own model is offered: what is known of the user, and their history."""

import json
from collections.abc import Callable
from typing import Any

from langchain_core.tools import BaseTool, StructuredTool
from langgraph.prebuilt import ToolRuntime

from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.assistants.known import Known
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.text import as_data
from guided_profile.tools.profiles.plan import cited_items
from guided_profile.tools.retriever import make_search_history

UNREADABLE = "What is known about the user cannot be read just now; answer without it."
"""What a model gets where a tool failed."""


def make_host_tools(
    companion: Companion, user_of: Callable[[Any], str], patience: float
) -> list[BaseTool]:
    """Return `search_history` and `about_me`.

    Args:
        companion: Who knows the users.
        user_of: Reads the user's id from a run's context.
        patience: Seconds after which `about_me` gives up, with a TimeoutError.
    """

    def about_me(runtime: ToolRuntime[Any, Any]) -> str:
        """Return what is known about this user, sentence by sentence, with what it rests on.

        Use it when the user asks what you know about them, or why you answered as you did.
        """
        user_id = user_of(runtime.context)
        known = companion.known(user_id, "", 0).result(patience)
        return described(companion, user_id, known)

    search = make_search_history(companion.history, user_of)
    return [search, StructuredTool.from_function(about_me)]


def described(companion: Companion, user_id: str, known: Known) -> str:
    """Write what is known of a user as JSON, each sentence with the items that support it."""
    if known.profile is None:
        return "Nothing is known about this user yet."
    items = cited_items(known.profile, user_id, companion.history)

    def shown(item: HistoryItem) -> dict[str, Any]:
        date = item.time.date().isoformat() if item.time else None
        return {"date": date, "source": as_data(item.source), "text": as_data(item.text)}

    return json.dumps(
        [
            {
                "known": as_data(sentence.text),
                "verdict": sentence.verdict,
                "confidence": round(sentence.confidence, 2),
                "vouched_for_by_the_user": sentence.pinned,
                "from": [shown(items[id_]) for id_ in sentence.evidence if id_ in items],
            }
            for sentence in known.profile.supported
        ],
        ensure_ascii=False,
    )
