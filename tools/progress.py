"""What is shown in a terminal while something takes long."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TextColumn,
    TransferSpeedColumn,
)

from guided_profile.tools.weights import fetch


@contextmanager
def downloads(notes: Console) -> Iterator[fetch.OnProgress]:
    """Show a bar for each file of weights that is fetched."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=notes, transient=True) as bars:
        known: dict[str, Any] = {}

        def on_progress(progress: fetch.Progress) -> None:
            name = f"{progress.name} {progress.file}"
            if name not in known:
                known[name] = bars.add_task(f"fetching {name}", total=progress.total_bytes)
            bars.update(known[name], completed=progress.done_bytes)

        yield on_progress
