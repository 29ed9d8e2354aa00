"""API keys in the Postgres that the profiles are in, for every process that serves from it.

As salted digests, like those of a file, as items of LangGraph's store. Each request asks for its
own, so that a key which was revoked by any process is refused from the next request on.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from threading import Lock
from time import monotonic
from typing import Any

from langgraph.store.postgres import PostgresStore
from psycopg import Connection
from psycopg_pool import ConnectionPool
from pydantic import ValidationError

from guided_profile.apps.server.access.keys import Key, checked, made_key, no_such_key, parted
from guided_profile.graph.errors import ProfilesError, SettingsError
from guided_profile.tools.profiles.bounded import bounded
from guided_profile.tools.profiles.postgres import (
    CONNECTING,
    WITHIN,
    named_failures,
    place_of,
    prepare,
)
from guided_profile.tools.profiles.store import KEYS

REST = 5.0
"""Seconds for which a database that did not answer is not asked again, so that nobody waits."""
_PAGE = 100


class KeyTable:
    """The keys of a database."""

    def __init__(self, url: str) -> None:
        """Get ready; the database is reached when a key is first looked for."""
        self._url, self._place = url, place_of(url)
        self._pool: ConnectionPool[Any] = ConnectionPool(
            url,
            min_size=0,
            max_size=4,
            timeout=WITHIN,
            open=False,
            kwargs=CONNECTING,
            check=_check,
            name="guided-profile-keys",
        )
        self._is_open = False
        self._opening = Lock()
        self._rests_until = 0.0

    def add(self, user: str, *, admin: bool, now: datetime) -> tuple[Key, str]:
        """Make a key; return how it is kept, and the key itself, which cannot be had again.

        Raises:
            ProfilesError: The database cannot be reached, or refuses.
        """
        made, shown = made_key(user, admin=admin, now=now)
        self.put(made)
        return made, shown

    def put(self, key: Key) -> None:
        """Keep a key that was made elsewhere.

        Raises:
            ProfilesError: The database cannot be reached, or refuses.
        """
        with named_failures(self._place, "given a key"), self._store() as store:
            store.put(KEYS, key.id, key.model_dump(mode="json"), index=False)

    def all(self) -> list[Key]:
        """Return the keys as they are kept, the oldest first.

        Raises:
            ProfilesError: The database cannot be reached.
            SettingsError: One was kept by a newer version of this package.
        """
        found: list[Key] = []
        with named_failures(self._place, "asked for keys"):
            while True:
                with self._store() as store:
                    page = store.search(KEYS, limit=_PAGE, offset=len(found))
                found += [_read(row.value) for row in page]
                if len(page) < _PAGE:
                    return sorted(found, key=lambda key: (key.created, key.id))

    def revoke(self, id_: str) -> Key:
        """Take a key away; it is refused from the next request on, by every process.

        Raises:
            QuestionError: There is none of that id.
            ProfilesError: The database cannot be reached, or refuses.
        """
        with named_failures(self._place, "deleted from"), self._store() as store:
            there = store.get(KEYS, id_)
            if there is None:
                raise no_such_key(id_)
            store.delete(KEYS, id_)
        return _read(there.value)

    def find(self, given: str) -> Key | None:
        """Return the key that was given, if it is one; wrong ones all take the same time.

        Raises:
            ProfilesError: The database does not answer, or did not a moment ago.
            SettingsError: The key was kept by a newer version of this package.
        """
        id_, secret = parted(given)
        if monotonic() < self._rests_until:
            raise ProfilesError(f"the Postgres at {self._place} did not answer a moment ago.")
        try:
            with named_failures(self._place, "asked for keys"), self._store() as store:
                there = store.get(KEYS, id_) if id_.isprintable() else None
        except ProfilesError:
            self._rests_until = monotonic() + REST
            raise
        return checked(secret, None if there is None else _read(there.value))

    def close(self) -> None:
        """Close its connections."""
        self._pool.close()

    @contextmanager
    def _store(self) -> Iterator[PostgresStore]:
        """Yield the store on a connection that is not waited for without end."""
        if not self._opening.acquire(timeout=WITHIN):
            raise ProfilesError(f"the Postgres at {self._place} does not answer.")
        try:
            if not self._is_open:
                prepare(self._url, WITHIN)
                self._pool.open()
                self._is_open = True
        finally:
            self._opening.release()
        with self._pool.connection() as connection, bounded(connection, WITHIN):
            yield PostgresStore(connection)


def _check(connection: "Connection[Any]") -> None:
    """Find out whether a connection is there still.

    Raises:
        psycopg.OperationalError: It is not, or nothing is heard from it.
    """
    with bounded(connection, WITHIN):
        ConnectionPool.check_connection(connection)


def _read(kept: dict[str, Any]) -> Key:
    try:
        return Key.model_validate(kept)
    except ValidationError:
        raise SettingsError(
            "a key in the database was kept by a newer version of this package; use that version."
        ) from None
