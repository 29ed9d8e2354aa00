"""A bound on how long a Postgres is waited for that hangs with its connections open."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from socket import SHUT_RDWR, socket
from threading import Timer
from typing import Any

import psycopg


@contextmanager
def bounded(connection: psycopg.Connection[Any], seconds: float) -> Iterator[None]:
    """Break a connection that is still waited for after some seconds; what waits then fails.

    A server that hangs with its connections open says nothing, and no setting of its own helps.
    """

    def cut() -> None:
        with suppress(OSError, psycopg.Error):
            line = socket(fileno=connection.fileno())
            try:
                line.shutdown(SHUT_RDWR)
            finally:
                line.detach()  # it stays the connection's own

    timer = Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
