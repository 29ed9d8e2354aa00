"""A run over many users: plan each, have made what is missing or stale, keep what comes back.

    users → plan → (fresh, or too little history: done) → engine → kept, or told as a failure

The process that runs this reads histories and writes profiles; an engine's workers do neither, so
that an embedded store, which is for one process, will do.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing

from guided_profile.apps.bulk.base import (
    BuildInput,
    BuildResult,
    Engine,
    Failed,
    Limits,
    Plan,
    Tally,
    Users,
)
from guided_profile.graph.errors import ModelError
from guided_profile.tools.models.calls import MOST_FAILURES

Planning = Callable[[BuildInput], Awaitable[Plan]]


class _Run:
    """One run: what is counted, and whether it goes on."""

    def __init__(
        self,
        users: Users,
        plan: Planning,
        limits: Limits,
        on_failed: Callable[[Failed], None],
        on_progress: Callable[[Tally], None],
    ) -> None:
        self._users, self._plan, self._limits = users, plan, limits
        self._on_failed, self._on_progress = on_failed, on_progress
        self.tally = Tally()
        self.in_a_row = 0
        self.stopping: ModelError | None = None

    def goes_on(self) -> bool:
        return not self.tally.limited and self.stopping is None

    async def inputs(self) -> AsyncIterator[BuildInput]:
        """Yield who needs a profile made, while the run goes on."""
        async for found in self._users.inputs():
            if not self.goes_on():
                return
            if found is None:
                self.tally.total -= 1
            elif isinstance(found, Failed):
                self.note(found)
            elif user := await self._to_make(found):
                yield user
            self._on_progress(self.tally)

    async def _to_make(self, user: BuildInput) -> BuildInput | None:
        """Return the user if there is something to make; else count the user as done."""
        use = (await self._plan(user)).use
        self.tally.fresh += use == "standing"
        self.tally.cold += use == "cold"
        return None if use in ("standing", "cold") else await self._users.complete(user)

    def note(self, failed: Failed) -> None:
        self.tally.failed += 1
        self._on_failed(failed)

    async def take(self, made: BuildResult) -> None:
        """Keep and count what became of a user, and see whether the run goes on."""
        if made.left:
            if made.dropped:
                await self._users.keep(made)
            return
        self.tally.spent = self.tally.spent.plus(made.cost)
        if (made.standing or made.dropped) and not await self._users.keep(made):
            changed = "items it rests on were deleted meanwhile; it is made at the next run."
            made = BuildResult(made.user_id, failed=Failed(made.user_id, "Changed", changed))
        elif made.standing is None and made.failed is None and made.cost.calls:
            made = BuildResult(made.user_id, failed=_wrote_nothing(made.user_id))
        if made.failed:
            self.note(made.failed)
        elif made.standing is None:
            self.tally.fresh += 1
        elif made.standing.revisions:
            self.tally.revised += 1
        else:
            self.tally.built += 1
        self._on_progress(self.tally)
        self._see_whether_to_stop(made.failed)

    def _see_whether_to_stop(self, failed: Failed | None) -> None:
        broken = failed is not None and failed.error == ModelError.__name__
        self.in_a_row = self.in_a_row + 1 if broken else 0
        if not self.goes_on():
            return
        if failed and self.in_a_row >= MOST_FAILURES:
            self.stopping = ModelError(
                f"{self.in_a_row} profiles in a row failed, the last with {failed.message!r}; "
                "mend that and give the same command again: what was made is kept."
            )
            return
        try:
            self.tally.limited = self._limits.reached(self.tally.spent)
        except ModelError as error:
            self.stopping = error


def _wrote_nothing(user_id: str) -> Failed:
    """Return the failure of a user for whom calls were made, and nothing came of them."""
    return Failed(
        user_id,
        ModelError.__name__,
        "the model wrote no profile; see whether its replies are empty, as they are where a "
        "model's thoughts use up the task's max_tokens, and raise those or name another model.",
    )


async def build_all(
    users: Users,
    plan: Planning,
    engine: Engine,
    *,
    limits: Limits,
    on_failed: Callable[[Failed], None],
    on_progress: Callable[[Tally], None],
) -> Tally:
    """Make the profiles that are missing or stale, each kept as soon as it is made.

    Args:
        users: Whose; what is fresh is not made again, so a run that was killed goes on.
        plan: What the workflow would do about a user.
        engine: What works on them.
        limits: What may be spent.
        on_failed: Called with each failure.
        on_progress: Called with how far the run is.

    Raises:
        ModelError: So many failed one after the other that the rest would too; or a limit is set,
            and the endpoint does not tell what its calls take. What was made is kept.
    """
    run = _Run(users, plan, limits, on_failed, on_progress)
    run.tally.total = await users.count()
    on_progress(run.tally)
    stopped = False
    async with aclosing(engine.run(run.inputs())) as results:
        async for made in results:
            await run.take(made)
            if not run.goes_on() and not stopped:
                stopped = True
                await engine.stop()
    if run.stopping:
        raise run.stopping
    return run.tally
