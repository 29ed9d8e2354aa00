"""The Postgres that profiles are kept in, so that any number of processes serve the same users.

It is LangGraph's own store, with LangGraph's own checkpointer beside it for runs that wait for
their user's reply, and the locks that say which process makes a profile. A connection that broke is
replaced by a new one; what fails says what happened in one line, without the address's password.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast
from urllib.parse import urlsplit

import psycopg
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.store.base import Op, Result
from langgraph.store.postgres import PostgresStore
from langgraph.store.postgres.aio import AsyncPostgresStore
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool

from guided_profile.graph.errors import ProfilesError
from guided_profile.graph.records import Record
from guided_profile.tools.profiles.bounded import bounded
from guided_profile.tools.profiles.build_locks import BuildLocks

CONNECTIONS = 10
"""The most that a process has open at the same time, beside the one of its locks."""
WITHIN = 5
"""Seconds in which a connection is made, or becomes free."""
PREPARING = 60.0
"""Seconds in which the tables are made, beside other processes that make them."""
CONNECTING: dict[str, Any] = {
    "autocommit": True,
    "prepare_threshold": 0,
    "row_factory": dict_row,
    "connect_timeout": WITHIN,
    # of a machine that is gone, nothing else would tell for hours
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}
_SETTING_UP = "SELECT pg_try_advisory_lock(hashtext('guided_profile'), 0) AS mine"


class ProfileDatabase(AsyncPostgresStore):
    """A store that any number of processes share."""

    def __init__(self, url: str, pool: AsyncConnectionPool[Any]) -> None:
        super().__init__(pool)
        self._place = place_of(url)
        kinds = Record.__subclasses__()
        self.threads = AsyncPostgresSaver(
            pool, serde=JsonPlusSerializer(allowed_msgpack_modules=kinds)
        )
        """Runs that wait for a reply."""
        self.locks = BuildLocks(url, self._place)
        """Who makes which profile, of all processes."""

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Read and write.

        Raises:
            ProfilesError: The database cannot be reached, or refuses.
        """
        with named_failures(self._place, "read or written"):
            return await super().abatch(ops)

    async def delete_threads(self, names: Iterable[str]) -> None:
        """Delete runs that wait.

        Raises:
            ProfilesError: The database cannot be reached, or refuses.
        """
        with named_failures(self._place, "deleted from"):
            for name in names:
                await self.threads.adelete_thread(name)


@asynccontextmanager
async def open_database(url: str) -> AsyncIterator[ProfileDatabase]:
    """Open the database; its tables are made if there are none.

    Args:
        url: As libpq takes it; a password in it is never shown.

    Raises:
        ProfilesError: It cannot be reached, or refuses.
    """
    await asyncio.to_thread(prepare, url)
    pool = AsyncConnectionPool(
        url,
        min_size=1,
        max_size=CONNECTIONS,
        timeout=WITHIN,
        open=False,
        kwargs=CONNECTING,
        check=AsyncConnectionPool.check_connection,  # one that broke is not handed out
        name="guided-profile",
    )
    with named_failures(place_of(url), "opened"):
        await pool.open(wait=True, timeout=WITHIN)
    try:
        store = ProfileDatabase(url, pool)
        try:
            yield store
        finally:
            await asyncio.to_thread(store.locks.close)
    finally:
        await pool.close()


def prepare(url: str, within: float = PREPARING) -> None:
    """Make the tables that are missing, one process at a time.

    LangGraph's own setup fails where two begin at once. Nobody waits for the lock within the
    database: that would keep an index from being made, which waits for all that is under way.

    Args:
        url: The database.
        within: Seconds in which it is done.

    Raises:
        ProfilesError: The database cannot be reached, or refuses.
    """
    with (
        named_failures(place_of(url), "opened"),
        psycopg.connect(url, **CONNECTING) as opened,
        bounded(opened, within),
    ):
        connection = cast("psycopg.Connection[DictRow]", opened)
        while True:
            mine = connection.execute(_SETTING_UP).fetchone()
            if mine and mine["mine"]:
                break
            time.sleep(0.05)
        PostgresStore(connection).setup()
        PostgresSaver(connection).setup()


def place_of(url: str) -> str:
    """Return an address as it may be shown: without name, password and options."""
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return f"{place or 'this machine'}{parts.path}"


@contextmanager
def named_failures(place: str, done: str) -> Iterator[None]:
    """Turn what Postgres raises into an error that says what to do.

    Args:
        place: The database, as it may be shown.
        done: What was done to the profiles, for the message.

    Raises:
        ProfilesError: Postgres failed.
    """
    try:
        yield
    except psycopg.Error as error:
        # not chained: what Postgres says may quote what was written, or the address
        raise ProfilesError(
            f"the profiles in the Postgres at {place} could not be {done}: {_advice(error)}."
        ) from None


def _advice(error: psycopg.Error) -> str:
    match error:
        case psycopg.errors.DiskFull():
            return "its disk is full; make room on it and try again"
        case psycopg.errors.TooManyConnections():
            return "it has no connection left; raise its max_connections, or run fewer processes"
        case psycopg.errors.InsufficientPrivilege() | psycopg.errors.ReadOnlySqlTransaction():
            return "it lets this user not write; grant it CREATE and INSERT, or name another"
        case psycopg.errors.QueryCanceled() | psycopg.errors.LockNotAvailable():
            return "it took too long; try again"
        case psycopg.OperationalError() | psycopg.InterfaceError():
            return (
                "none that takes the name, password and database of GUIDED_PROFILE_DATABASE_URL "
                "answers there; see whether it runs, and try again"
            )
        case psycopg.DataError():
            return f"a text has a character that Postgres does not keep ({type(error).__name__})"
        case _:
            return f"{type(error).__name__}; see what its log says"
