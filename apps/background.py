"""Work beside a host's own: an event loop and threads of ours, whose end is waited for."""

import asyncio
import atexit
import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from contextvars import Context as Variables
from threading import Lock, Thread, get_ident
from time import monotonic
from typing import Any, TypeVar

from guided_profile.graph.errors import ClosedError

CLOSED = "it is closed; open it again."
_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class Background:
    """A loop that runs coroutines and a thread that writes, for hosts with and without a loop."""

    def __init__(self) -> None:
        """Start the loop."""
        self._lock, self._closing = Lock(), Lock()
        self._has_closed = False
        self._threads: set[int] = set()

        def note_thread() -> None:
            self._threads.add(get_ident())

        self._pending: set[Future[Any]] = set()
        self._before_end: list[Callable[[], object]] = []
        self._resources = AsyncExitStack()
        # no daemon: what was begun is written even where the process ends without `close`
        self._writes = ThreadPoolExecutor(1, "guided-profile-writes", note_thread)
        self._reads = ThreadPoolExecutor(None, "guided-profile-reads", note_thread)
        self._loop = asyncio.new_event_loop()
        self._loop.set_default_executor(self._reads)
        self._thread = Thread(target=self._loop.run_forever, name="guided-profile", daemon=True)
        self._thread.start()
        self._loop.call_soon_threadsafe(note_thread)
        atexit.register(self.close)

    def start(self, work: Coroutine[Any, Any, _T]) -> Future[_T]:
        """Begin work that belongs to no run of the host's: its callbacks do not see it.

        Raises:
            ClosedError: It is closed; so does the future, if it is closed before the work is done.
        """
        with self._lock:  # what is begun before the end is also ended by it
            if self._has_closed:
                work.close()
                raise ClosedError(CLOSED)
            return Variables().run(
                asyncio.run_coroutine_threadsafe, self._until_closed(work), self._loop
            )

    async def _until_closed(self, work: Coroutine[Any, Any, _T]) -> _T:
        try:
            return await work
        except asyncio.CancelledError:
            if self._has_closed:
                raise ClosedError("it was closed before this was done; open it again.") from None
            raise

    def enter(self, resource: AbstractAsyncContextManager[_T]) -> _T:
        """Open on the loop what belongs to it; it is closed at the end."""
        return self.start(self._resources.enter_async_context(resource)).result()

    def at_end(self, call: Callable[[], object]) -> None:
        """Have something called once all work has ended."""
        self._resources.callback(call)

    def before_end(self, call: Callable[[], object]) -> None:
        """Have something called when it is closed, while work can still be begun and written."""
        self._before_end.append(call)

    def write(self, work: Callable[[], None], otherwise: str) -> Future[None]:
        """Have something written, after what is to be written before it; see `watched`."""
        try:
            begun = self._writes.submit(work)
        except RuntimeError as error:
            if self._has_closed or not self.process_ends():
                raise ClosedError(CLOSED) from error
            begun = _done_here(work)  # where a program just ends, no thread takes it any more
        return self.watched(begun, otherwise)

    def watched(self, work: Future[_T], otherwise: str) -> Future[_T]:
        """Count work as pending until it is done, and log what went wrong.

        Args:
            work: Begun.
            otherwise: What follows from its failure, for the log.
        """

        def done(work: Future[_T]) -> None:
            error = None if work.cancelled() else work.exception()
            if error and not isinstance(error, ClosedError):
                _log.warning("%s: %s: %s", otherwise, type(error).__name__, error)
            with self._lock:
                self._pending.discard(work)

        with self._lock:
            self._pending.add(work)
        work.add_done_callback(done)
        return work

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until all that is watched is done; return whether it is.

        Args:
            timeout: Seconds; None: however long it takes.
        """
        until = None if timeout is None else monotonic() + timeout
        while True:
            with self._lock:
                pending = list(self._pending)
            if not pending:
                return True
            left = None if until is None else max(0.0, until - monotonic())
            if wait(pending, left).not_done:
                return False

    def process_ends(self) -> bool:
        """Whether no thread can be started any more."""
        try:
            self._reads.submit(int)
        except RuntimeError:
            return True
        return False

    def close(self) -> None:
        """Write what is still to be written, and end; coroutines under way are cancelled.

        Called by work of its own, which could not wait for its own end, it returns at once.
        """
        if get_ident() in self._threads:
            Thread(target=self.close, name="guided-profile-close").start()
            return
        with self._closing:
            for call in self._before_end:
                call()
            self._writes.shutdown(wait=True)
            with self._lock:
                if self._has_closed:
                    return
                self._has_closed = True
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._reads.shutdown(wait=True)
            self._loop.close()
            atexit.unregister(self.close)

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        with suppress(asyncio.CancelledError):  # of a database that hangs: its work was cancelled
            await self._resources.aclose()
        await self._loop.shutdown_asyncgens()


def done_at_once() -> Future[None]:
    """Return work that is done already."""
    done: Future[None] = Future()
    done.set_result(None)
    return done


def _done_here(work: Callable[[], None]) -> Future[None]:
    done: Future[None] = Future()
    try:
        work()
        done.set_result(None)
    except Exception as error:  # noqa: BLE001  # as an executor does
        done.set_exception(error)
    return done
