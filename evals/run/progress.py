"""What is shown while a run goes on: how far it is, the score so far, and the time left."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.run.runner import OnResult
from guided_profile.evals.scorers.outcomes import outcome
from guided_profile.evals.scorers.result import Result
from guided_profile.tools.progress import bars

MOST_NAMED = 6


@contextmanager
def progress(
    notes: Console, names: Sequence[str], total: int, before: Sequence[tuple[Example, Result]]
) -> Iterator[OnResult]:
    """Show a bar; what it yields is called with each answer.

    Args:
        notes: Where it is shown.
        names: Of the methods.
        total: How many answers there will be.
        before: The answers that were there when the run began; they count, but not for the time.
    """
    right: dict[str, list[bool]] = defaultdict(list)
    errors = 0

    def note(example: Example, result: Result) -> None:
        nonlocal errors
        errors += result.kind == "error"
        wanted = "correct" if example.answerable else "abstained"  # a text: that there is one
        right[result.method].append(outcome(example, result) == wanted)

    def score() -> str:
        shares = [f"{name} {_percent(right[name])}" for name in names if right[name]]
        shown = "  ".join(shares[:MOST_NAMED]) + (" …" if len(shares) > MOST_NAMED else "")
        return shown + (f"  [red]{errors} errors[/red]" if errors else "")

    for pair in before:
        note(*pair)
    with bars(notes) as display:
        bar = display.add_task(score() or "asking", total=total, completed=len(before))

        def on_result(example: Example, result: Result) -> None:
            note(example, result)
            display.update(bar, advance=1, description=score())
            if result.kind == "error":
                line = f"{result.method} on {example.id}: {result.reason}"
                display.console.print(line, style="red", markup=False)

        yield on_result


def _percent(right: Sequence[bool]) -> str:
    return f"{100 * sum(right) / len(right):.0f}%"
