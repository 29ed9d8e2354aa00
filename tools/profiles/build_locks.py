"""Postgres' advisory locks: who makes which profile, of all processes on a database.

A lock is held by a connection, and ends with it: one that a killed process held is free at once,
with no clock to agree on, nobody to renew it and no row to be left behind, which is why it is a
lock and not a row with an expiry. The price is one connection for each process that makes profiles,
straight to Postgres or through a pooler that keeps sessions apart (PgBouncer's `session` mode).
Where Postgres itself is started anew, all locks end, and a profile under way may be made twice.

The connection is not asynchronous and has a thread of its own, as the graphs that use it may run in
any event loop. Neither is there before the first profile is made.
"""

import hashlib
from collections.abc import Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from threading import Lock

import psycopg

from guided_profile.graph.errors import ProfilesError
from guided_profile.tools.profiles.bounded import bounded

_WITHIN = 10
_IDLE = (
    "SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3"
)
"""What was held by a machine that is gone is free within a minute."""


class BuildLocks:
    """The locks of this process; threads and event loops may share it."""

    def __init__(self, url: str, place: str) -> None:
        """Begin with none.

        Args:
            url: The database.
            place: The same, as it may be shown.
        """
        self._url, self._place = url, place
        self._worker: ThreadPoolExecutor | None = None
        self._starting = Lock()
        self._connection: psycopg.Connection | None = None
        self._held: dict[Hashable, object] = {}

    def take(self, key: Hashable, owner: object) -> "Future[bool]":
        """Begin to take a lock; the result says whether it was free.

        The future raises ProfilesError if the database cannot be reached.
        """
        return self._begun().submit(self._take, key, owner)

    def let_go(self, key: Hashable, owner: object) -> None:
        """Let go of a lock, if it is the owner's, after all that was begun before."""
        if self._worker:
            with suppress(RuntimeError):  # it is closed, and so are the locks
                self._worker.submit(self._let_go, key, owner)

    def close(self) -> None:
        """Let go of all."""
        if self._worker:
            self._worker.submit(self._disconnect)
            self._worker.shutdown(wait=True)

    def _begun(self) -> ThreadPoolExecutor:
        with self._starting:
            if self._worker is None:
                self._worker = ThreadPoolExecutor(1, "guided-profile-locks")
            return self._worker

    def _take(self, key: Hashable, owner: object) -> bool:
        if key in self._held:
            return False
        try:
            free = self._asked("pg_try_advisory_lock", key)
        except psycopg.Error:  # the connection may have broken since it was last used
            self._disconnect()
            try:
                free = self._asked("pg_try_advisory_lock", key)
            except psycopg.Error:
                raise ProfilesError(
                    f"the Postgres at {self._place} does not say who makes a profile; see whether "
                    "it runs, and try again."
                ) from None
        if free:
            self._held[key] = owner
        return free

    def _let_go(self, key: Hashable, owner: object) -> None:
        if self._held.get(key) is not owner:
            return
        del self._held[key]
        try:
            self._asked("pg_advisory_unlock", key)
        except psycopg.Error:
            self._disconnect()

    def _asked(self, function: str, key: Hashable) -> bool:
        if self._connection is None:
            self._connection = psycopg.connect(
                self._url,
                autocommit=True,
                connect_timeout=_WITHIN,
                application_name="guided_profile",
            )
            with bounded(self._connection, _WITHIN):
                self._connection.execute(_IDLE)
            held, self._held = self._held, {}
            for other, owner in held.items():  # which ended with the connection before
                if self._asked("pg_try_advisory_lock", other):
                    self._held[other] = owner
        query = f"SELECT {function}(%s)"
        with bounded(self._connection, _WITHIN):
            row = self._connection.execute(query, [_number(key)]).fetchone()
        return bool(row and row[0])

    def _disconnect(self) -> None:
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None


def _number(key: Hashable) -> int:
    """Return the 64 bits that stand for a key among Postgres' locks."""
    digest = hashlib.sha256(f"guided_profile {key!r}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)
