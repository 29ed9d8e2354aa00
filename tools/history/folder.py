"""A folder of histories, which one process holds."""

import ctypes
import errno
import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

from filelock import FileLock, Timeout

from guided_profile.graph.errors import HistoryError, StoreInUseError
from guided_profile.tools.history.connection import Connection
from guided_profile.tools.history.failures import ROOM_TO_DELETE, check_room, named_failures
from guided_profile.tools.history.index import IndexFiles
from guided_profile.tools.history.start import start

LOCK_FILE = ".guided_profile.lock"
"""Held, in the folder of an embedded store, by the process that has it open."""

_NO_LOCKS = {errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL}
"""What a file system without locks says."""
LOADED = 64
"""How many vector indexes Chroma may hold in memory, of those that a folder has; each has five
files open. Chroma's own bound does not work in 1.5.9: it lets go of none."""
ERASING = ".guided_profile.erasing"
"""In the folder while something is being deleted from its files."""


class Folder(Connection):
    """A folder, shared by all the stores that this process opens on it.

    Two processes on one folder lose vectors without a word, so a second one is refused. A second
    store in the same process is safe, and shares the client and its lock.
    """

    files: IndexFiles
    """The index's files."""
    _open: ClassVar[dict[Path, "Folder"]] = {}
    _opening: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, path: Path) -> None:
        self._path = path
        self._holders = 0
        self._lock = _lock(path)
        try:
            with named_failures(str(path), "opened", server=False):
                client, self._server = start(path)
        except HistoryError:
            self._lock.release()
            raise
        super().__init__(client, str(path))
        self._process = os.getpid()
        self.files = IndexFiles(path)
        self._loaded: set[str] = set()
        self._runs = True
        self.failed_writing = False
        """Whether Chroma may have left something open, and is to be started again."""
        if (path / ERASING).exists():
            self.scrub()

    def restart(self, between: Callable[[], None] = lambda: None) -> None:
        """Let Chroma go of its files, do something to them, and open them again.

        Whoever calls holds the gate alone.

        Raises:
            HistoryError: There is no room to open them, now or the last time.
        """
        check_room(self._path, ROOM_TO_DELETE)
        if self._runs:
            self._server.stop()
            self._runs = False
        self._loaded.clear()
        _give_memory_back()
        try:
            between()
        finally:
            with named_failures(self.place, "opened", server=False):
                self._server.start()
            self._runs, self.failed_writing = True, False

    def awake(self) -> None:
        """Start Chroma again if it could not be, or if a write failed in it."""
        if self.failed_writing or not self._runs:
            with self.gate.alone():
                if self.failed_writing or not self._runs:
                    self.restart()

    def make_room(self, name: str) -> None:
        """Let Chroma go of all indexes in memory, if this one would be one too many."""
        if name not in self._loaded and len(self._loaded) >= LOADED:
            with self.gate.alone():
                if len(self._loaded) >= LOADED:
                    self.restart()
        self._loaded.add(name)

    def drop(self, name: str) -> None:
        """Delete an empty collection: Chroma writes what its memory holds into an empty index."""
        with self.gate.alone(), named_failures(self.place, "cleaned", server=False):
            self.collections.pop(name, None)
            self.client.delete_collection(name)
            self.files.forget(name)

    def scrub(self) -> None:
        """Take what was deleted out of the database's file; it is marked until that is done."""
        with self.gate.alone(), named_failures(self.place, "cleaned", server=False):
            self.files.scrub()
        self.erasing(False)

    def erasing(self, begins: bool) -> None:
        """Mark the folder as one that deleted items may still be in the files of, or unmark it."""
        mark = self._path / ERASING
        with named_failures(self.place, "deleted from", server=False):
            if begins:
                mark.touch(0o600)
            else:
                mark.unlink(missing_ok=True)

    @property
    def unfinished(self) -> bool:
        """Whether it is marked so: nobody is deleting now, if whoever asks holds `writing`."""
        return (self._path / ERASING).exists()

    def check_room(self, needed: int) -> None:
        """Refuse to write where there is no room for it.

        Raises:
            HistoryError: There is none.
        """
        check_room(self._path, needed)

    @classmethod
    def at(cls, path: Path) -> "Folder":
        """Return the folder's connection, opening it if this process has not."""
        with cls._opening:
            resolved = path.expanduser().resolve()
            folder = cls._open.get(resolved)
            if folder is None:
                folder = cls._open[resolved] = cls(resolved)
            folder.check_process()
            folder._holders += 1
            return folder

    @property
    def stays(self) -> str:
        """What of a deletion stays: nothing."""
        return ""

    @property
    def is_server(self) -> bool:
        """Whether others may write at the same time."""
        return False

    def check_process(self) -> None:
        """Refuse to work in a fork of the process that opened the folder."""
        if os.getpid() != self._process:
            raise StoreInUseError(_in_use(self.place))

    def close(self) -> None:
        """Release the folder once the last store on it is closed."""
        with self._opening:
            self._holders -= 1
            if self._holders or os.getpid() != self._process:
                return
            del self._open[self._path]
            with suppress(AttributeError):  # what could not be started again is not running
                super().close()
            self._lock.release()


def _give_memory_back() -> None:
    """Give the system what was freed: glibc keeps it, in pieces that the next index does not fit.

    Without it, a process that serves ever more users grows with them.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


def _lock(path: Path) -> FileLock:
    """Hold the folder for this process, making it if there is none; the lock ends with it."""
    lock = FileLock(
        path / LOCK_FILE,
        mode=0o600,
        blocking=False,
        thread_local=False,  # whichever thread closes the folder
        fallback_to_soft=False,  # a soft lock would outlive a killed process
    )
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock.acquire()
    except Timeout:
        raise StoreInUseError(_in_use(str(path))) from None
    except OSError as error:
        if error.errno in _NO_LOCKS:
            raise HistoryError(
                f"the file system of the history's folder {path} has no file locks "
                f"({error.strerror}), and two processes on it would lose items; give a folder on "
                "a disk of this machine, or use a Chroma server."
            ) from error
        raise HistoryError(
            f"the history's folder {path} cannot be used ({error.strerror}); give one that can "
            "be written."
        ) from error
    return lock


def _in_use(place: str) -> str:
    return (
        f"another process holds the history in {place}; close it there, or let both use servers: "
        f"`chroma run --path {place} --port 8000` with GUIDED_PROFILE_CHROMA_URL for the histories "
        "(http://127.0.0.1:8000), and a Postgres with GUIDED_PROFILE_DATABASE_URL for the "
        "profiles, to which `guided-profile migrate` brings what is here."
    )
