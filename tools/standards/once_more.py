"""Asking for a better reply: what the earlier one misses is named, after it."""

from collections.abc import Sequence

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage

from guided_profile.graph.prompts import NOT_KEPT, render
from guided_profile.graph.state import State
from guided_profile.graph.text import as_data


def once_more(prompt: Sequence[BaseMessage], state: State) -> list[BaseMessage]:
    """Return a prompt, with what its first reply missed if the model is asked for a better one."""
    earlier = state.get("earlier")
    if not earlier:
        return list(prompt)
    missed = as_data("; ".join(state["missed"]))
    return [
        *prompt,
        AIMessage(as_data(earlier.text)),
        HumanMessage(render(NOT_KEPT, missed=missed)),
    ]
