"""The files of Chroma's vector index: whether they are as this program left them.

Chroma rewrites them in place, so that a process that is killed meanwhile leaves files that do not
belong together; and it ends the whole process (SIGSEGV) when it writes to some of those. So what
the files look like is noted after every write, and files that look otherwise are never written to
again: the index is made anew.
"""

import json
import os
import re
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

import numpy as np

from guided_profile.tools.embedders.base import Vector
from guided_profile.tools.history.direct import Rows, elements_of, head_of, items_of, vectors_of
from guided_profile.tools.history.records import checksum
from guided_profile.tools.history.scrub import scrub

DATABASE = "chroma.sqlite3"
"""Chroma's own file, in the folder of an embedded store."""
NOTES = ".guided_profile.index"
"""The folder, in the folder of an embedded store, of what the files looked like."""
_FOLDER_OF = """
    SELECT segments.id FROM segments JOIN collections ON segments.collection = collections.id
    WHERE collections.name = ? AND segments.scope = 'VECTOR'
"""

_SEGMENT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Look = dict[str, list[int]]


def is_index(folder: Path) -> bool:
    """Whether a folder, by its name, is one that Chroma keeps an index in."""
    return _SEGMENT.fullmatch(folder.name) is not None


class IndexFiles:
    """The index files of an embedded store, by the name of the collection.

    Those who call hold the connection's gate alone: closing a file drops the locks that SQLite in
    Chroma has on it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._notes = path / NOTES
        self._notes.mkdir(exist_ok=True, mode=0o700)
        self._folders: dict[str, Path] = {}
        self.looked_at: set[str] = set()
        """The collections whose files were found as they were left."""

    @property
    def database(self) -> Path:
        """Chroma's database, where all is but the vectors."""
        return self._path / DATABASE

    def find(self, name: str) -> bool:
        """Whether there is such a collection; afterwards its files can be noted."""
        if name not in self._folders:
            with closing(sqlite3.connect(self.database)) as database:
                row = database.execute(_FOLDER_OF, (name,)).fetchone()
            if row is None:
                return False
            self._folders[name] = self._path / row[0]
        return True

    def note(self, name: str) -> None:
        """Note what a collection's files look like now, after a write."""
        with suppress(FileNotFoundError):  # there is none before the first item
            self._folders[name].chmod(0o700)  # Chroma makes it for everybody to read
        self._blank(name)
        beside = self._notes / f"{name}.new"
        beside.write_text(json.dumps(self._look(name)), encoding="utf-8")
        beside.replace(self._notes / f"{name}.json")

    def is_as_noted(self, name: str) -> bool:
        """Whether a collection's files look as they did."""
        try:
            noted = json.loads((self._notes / f"{name}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            noted = {}
        return bool(noted == self._look(name))

    def _blank(self, name: str) -> None:
        """Blank what Chroma writes of memory that it never set: it may hold anybody's text.

        That is the room that a small index has for more, and the lengths, which nothing reads.
        """
        lengths = self._folders[name] / "length.bin"
        if not lengths.exists():
            return
        with lengths.open("r+b") as opened:
            opened.write(bytes(lengths.stat().st_size))
        _, _, _, count, width, _, _ = head_of(self._folders[name])
        with (self._folders[name] / "data_level0.bin").open("r+b") as opened:
            room = opened.seek(0, os.SEEK_END) - count * width
            if room > 0:
                opened.seek(count * width)
                opened.write(bytes(room))

    def vectors(self, name: str, dimension: int) -> dict[int, Vector]:
        """Return what looks like a vector in a collection's files, by its checksum."""
        try:
            *_, width, _, begin = head_of(self._folders[name])
            elements = elements_of(self._folders[name], width)
        except OSError:
            return {}
        end = begin + 4 * dimension
        if not 0 < end <= width:
            return {}
        rows = np.ascontiguousarray(elements[:, begin:end]).view("<f4")
        return {checksum(row): row for row in rows}

    def items_of(self, name: str, user_id: str) -> Rows | None:
        """Return a user's items of a collection; None: Chroma has to be asked."""
        return items_of(self.database, name, user_id)

    def vectors_of(self, name: str, dimension: int, records: Sequence[str]) -> Vector:
        """Return what may be the vectors of records of a collection; zeros: nothing is."""
        return vectors_of(self._folders.get(name, self._notes), dimension, records)

    def remove(self, name: str) -> None:
        """Delete a collection's files, with Chroma stopped: it begins an index anew."""
        (self._notes / f"{name}.json").unlink(missing_ok=True)
        folder = self._folders[name]
        with closing(sqlite3.connect(self.database)) as database, database:
            # else Chroma takes the index for one that has all up to here
            database.execute("DELETE FROM max_seq_id WHERE segment_id = ?", (folder.name,))
        if folder.exists():
            shutil.rmtree(folder)

    def forget(self, name: str) -> None:
        """Forget a collection that was deleted."""
        (self._notes / f"{name}.json").unlink(missing_ok=True)
        self._folders.pop(name, None)
        self.looked_at.discard(name)

    def scrub(self) -> None:
        """Take what was deleted out of the database's file, and delete lost folders."""
        scrub(self.database, self._notes / "pages")
        with closing(sqlite3.connect(self.database)) as database:
            known = {row[0] for row in database.execute("SELECT id FROM segments")}
        for folder in self._path.iterdir():
            if is_index(folder) and folder.name not in known:
                shutil.rmtree(folder)

    def _look(self, name: str) -> Look:
        try:
            files = sorted(os.scandir(self._folders[name]), key=lambda file: file.name)
        except FileNotFoundError:
            return {}
        looks = ((file.name, file.stat()) for file in files)
        return {file: [stat.st_size, stat.st_mtime_ns] for file, stat in looks}
