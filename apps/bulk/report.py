"""What is shown of a run over many users: how far it is, what it would take, what it came to."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, TaskID

from guided_profile.apps.bulk.base import Failed, Limits, Tally
from guided_profile.apps.bulk.plan import Estimate
from guided_profile.apps.bulk.results import Failures
from guided_profile.tools.progress import bars

MOST_SHOWN = 10
"""How many failures are shown as they come; all of them are in their file."""


class Watch:
    """A bar, and a line for each of the first failures."""

    def __init__(self, bars: Progress, bar: TaskID, limits: Limits) -> None:
        self._bars, self._bar, self._limits = bars, bar, limits
        self._shown = 0

    def so_far(self, tally: Tally) -> None:
        """Show how far a run is."""
        spent = tally.spent.input_tokens + tally.spent.output_tokens
        text = f"{tally.built + tally.revised:,} made, {spent:,} tokens"
        text += _money(self._limits, tally.spent.input_tokens, tally.spent.output_tokens)
        self._show(text, tally.done, tally.total, tally.failed)

    def planned(self, estimate: Estimate) -> None:
        """Show how far an estimate is."""
        text = f"{estimate.calls:,} calls"
        self._show(text, estimate.users + estimate.failed, None, estimate.failed)

    def failed(self, failed: Failed) -> None:
        """Show a failure, if there were not many."""
        self._shown += 1
        if self._shown <= MOST_SHOWN:
            who = " ".join(part for part in (failed.place, failed.user_id) if part)
            line = f"{who}: {failed.error}: {failed.message}"
            self._bars.console.print(line, style="red")
        elif self._shown == MOST_SHOWN + 1:
            self._bars.console.print("… further failures are in the file", style="red")

    def _show(self, text: str, done: int, total: int | None, failed: int) -> None:
        text += f", [red]{failed:,} failed[/red]" if failed else ""
        if total is not None:
            self._bars.update(self._bar, total=total)
        self._bars.update(self._bar, completed=done, description=text)


@contextmanager
def progress(notes: Console, limits: Limits) -> Iterator[Watch]:
    """Show a bar meanwhile."""
    with bars(notes) as shown:
        yield Watch(shown, shown.add_task("reading", total=None), limits)


def estimated(estimate: Estimate, limits: Limits) -> str:
    """Return what a run would take, in words."""
    make = estimate.missing + estimate.stale
    lines = [
        f"{estimate.users:,} users: {estimate.fresh:,} fresh, {estimate.missing:,} without a "
        f"profile, {estimate.stale:,} stale, {estimate.cold:,} with too little history",
        f"{make:,} profiles from {estimate.items:,} items: {estimate.calls:,} calls, about "
        f"{estimate.input_tokens:,} tokens in and at most {estimate.output_tokens:,} out"
        + _money(limits, estimate.input_tokens, estimate.output_tokens),
    ]
    if estimate.stale:
        lines.append("A revision may also ask the model whether two sentences contradict.")
    if estimate.failed:
        lines.append(f"{estimate.failed:,} records cannot be read.")
    return "\n".join(lines)


def summary(tally: Tally, seconds: float, limits: Limits, failures: Failures) -> str:
    """Return what a run came to, in words."""
    spent = tally.spent
    lines = [
        f"{tally.total:,} users: {tally.built:,} profiles built, {tally.revised:,} revised, "
        f"{tally.fresh:,} fresh already, {tally.cold:,} with too little history, "
        f"{tally.failed:,} failed",
        f"{spent.calls:,} calls, {spent.input_tokens:,} tokens in, {spent.output_tokens:,} out"
        + _money(limits, spent.input_tokens, spent.output_tokens)
        + f", {seconds:,.0f} seconds",
    ]
    if tally.limited:
        left = tally.total - tally.done
        lines.append(f"Stopped at the limit; {left:,} users are left for another run.")
    if failures.count:
        lines.append(f"Who failed and why: {failures.path}")
    return "\n".join(lines)


def waiting(tally: Tally, requests: int, refused: int, written: Sequence[Path]) -> str:
    """Return what is to be done about the requests of a batch, in words."""
    lines = []
    if refused:
        lines.append(f"{refused:,} requests failed at the endpoint, and are asked again.")
    if not requests:
        lines.append("Every request is answered.")
    elif written:
        names = ", ".join(map(str, written))
        lines.append(
            f"{tally.total - tally.done:,} users wait for {requests:,} requests in {names}: have "
            "them answered, and give the same command with their results, all so far, after "
            "--batch-in and a new file after --batch-out."
        )
    else:
        lines.append(
            f"{tally.total - tally.done:,} users wait for {requests:,} more requests; --batch-out "
            "writes them down."
        )
    return "\n".join(lines)


def _money(limits: Limits, input_tokens: int, output_tokens: int) -> str:
    if not limits.price_in and not limits.price_out:
        return ""
    price = limits.price(input_tokens, output_tokens)
    return f", price {price:,.2f}" if price >= 1 else f", price {price:.4f}"
