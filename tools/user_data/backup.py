"""A copy of all that is kept, made while it is in use.

A plain copy may be torn: SQLite's own way of copying is used for the databases, and the files of a
vector index, which is made anew from the items where it does not fit them, are copied after those.
"""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from guided_profile.graph.errors import SettingsError
from guided_profile.tools import reserve
from guided_profile.tools.history.folder import LOCK_FILE
from guided_profile.tools.history.index import NOTES

_SQLITE = b"SQLite format 3\0"
_LOG = 18
"""Where a database says whether it has a log to write to, 2, or none, 1."""
_BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database: in its own way of copying, that is part of the copy."""
_PAGES = 4096
"""How many pages are copied before others may write again."""


def back_up(data: Path, target: Path) -> int:
    """Copy a data folder into a new one, which is its owner's alone, and which opens like it.

    Not for a process that has the history open itself: closing a file takes the locks off it that
    Chroma's SQLite has in the same process.

    Returns:
        How many files were copied.

    Raises:
        SettingsError: There is nothing to copy, the target is there already or is within the data,
            or one of the two cannot be read or written.
    """
    data, target = data.resolve(), target.expanduser().resolve()
    if not data.is_dir():
        raise SettingsError(f"the data folder {data} is not there; name it with --data.")
    if target.exists() or target.is_relative_to(data):
        raise SettingsError(
            f"{target} is there already, or is in the data folder; name a new folder elsewhere."
        )
    part = target.with_name(f"{target.name}.part")
    try:
        if part.exists():  # of a backup that was ended
            shutil.rmtree(part)
        part.mkdir(parents=True, mode=0o700)
        files = list(_files(data))
        for file in files:
            copy = part / file.relative_to(data)
            copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _copy(file, copy)
        part.rename(target)
    except (OSError, sqlite3.Error) as error:
        raise SettingsError(f"the backup to {target} was not made: {error}.") from error
    return len(files)


def _files(data: Path) -> Iterator[Path]:
    """Yield what is copied, the databases first."""
    files = [
        Path(folder, name)
        for folder, folders, names in os.walk(data)
        if NOTES not in Path(folder).parts and ".reindex-" not in folder
        if Path(folder).relative_to(data).parts[:1] != ("uploads",)
        for name in names
        if name not in (LOCK_FILE, reserve.NAME) and not name.endswith(_BESIDE)
    ]
    yield from sorted(files, key=lambda file: (not _head(file).startswith(_SQLITE), file))


def _head(file: Path) -> bytes:
    with suppress(FileNotFoundError), file.open("rb") as opened:
        return opened.read(_LOG + 1)
    return b""


def _copy(file: Path, copy: Path) -> None:
    copy.touch(0o600)
    head = _head(file)
    if not head.startswith(_SQLITE):
        with suppress(FileNotFoundError):  # of an index that was deleted meanwhile
            shutil.copyfile(file, copy)
        return
    # who only reads is not taken for a Chroma server; what a crash left open has to be written
    writes = head[_LOG] == 2 or file.with_name(f"{file.name}-journal").exists()
    address = f"{file.as_uri()}?mode={'rw' if writes else 'ro'}"
    with (
        closing(sqlite3.connect(address, uri=True, timeout=30)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target, pages=_PAGES, sleep=0.02)
