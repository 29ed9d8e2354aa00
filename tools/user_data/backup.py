"""A copy of all that is kept, made while it is in use.

A plain copy may be torn: SQLite's own way of copying is used for the databases, and the files of a
vector index, which is made anew from the items where it does not fit them, are copied after those.
"""

import os
import shutil
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, suppress
from pathlib import Path

from guided_profile.graph.errors import SettingsError
from guided_profile.tools import reserve
from guided_profile.tools.history.folder import LOCK_FILE
from guided_profile.tools.history.index import NOTES
from guided_profile.tools.user_data.database import DUMP, dump, load

_SQLITE = b"SQLite format 3\0"
_LOG = 18
"""Where a database says whether it has a log to write to, 2, or none, 1."""
_BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database; SQLite's own way of copying has it in the copy."""
_PAGES = 4096
"""How many pages are copied before others may write again."""


CHROMA = "chroma-server"
"""What the copy of a Chroma server's folder is called within a backup."""


def back_up(
    data: Path,
    target: Path,
    *,
    chroma: Path | None = None,
    database: str | None = None,
    left_out: Collection[str] = (),
) -> int:
    """Copy a data folder into a new one, which is its owner's alone, and which opens like it.

    A database, then the data folder, then a Chroma server's folder: a history is copied after the
    profiles made from it, and what was added in between is only new to those profiles.

    Not for a process that has the history open itself: closing a file there releases the locks
    that Chroma's SQLite holds on it.

    Args:
        data: The data folder.
        target: The new folder.
        chroma: The folder of a Chroma server, which is copied into the backup too.
        database: The address of a Postgres, which is copied into the backup too.
        left_out: What of the data folder is not copied, by its names there: servers have it.

    Returns:
        How many files were copied.

    Raises:
        SettingsError: There is nothing to copy, the target is there already or is within the data,
            or one of them cannot be read or written.
    """
    data, target = data.resolve(), target.expanduser().resolve()
    if not data.is_dir():
        raise SettingsError(f"the data folder {data} is not there; name it with --data.")
    if chroma is not None and not (chroma / "chroma.sqlite3").is_file():
        raise SettingsError(f"{chroma} is no folder of a Chroma server; name it with --chroma.")
    within = [folder.resolve() for folder in (data, chroma) if folder is not None]
    if target.exists() or any(target.is_relative_to(folder) for folder in within):
        raise SettingsError(
            f"{target} is there already, or is within what is copied; name a new folder elsewhere."
        )
    part = target.with_name(f"{target.name}.part")
    try:
        if part.exists():  # of a backup that was ended
            shutil.rmtree(part)
        part.mkdir(parents=True, mode=0o700)
        if database is not None:
            dump(database, part)
        copied = _copy_all(data, part, left_out)
        if chroma is not None:
            copied += _copy_all(chroma, part / CHROMA)
        part.rename(target)
    except (OSError, sqlite3.Error) as error:
        raise SettingsError(f"the backup to {target} was not made: {error}.") from error
    return copied + (database is not None)


def _copy_all(folder: Path, target: Path, left_out: Collection[str] = ()) -> int:
    files = list(_files(folder, {"uploads", *left_out}))
    for file in files:
        copy = target / file.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _copy(file, copy)
    return len(files)


def bring_back(
    backup: Path, data: Path, *, chroma: Path | None = None, database: str | None = None
) -> int:
    """Put a backup back: into an empty data folder, and in the place of what is in a database.

    Nothing may be using them. What fails leaves the folders empty, and the database as it was or as
    the backup has it; it may be given again.

    Args:
        backup: What `back_up` made.
        data: The data folder, missing or empty.
        chroma: The folder of a Chroma server, missing or empty.
        database: The address of a Postgres.

    Returns:
        How many files were copied, the database's own among them.

    Raises:
        SettingsError: That is no backup, it has other parts than these, or one of them holds
            something or cannot be read or written.
    """
    backup, data = backup.expanduser().resolve(), data.expanduser().resolve()
    _check_parts(backup, chroma=chroma, database=database)
    folders = {backup: data} | ({backup / CHROMA: chroma} if chroma is not None else {})
    for folder in folders.values():
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise SettingsError(f"{folder} holds something; move it away first.")
    if database is not None:
        load(database, backup)
    copied = 0
    try:
        for source, folder in folders.items():
            left_out = shutil.ignore_patterns(CHROMA, DUMP) if source == backup else None
            shutil.copytree(source, folder, ignore=left_out, dirs_exist_ok=True)
            copied += sum(1 for path in folder.rglob("*") if path.is_file())
    except OSError as error:
        for folder in folders.values():
            for path in folder.glob("*"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        raise SettingsError(f"the backup {backup} was not put back: {error}.") from error
    return copied + (database is not None)


def _check_parts(backup: Path, *, chroma: Path | None, database: str | None) -> None:
    """Refuse a backup whose parts are not those that were named."""
    if not backup.is_dir():
        raise SettingsError(f"there is no backup {backup}; name the folder that `backup` made.")
    for name, part, how in (
        (DUMP, database, "GUIDED_PROFILE_DATABASE_URL"),
        (CHROMA, chroma, "--chroma FOLDER"),
    ):
        has = (backup / name).exists()
        if has != (part is not None):
            mismatch = (
                f"holds {name}; give {how} too" if has else f"holds no {name}; leave {how} out"
            )
            raise SettingsError(f"the backup {backup} {mismatch}.")


def _files(data: Path, left_out: Collection[str]) -> Iterator[Path]:
    """Yield what is copied, the databases first."""
    files = [
        Path(folder, name)
        for folder, folders, names in os.walk(data)
        if NOTES not in Path(folder).parts and ".reindex-" not in folder
        for name in names
        if Path(folder, name).relative_to(data).parts[0] not in left_out
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
    # a reader is not taken for a Chroma server; a database that a crash left open must be written
    writes = head[_LOG] == 2 or file.with_name(f"{file.name}-journal").exists()
    address = f"{file.as_uri()}?mode={'rw' if writes else 'ro'}"
    with (
        closing(sqlite3.connect(address, uri=True, timeout=30)) as source,
        closing(sqlite3.connect(copy)) as target,
    ):
        source.backup(target, pages=_PAGES, sleep=0.02)
