"""The SQLite file that profiles are kept in, when it is locked, full or broken.

When a commit of LangGraph's store fails, its transaction stays open: every later one is then
refused, until the process ends. This store takes it back, and says what happened in one line.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from langgraph.store.base import Op, Result
from langgraph.store.sqlite import SqliteStore

from guided_profile.graph.errors import ProfilesError
from guided_profile.tools import reserve

_NO_WAITING = "PRAGMA journal_mode=WAL"
"""Who reads keeps nobody from writing, and who writes nobody from reading."""
_REWRITTEN = ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)")
_T = TypeVar("_T")


class ProfileFile(SqliteStore):
    """A store that is whole again after every failure; event loops may share it.

    It works on one thread of its own, where a batch is one piece of work. `AsyncSqliteStore` hands
    each statement to its thread, six of them to read one profile: three times the processor's time.
    A file that another process is writing to is waited for, five seconds, by SQLite itself.
    """

    def __init__(self, conn: sqlite3.Connection, **settings: Any) -> None:
        super().__init__(conn, **settings)
        self._thread = ThreadPoolExecutor(1, "guided-profile-profiles")

    def setup(self) -> None:
        """Make the tables.

        Raises:
            ProfilesError: The file is locked, full or broken.
        """
        with named_failures("opened"):
            self.conn.execute(_NO_WAITING).close()
            super().setup()

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Read and write; what fails leaves no transaction open.

        Raises:
            ProfilesError: The file is locked, full or broken.
        """
        with named_failures("read or written"):
            try:
                return super().batch(ops)
            finally:
                if self.conn.in_transaction:
                    self.conn.rollback()

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Read and write, as `batch` does."""
        return await self._on_its_thread(partial(self.batch, [*ops]))

    async def rewrite(self) -> None:
        """Write the file anew, without what was deleted from it.

        Raises:
            ProfilesError: The file is locked, full or broken.
        """
        await self._on_its_thread(self._rewrite)

    def _rewrite(self) -> None:
        with named_failures("cleaned"), self.lock:
            for command in _REWRITTEN:
                self.conn.execute(command).close()

    async def _on_its_thread(self, work: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def close(self) -> None:
        """Close the file, once what was begun is done."""
        self._thread.shutdown()
        self.conn.close()


@asynccontextmanager
async def open_profiles(path: Path) -> AsyncIterator[ProfileFile]:
    """Open the file of the profiles, which is made for its owner alone if there is none.

    On a full disk it is opened in the room that is kept for it.

    Raises:
        ProfilesError: It is locked, full or broken.
    """
    with suppress(OSError):  # SQLite says what is wrong with the place
        await asyncio.to_thread(path.touch, 0o600)
    async with AsyncExitStack() as opened:
        try:
            store = await _opened(path, opened)
        except ProfilesError as error:
            if not (_is_full(error.__cause__) and reserve.spend(path.parent)):
                raise
            opened.callback(reserve.keep, path.parent, again=True)
            store = await _opened(path, opened)
        else:
            await asyncio.to_thread(reserve.keep, path.parent)
        yield store


async def _opened(path: Path, until: AsyncExitStack) -> ProfileFile:
    connect = partial(sqlite3.connect, check_same_thread=False, isolation_level=None)
    with named_failures("opened"):
        store = ProfileFile(await asyncio.to_thread(connect, path))
    until.callback(store.close)
    await store._on_its_thread(store.setup)
    return store


async def rewrite(keeper: Any) -> None:
    """Rewrite the SQLite file of a store or checkpointer that has one."""
    if isinstance(keeper, ProfileFile):
        await keeper.rewrite()
        return
    conn = getattr(keeper, "conn", None)
    if conn is None or not type(conn).__module__.startswith("aiosqlite"):
        return
    async with keeper.lock:  # a transaction of somebody else's is not ended for them
        with named_failures("cleaned"):
            await conn.commit()
            for command in _REWRITTEN:
                await conn.execute(command)


@contextmanager
def named_failures(done: str) -> Iterator[None]:
    """Turn what SQLite raises into an error that says what to do.

    Args:
        done: What was done to the profiles, for the message.

    Raises:
        ProfilesError: SQLite failed.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise ProfilesError(f"the profiles could not be {done}: {_advice(error)}.") from error


def _is_full(error: BaseException | None) -> bool:
    return _code(error) in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)


def _code(error: BaseException | None) -> int:
    """Return SQLite's primary code, of which the extended ones are kinds."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _advice(error: sqlite3.Error) -> str:
    match _code(error):
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return "another process is writing to them; try again when it is done"
        case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
            return "the disk is full or fails; make room on it and try again"
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return "the file profiles.db is damaged; move it away, and they are made anew"
        case _:
            return (
                f"{type(error).__name__}; see whether profiles.db in the data folder can be written"
            )
