"""How new must be what is read of a history that other processes write to as well.

A Chroma server does not tell what another process wrote, so it is asked again for each read. One
request reads a user's history several times, and once is enough: what was read since it began has
all that was written before. It holds for a while, and not as long as a slow model takes.
"""

from contextvars import ContextVar
from math import inf
from time import monotonic

HOLDS = 2.0
"""Seconds for which what a request read is not read again."""

_began: ContextVar[float] = ContextVar("began", default=inf)


def begin_request() -> None:
    """Let all that is read from here on, in this task and what it starts, be of one request."""
    _began.set(monotonic())


def latest_needed() -> float:
    """Return when a read must have begun to be new enough: never, where no request began."""
    return max(_began.get(), monotonic() - HOLDS)
