"""A history's folder, and the one with other vectors that is to take its place."""

import shutil
from pathlib import Path

from guided_profile.graph.errors import HistoryError
from guided_profile.tools.history.index import DATABASE


def new_of(folder: Path) -> Path:
    """Return where the folder stands that is being made."""
    return folder.with_name(f"{folder.name}.reindex-new")


def old_of(folder: Path) -> Path:
    """Return where the folder stands that was there, until it is deleted."""
    return folder.with_name(f"{folder.name}.reindex-old")


def exchange(folder: Path) -> None:
    """Put the new folder in the place of the old one; what was interrupted goes on."""
    if not old_of(folder).exists():
        folder.rename(old_of(folder))
    if new_of(folder).exists():
        shutil.rmtree(folder, ignore_errors=True)  # an empty one, of who tried to open it meanwhile
        new_of(folder).rename(folder)
    shutil.rmtree(old_of(folder))


def interrupted(folder: Path) -> bool:
    """Whether an exchange was begun, so that the folder is not there as it was."""
    return old_of(folder).exists() and not (folder / DATABASE).exists()


def clear(folder: Path) -> None:
    """Delete what is left of an embedding that was interrupted: it would outlive a deletion.

    Raises:
        HistoryError: The exchange itself was interrupted.
    """
    if interrupted(folder):
        raise HistoryError(
            f"the history in {folder} was being embedded again, and that was interrupted; give "
            "`guided-profile reindex` once more."
        )
    for left in (new_of(folder), old_of(folder)):
        if left.exists():
            shutil.rmtree(left)
