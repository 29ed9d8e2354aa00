"""The profiles of many users: what goes to a worker, what comes back, and what a run may spend."""

from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol

from guided_profile.graph.errors import ModelError
from guided_profile.graph.records import Cost, HistoryItem, Standing, evidence_of
from guided_profile.graph.state import ProfileUse
from guided_profile.tools.embedders.base import Vector


@dataclass(frozen=True, slots=True)
class BuildInput:
    """A user, with all that their profile is made from."""

    user_id: str
    items: tuple[HistoryItem, ...]
    """The newest of the history, in order."""
    standing: Standing | None = None
    cited: tuple[HistoryItem, ...] = ()
    """Older items that the standing profile rests on, as far as they are still there."""
    vectors: dict[str, Vector] | None = None
    """The items' vectors by id; None: the worker embeds them."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A user whose profile could not be made, and why."""

    user_id: str
    error: str
    """The error's class."""
    message: str
    place: str = ""
    """Where the user stands in the file they come from."""


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What became of a user."""

    user_id: str
    standing: Standing | None = None
    """The new profile; None: the old one still stands, there is too little history, or it
    failed."""
    dropped: bool = False
    """Whether the old profile and its versions go: they show what was deleted."""
    failed: Failed | None = None
    left: bool = False
    """Whether it was not begun, since the run was stopped."""
    cost: Cost = field(default_factory=Cost)
    """Of all its calls, those of a user that failed too."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a user's profile would take, as the workflow finds out without calling a model."""

    use: ProfileUse
    items: int = 0
    """Those that would be read for it."""
    calls: int = 0
    """Digestions and the profile; a revision may ask whether sentences contradict, besides."""
    input_tokens: int = 0
    """About."""
    output_tokens: int = 0
    """At most."""


class Users(Protocol):
    """Where users come from, and where their profiles go."""

    async def count(self) -> int:
        """Return how many users there are, bad records among them."""

    def inputs(self) -> AsyncIterator[BuildInput | Failed | None]:
        """Yield the users one by one, without vectors; None: a user who came before."""

    async def complete(self, user: BuildInput) -> BuildInput | None:
        """Return the user with the vectors that are known; None: another process is at them."""

    async def keep(self, made: BuildResult) -> bool:
        """Write what was made; False: items it rests on were deleted meanwhile, so it is not."""

    def release(self, user_id: str) -> None:
        """Let others make the user's profile again."""


class Engine(Protocol):
    """What works on several users at once."""

    def run(self, inputs: AsyncIterator[BuildInput]) -> AsyncGenerator[BuildResult, None]:
        """Work on the users, and yield what became of each as soon as it is known."""

    async def stop(self) -> None:
        """Begin no further user; those that were begun come to their end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a run may spend; it stops once that is reached, and what was begun is finished."""

    tokens: int | None = None
    cost: float | None = None
    price_in: float = 0.0
    """Of a million input tokens."""
    price_out: float = 0.0
    """Of a million output tokens."""

    def price(self, input_tokens: int, output_tokens: int) -> float:
        """Return what so many tokens cost."""
        return (input_tokens * self.price_in + output_tokens * self.price_out) / 1e6

    def reached(self, spent: Cost) -> bool:
        """Whether what was spent is all that may be.

        Raises:
            ModelError: The endpoint does not report how many tokens its calls took.
        """
        if self.tokens is None and self.cost is None:
            return False
        if spent.calls and not spent.input_tokens:
            raise ModelError(
                "the endpoint does not report how many tokens a call takes, so that no limit can "
                "be kept; leave the limit out, or have the endpoint report usage."
            )
        if self.tokens is not None and spent.input_tokens + spent.output_tokens >= self.tokens:
            return True
        price = self.price(spent.input_tokens, spent.output_tokens)
        return self.cost is not None and price >= self.cost


@dataclass(slots=True)
class Tally:
    """How far a run is."""

    total: int = 0
    fresh: int = 0
    """Whose profile stands as it is."""
    cold: int = 0
    """Who have too little history for one."""
    built: int = 0
    revised: int = 0
    failed: int = 0
    limited: bool = False
    """Whether it stopped at a limit."""
    spent: Cost = field(default_factory=Cost)

    @property
    def done(self) -> int:
        """How many users were dealt with."""
        return self.fresh + self.cold + self.built + self.revised + self.failed


def cited(standing: Standing | None) -> set[str]:
    """Return the ids of the items that a profile rests on."""
    return set(evidence_of(standing.profile.sentences if standing else ()))
