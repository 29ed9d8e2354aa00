"""A run over many users: plan each, have made what is missing or stale, keep what comes back.

    users → plan → (fresh, or too little history: done) → engine → kept, or reported as a failure

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

_WROTE_NOTHING = (
    "the model wrote no profile; see whether its replies are empty, as they are where a model's "
    "thoughts use up the task's max_tokens, and raise those or name another model."
)


class Run:
    """One run over users, each profile kept as soon as it is made."""

    def __init__(
        self,
        users: Users,
        plan: Callable[[BuildInput], Awaitable[Plan]],
        engine: Engine,
        *,
        limits: Limits,
        on_failed: Callable[[Failed], None],
        on_progress: Callable[[Tally], None],
    ) -> None:
        """Get ready.

        Args:
            users: Whose; what is fresh is not made again, so a run that was killed goes on.
            plan: What the workflow would do about a user.
            engine: What works on them.
            limits: What may be spent.
            on_failed: Called with each failure.
            on_progress: Called with how far the run is.
        """
        self._users, self._plan, self._engine, self._limits = users, plan, engine, limits
        self._on_failed, self._on_progress = on_failed, on_progress
        self._tally = Tally()
        self._broken_in_a_row = 0
        self._error: ModelError | None = None

    async def finish(self) -> Tally:
        """Make the profiles that are missing or stale.

        Raises:
            ModelError: So many failed one after the other that the rest would too; or a limit is
                set, and the endpoint does not report what its calls take. What was made is kept.
        """
        self._tally.total = await self._users.count()
        self._on_progress(self._tally)
        stopped = False
        async with aclosing(self._engine.run(self._inputs())) as results:
            async for made in results:
                try:
                    await self._take(made)
                finally:
                    self._users.release(made.user_id)
                if not self._goes_on() and not stopped:
                    stopped = True
                    await self._engine.stop()
        if self._error:
            raise self._error
        return self._tally

    def _goes_on(self) -> bool:
        return not self._tally.limited and self._error is None

    async def _inputs(self) -> AsyncIterator[BuildInput]:
        """Yield who needs a profile made, while the run goes on; count the others as done."""
        async for found in self._users.inputs():
            if not self._goes_on():
                return
            if found is None:
                self._tally.total -= 1
            elif isinstance(found, Failed):
                self._note(found)
            else:
                use = (await self._plan(found)).use
                self._tally.fresh += use == "standing"
                self._tally.cold += use == "cold"
                if use not in ("standing", "cold"):
                    complete = await self._users.complete(found)
                    if complete is None:
                        self._tally.fresh += 1
                    else:
                        yield complete
            self._on_progress(self._tally)

    def _note(self, failed: Failed) -> None:
        self._tally.failed += 1
        self._on_failed(failed)

    async def _take(self, made: BuildResult) -> None:
        """Keep and count what became of a user, and see whether the run goes on."""
        if made.left:
            if made.dropped:
                await self._users.keep(made)
            return
        self._tally.spent = self._tally.spent.plus(made.cost)
        failed = made.failed
        if (made.standing or made.dropped) and not await self._users.keep(made):
            changed = "items it rests on were deleted meanwhile; it is made at the next run."
            failed = Failed(made.user_id, "Changed", changed)
        elif made.standing is None and failed is None and made.cost.calls:
            failed = Failed(made.user_id, ModelError.__name__, _WROTE_NOTHING)
        if failed:
            self._note(failed)
        elif made.standing is None:
            self._tally.fresh += 1
        elif made.standing.revisions:
            self._tally.revised += 1
        else:
            self._tally.built += 1
        self._on_progress(self._tally)
        self._see_whether_to_stop(failed)

    def _see_whether_to_stop(self, failed: Failed | None) -> None:
        broken = failed is not None and failed.error == ModelError.__name__
        self._broken_in_a_row = self._broken_in_a_row + 1 if broken else 0
        if not self._goes_on():
            return
        if failed and self._broken_in_a_row >= MOST_FAILURES:
            self._error = ModelError(
                f"{self._broken_in_a_row} profiles in a row failed, the last with "
                f"{failed.message!r}; mend that and give the same command again: what was made is "
                "kept."
            )
            return
        try:
            self._tally.limited = self._limits.reached(self._tally.spent)
        except ModelError as error:
            self._error = error
