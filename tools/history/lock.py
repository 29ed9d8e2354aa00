"""A lock that many hold together, or one alone."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Gate:
    """Many may read and write together; who works on the files themselves is alone.

    Neither is held twice by a thread, except `alone`, which may be.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._waiting = 0
        self._owner: int | None = None
        self._depth = 0

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Hold it with others; whoever holds it alone may enter too."""
        me = threading.get_ident()
        with self._changed:
            mine = self._owner == me
            if not mine:
                self._changed.wait_for(lambda: self._owner is None and not self._waiting)
                self._inside += 1
        try:
            yield
        finally:
            if not mine:
                with self._changed:
                    self._inside -= 1
                    self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until nobody else holds it, and keep all others out."""
        me = threading.get_ident()
        with self._changed:
            if self._owner != me:
                self._waiting += 1
                try:
                    self._changed.wait_for(lambda: self._owner is None and not self._inside)
                finally:
                    self._waiting -= 1
                self._owner = me
            self._depth += 1
        try:
            yield
        finally:
            with self._changed:
                self._depth -= 1
                if not self._depth:
                    self._owner = None
                    self._changed.notify_all()
