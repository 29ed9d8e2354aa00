"""What goes wrong with Chroma, in one line that says what to do and holds no history."""

import shutil
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import TypeVar
from urllib.parse import urlsplit

import httpx

from guided_profile.graph.errors import HistoryError

T = TypeVar("T")
ROOM = 32_000_000
"""Bytes that stay free on a folder's disk, beside what is written: Chroma that finds no room leaves
a transaction open each time, and after a few of them waits for ever."""
ROOM_TO_DELETE = 4_000_000
"""Bytes that must be free to delete something, and to open the folder again."""
RETRIES = (0.5, 1.0, 2.0)
"""Seconds before each new try of a write that a Chroma server refuses the connection of: it is back
soon when it is only started anew. Who reads gets the error at once, and does without."""
REST = 30.0
"""Seconds for which nobody waits after all of that was in vain: many would wait at once."""
_DAMAGED = ("is malformed", "is not a database")
_FULL = ("disk is full", "No space left", "Disk quota exceeded", "File too large")


def check_room(folder: Path, needed: int) -> None:
    """Refuse to write to a disk that is nearly full.

    Raises:
        HistoryError: It is.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise HistoryError(
            f"the disk of the history in {folder} has {free // 1_000_000} MB left and "
            f"{-(-needed // 1_000_000)} MB are needed; nothing was written: make room on it, and "
            "try again."
        )


class WriteRetries:
    """Tries a write again while no Chroma server takes the connection: nothing was sent then."""

    def __init__(self) -> None:
        self._rests_until = 0.0

    def write(self, write: Callable[[], T]) -> T:
        """Do it; once all tries were in vain, whoever comes next has one try for a while."""
        for seconds in RETRIES:
            try:
                return write()
            except HistoryError as error:
                away = isinstance(error.__cause__, httpx.ConnectError)
                if not away or time.monotonic() < self._rests_until:
                    raise
            time.sleep(seconds)
        try:
            return write()
        except HistoryError:
            self._rests_until = time.monotonic() + REST
            raise


class named_failures:
    """Turn what Chroma raises into a HistoryError that says what to do, and holds no history.

    Chroma's HTTP client raises a bare `Exception` for an answer it cannot read, so the type is
    looked at here instead of in an `except`.
    """

    def __init__(self, place: str, done: str, *, server: bool) -> None:
        self._place = place
        self._done = done
        self._server = server

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Raise a HistoryError for an error of Chroma's; let any other pass."""
        if error is None:
            return
        from chromadb.errors import ChromaError  # slow to import, and here it is there already

        if isinstance(error, ChromaError | httpx.HTTPError | sqlite3.Error | OSError):
            raise HistoryError(self._message(error)) from error
        if isinstance(error, ValueError) or kind is Exception:
            # these quote what they were given: not chained, so that no traceback shows it
            raise HistoryError(self._message(error)) from None

    def _message(self, error: BaseException | None) -> str:
        name = type(error).__name__
        if not self._server and is_full(error):
            return (
                f"the history in {self._place} could not be {self._done}: its disk is full; make "
                "room on it, and try again."
            )
        if not self._server and _caused_by(error, _DAMAGED):
            return (
                f"the history in {self._place} could not be {self._done}: its database "
                "chroma.sqlite3 is damaged; bring it back from a backup, or give another folder "
                "to begin anew."
            )
        if not self._server:
            return (
                f"the history in {self._place} could not be {self._done} ({name}). If that stays "
                "so, see whether the disk is full; the items are still there: bring them to "
                "another folder with HistoryStore.copy_to."
            )
        if isinstance(error, httpx.TimeoutException):
            return (
                f"the Chroma server at {self._place} does not answer; see whether it is "
                "overloaded, and try again."
            )
        if isinstance(error, httpx.TransportError) or "Could not connect" in str(error):
            port = urlsplit(self._place).port
            return (
                f"no Chroma server answers at {self._place}; start one with "
                f"`chroma run --path DIR --port {port or 8000}`, or correct the URL."
            )
        return (
            f"the history at {self._place} could not be {self._done} ({name}); see whether that "
            "is a Chroma server of this client's version, and what its log says."
        )


def is_full(error: BaseException | None) -> bool:
    """Whether something failed because the disk is full."""
    return _caused_by(error, _FULL)


def _caused_by(error: BaseException | None, signs: tuple[str, ...]) -> bool:
    """Whether a sign is in the message of an error, or of what led to it."""
    while error is not None:
        if any(sign in str(error) for sign in signs):
            return True
        error = error.__cause__ or error.__context__
    return False
