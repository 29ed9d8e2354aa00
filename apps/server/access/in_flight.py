"""Requests in flight: so many ask the model at once, and none outlives a stop of the server."""

import asyncio
import re
import signal
from collections.abc import Callable
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from guided_profile.apps.server.access.guard import route_path
from guided_profile.apps.server.access.problems import RefusedError
from guided_profile.apps.server_settings import ServerSettings
from guided_profile.tools.history.within_request import begin_request

GRACE_SECONDS = 10.0
"""Seconds that requests have to end after SIGTERM or SIGINT; then they are answered with a 503."""
TURN_SECONDS = 60.0
"""Seconds that a request waits for its turn; then it is answered with a 503."""
ASKING = re.compile(r"/v1/(?:profile|ask(?:/[^/]+/reply)?)")
"""What asks the model, with POST: it waits for its turn, and the other routes stay quick."""
_RETRY = {"Retry-After": "10"}
_STOPS = RefusedError(503, "stopping", "the server is stopping; try again in a moment.", _RETRY)
_BUSY = RefusedError(503, "busy", "too many ask at the same time; try again in 10 s.", _RETRY)


class Flight:
    """The requests in flight; after a stop they have a while, and then they are ended."""

    def __init__(self, grace: float = GRACE_SECONDS) -> None:
        self._grace = grace
        self.tasks: set[asyncio.Task[Any]] = set()
        self.ended = False
        """Whether that while is over."""

    def end_on_signals(self) -> None:
        """End what is in flight some time after a signal to stop, which still does what it did."""
        loop = asyncio.get_running_loop()

        def chained(kept: Callable[[int, FrameType | None], Any]) -> Any:
            def stop(number: int, frame: FrameType | None) -> None:
                loop.call_soon_threadsafe(loop.call_later, self._grace, self._end)
                kept(number, frame)

            return stop

        for number in (signal.SIGTERM, signal.SIGINT):
            kept = signal.getsignal(number)
            if callable(kept):
                try:
                    signal.signal(number, chained(kept))
                except ValueError:  # not the main thread: whoever runs us there hears the signals
                    return

    def _end(self) -> None:
        self.ended = True
        for task in self.tasks:
            task.cancel()


class InFlight:
    """ASGI middleware that has those who ask the model take turns, and ends them at a stop."""

    def __init__(
        self, app: ASGIApp, *, flight: Flight, settings: Callable[[], ServerSettings]
    ) -> None:
        self._app, self._flight, self._settings = app, flight, settings
        self._turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = (
            WeakKeyDictionary()
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request in its turn."""
        task = asyncio.current_task()
        if scope["type"] != "http" or task is None:
            await self._app(scope, receive, send)
            return
        begin_request()
        begun: Message | None = None

        async def sending(message: Message) -> None:
            nonlocal begun
            begun = begun or message
            await send(message)

        self._flight.tasks.add(task)
        try:
            await self._in_turn(scope, receive, sending)
        except asyncio.CancelledError:
            if not self._flight.ended:
                raise
            task.uncancel()
            if begun is None:
                await _STOPS.answer(scope, receive, send)
            elif _is_stream(begun):
                await send({"type": "http.response.body", "body": _STOPS.event().encode()})
        finally:
            self._flight.tasks.discard(task)

    async def _in_turn(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST" or not ASKING.fullmatch(route_path(scope)):
            await self._app(scope, receive, send)
            return
        loop = asyncio.get_running_loop()
        turns = self._turns.setdefault(loop, asyncio.Semaphore(self._settings().at_once))
        try:
            await asyncio.wait_for(turns.acquire(), TURN_SECONDS)
        except TimeoutError:
            await _BUSY.answer(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            turns.release()


def _is_stream(begun: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/event-stream")
        for name, value in begun.get("headers", ())
    )
