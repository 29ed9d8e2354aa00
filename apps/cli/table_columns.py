"""The columns of a table that are not sure: shown, confirmed once, and remembered."""

import shlex
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from guided_profile.graph.errors import ColumnsError, SettingsError
from guided_profile.tools.readers.detect import Reading, opened
from guided_profile.tools.readers.remembered import remember, remembered

TABLES = ("csv", "json", "jsonl", "xlsx", "html-table")
"""The formats whose columns may have any names."""


def confirmed(
    file: Path, reading: Reading, folder: Path, notes: Console, *, yes: bool = False
) -> Reading:
    """Return how a file is read, its columns confirmed if they are not sure.

    Args:
        file: The file.
        reading: How it is read, as far as that was said.
        folder: The data folder, where it is remembered.
        notes: Where it is shown.
        yes: Whether what seems right is taken without asking.

    Raises:
        ColumnsError: They are not sure, and nobody is there to ask, or it is not right.
        HistoryItemError: The file cannot be read.
        SettingsError: The data folder cannot be written.
    """
    if reading.columns:
        return reading
    try:
        with opened(file, reading) as found:
            if found.format in TABLES:
                next(found.entries, None)
        return reading
    except ColumnsError as error:
        columns = remembered(folder, error.signature)
        if columns is not None:
            notes.print(f"columns, as confirmed before: {in_words(columns)}", soft_wrap=True)
            return replace(reading, columns=columns)
        if not yes and not _is_right(error, notes):
            raise
        try:
            remember(folder, error.signature, error.columns)
        except OSError as failed:
            raise SettingsError(
                f"the data folder {str(folder)!r} cannot be written ({failed.strerror}); give one "
                "that can, with --data."
            ) from failed
        return replace(reading, columns=error.columns)


def in_words(columns: Mapping[str, str]) -> str:
    """Return columns as they are named on the command line."""
    return " ".join(
        f"--column {shlex.quote(f'{field}={column}')}" for field, column in columns.items()
    )


def _is_right(error: ColumnsError, notes: Console) -> bool:
    """Ask, if there is a terminal."""
    if not sys.stdin.isatty():
        return False
    notes.print("This is what the columns seem to hold:")
    for field, column in error.columns.items():
        first = " ".join(error.examples.get(field, "").split())
        words = f"  {field}: {column}, as {first!r}" if first else f"  {field}: {column}"
        notes.print(words, soft_wrap=True, markup=False, highlight=False)
    notes.print("Is it right? Type yes:")
    return sys.stdin.readline().strip().casefold() in ("yes", "y")
