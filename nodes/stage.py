"""What every stage of the workflow looks like from outside."""

from collections.abc import Awaitable
from typing import Protocol, TypeVar

from langgraph.runtime import Runtime

from guided_profile.graph.context import Context

StateT = TypeVar("StateT", contravariant=True)
UpdateT = TypeVar("UpdateT", covariant=True)


class Stage(Protocol[StateT, UpdateT]):
    """A node: it reads the state, changes nothing in it, and returns the keys that it writes."""

    def __call__(self, state: StateT, runtime: Runtime[Context]) -> Awaitable[UpdateT]:
        """Run the stage."""
