"""A little room on the disk, kept for when it is full: what is there can be opened and read then.

SQLite and Chroma write some kilobytes when they open, even to read.
"""

import shutil
from contextlib import suppress
from pathlib import Path

NAME = ".guided_profile.reserve"
SIZE = 1 << 20
"""Bytes. An opening takes less than a tenth of that."""
_PLENTY = 33_000_000
"""Bytes that are free where a reserve is made: as many as a history leaves free when it writes."""


def keep(folder: Path, *, again: bool = False) -> None:
    """Make the reserve of a folder, if there is none and there is room for it.

    Args:
        folder: Whose.
        again: Whether it was spent just now, and is taken back before others take the room.
    """
    reserve = folder / NAME
    with suppress(OSError):
        if reserve.exists() and reserve.stat().st_size >= SIZE:
            return
        if again or shutil.disk_usage(folder).free > _PLENTY:
            reserve.touch(0o600)
            reserve.write_bytes(bytes(SIZE))


def spend(folder: Path) -> bool:
    """Give the reserve of a folder back to the disk; return whether there was one."""
    reserve = folder / NAME
    with suppress(OSError):
        size = reserve.stat().st_size
        reserve.unlink()
        return size > 0
    return False
