"""What every stage of the workflow looks like from outside, and what stages that ask share."""

from collections.abc import Awaitable
from datetime import datetime
from typing import Any, Protocol, TypeVar

from langgraph.runtime import Runtime
from pydantic import ValidationError

from guided_profile.graph.context import Context
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.text import encodable

StateT = TypeVar("StateT", contravariant=True)
UpdateT = TypeVar("UpdateT", covariant=True)


class Stage(Protocol[StateT, UpdateT]):
    """A node: it reads the state, changes nothing in it, and returns the keys that it writes."""

    def __call__(self, state: StateT, runtime: Runtime[Context]) -> Awaitable[UpdateT]:
        """Run the stage."""


def replied(reply: Any, *, source: str, time: datetime, asked: str = "") -> HistoryItem | None:
    """Return what a user replied, as an item of their history; None if it can be none.

    Args:
        reply: What the run was resumed with.
        source: Of the item.
        time: Now.
        asked: The question, if the item is to begin with it.
    """
    if not isinstance(reply, str) or not reply.strip():
        return None
    try:
        return HistoryItem(text=asked + encodable(reply.strip()), source=source, time=time)
    except ValidationError:  # too long
        return None
