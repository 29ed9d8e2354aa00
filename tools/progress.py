"""What is shown in a terminal while something takes long."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from guided_profile.tools.weights import fetch


def bars(notes: Console) -> Progress:
    """Return what shows how far a run is, the time it took and the time left."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=notes,
        speed_estimate_period=600,
    )


@contextmanager
def downloads(notes: Console) -> Iterator[fetch.OnProgress]:
    """Show a bar for each file of weights that is fetched."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=notes, transient=True) as shown:
        known: dict[str, Any] = {}

        def on_progress(progress: fetch.Progress) -> None:
            name = f"{progress.name} {progress.file}"
            if name not in known:
                known[name] = shown.add_task(f"fetching {name}", total=progress.total_bytes)
            shown.update(known[name], completed=progress.done_bytes)

        yield on_progress
