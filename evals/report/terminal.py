"""What is printed at the end of a run."""

from collections.abc import Iterator

from rich.console import RenderableType
from rich.text import Text

from guided_profile.evals.report.summary import Summary
from guided_profile.evals.report.tables import bare, comparisons, costs, for_terminal, outcomes


def printed(summary: Summary, *, priced: bool) -> Iterator[RenderableType]:
    """Return the tables of a run, and what is said beside them.

    Args:
        summary: The run.
        priced: Whether prices were given.
    """
    yield Text(" · ".join(f"{name} {value}" for name, value in summary.facts.items()), "dim")
    for table in (*outcomes(summary), costs(summary, priced=priced)):
        yield for_terminal(table)
    for line in bare(summary.rows):
        yield Text(line)
    if summary.comparisons:
        yield for_terminal(comparisons(summary))
    if summary.judged:
        yield Text(str(summary.judged), "" if summary.judged.claimed else "red")
    errors = sum(row.counts.errors for row in summary.rows)
    if errors:
        why = "they count as errors, not as answers; the same command asks them again"
        yield Text(f"{errors} answers failed: {why}.", "red")
