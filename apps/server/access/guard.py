"""What every request passes first, here and on the platform: who sends it, how much, how often.

The platform checks callers too, but not everywhere: `langgraph dev` has routes that show any
thread, and that delete all of them, to whoever asks.
"""

import asyncio
import logging
from collections.abc import Callable
from contextvars import ContextVar
from math import ceil
from time import monotonic

from cachetools import TTLCache
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from guided_profile.apps.server.access.problems import RefusedError, internal
from guided_profile.apps.server.access.tokens import (
    Caller,
    UnauthorizedError,
    UncheckedError,
    Verifier,
)
from guided_profile.apps.server_settings import ServerSettings

PREFIX = "/v1"
OPEN_PATHS = ("/v1/health", "/v1/ready")
"""What is asked by probes, which have no token."""
PLATFORM_OPEN_PATHS = (
    *("/", "/ok", "/info", "/docs", "/openapi.json", "/metrics"),
    *("/health", "/live"),  # Aegra's
)
"""What the platform shows to everybody; no user's data is in it."""
PAGE_FILES = "/page"
"""Where the files of the page stand, which hold no data either."""
PLATFORM_INTERNAL = ("/internal", "/deploy")
"""Where the paths begin that are for admins alone."""
CALLER = "guided_profile_caller"
"""Where the request's scope says who sends it."""
sender: ContextVar[Caller | None] = ContextVar("sender", default=None)
"""Who sends the request that is being served, for what is not handed its scope."""
MAX_BUCKETS = 10_000

_log = logging.getLogger(__name__)


class RateLimit:
    """A bucket of requests a user: full at first, and filled again over a minute."""

    def __init__(self, a_minute: int, clock: Callable[[], float] = monotonic) -> None:
        self._most, self._clock = a_minute, clock
        # who has not asked for a minute may be forgotten: their bucket is full again
        self._buckets: TTLCache[str, tuple[float, float]] = TTLCache(MAX_BUCKETS, 60, clock)

    def wait(self, user_id: str) -> float:
        """Take one request; return 0, or after how many seconds there will be one."""
        now, a_second = self._clock(), self._most / 60
        left, since = self._buckets.get(user_id, (float(self._most), now))
        left = min(self._most, left + (now - since) * a_second)
        wait = 0 if left >= 1 else (1 - left) / a_second
        self._buckets[user_id] = (left if wait else left - 1, now)
        return wait


class Guard:
    """ASGI middleware that lets a caller whom it does not know reach only what is open."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        verifier: Callable[[], Verifier],
        settings: Callable[[], ServerSettings],
    ) -> None:
        self._app, self._verifier, self._settings = app, verifier, settings
        self._rate: RateLimit | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request or a web socket, or refuse it."""
        asks = scope["type"] in ("http", "websocket")
        if not asks or _within_the_process(scope) or _is_preflight(scope):
            await self._app(scope, receive, send)
            return
        path = route_path(scope)
        sender.set(None)
        if not _is_open(path):
            try:
                caller = await self._caller(scope)
                scope[CALLER] = caller
                sender.set(caller)
                if path.startswith(PLATFORM_INTERNAL) and not caller.admin:
                    raise RefusedError(403, "forbidden", "this is for the admin scope alone.")
                self._count(caller)
            except RefusedError as refused:
                await refused.answer(scope, receive, send)
                return
        serve = self._sized if scope["type"] == "http" else self._counted
        await serve(scope, receive, send)

    async def _caller(self, scope: Scope) -> Caller:
        client = scope.get("client")
        try:
            return await asyncio.to_thread(
                self._verifier().caller, scope["headers"], client[0] if client else None
            )
        except UnauthorizedError as error:
            asks = {"WWW-Authenticate": "Bearer"}
            raise RefusedError(401, "unauthorized", str(error), asks) from None
        except UncheckedError as error:
            raise RefusedError(503, "keys_unavailable", str(error), error.retry) from None

    def _count(self, caller: Caller) -> None:
        """Take one of the caller's requests, or refuse it."""
        if self._rate is None:
            self._rate = RateLimit(self._settings().rate)
        if caller.user_id and (wait := self._rate.wait(caller.user_id)):
            seconds = str(ceil(wait))
            message = f"that is too many requests; try again in {seconds} s."
            raise RefusedError(429, "too_many_requests", message, {"Retry-After": seconds})

    async def _counted(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a web socket, each message of which is a request like any other."""
        most = self._settings().body_megabytes * 1_000_000
        closed = False

        async def counted() -> Message:
            nonlocal closed
            message = await receive()
            try:
                if message["type"] == "websocket.receive" and not closed:
                    self._count(scope[CALLER])
                    if len(message.get("text") or message.get("bytes") or "") > most:
                        raise RefusedError(413, "too_large", "the message is too large.")
            except RefusedError as refused:
                await refused.answer(scope, receive, send)
                closed = True
            return {"type": "websocket.disconnect", "code": 1008} if closed else message

        async def sending(message: Message) -> None:
            if not closed:
                await send(message)

        await self._app(scope, counted, sending)

    async def _sized(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request whose body is not too large, whatever it declares."""
        megabytes = self._settings().body_megabytes
        left = megabytes * 1_000_000
        too_large = RefusedError(
            413, "too_large", f"the body is larger than {megabytes} MB; send it in parts."
        )
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > left:
            await too_large.answer(scope, receive, send)
            return
        begun = over = False

        async def counted() -> Message:
            nonlocal left, over
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                over = True
                return {"type": "http.disconnect"}
            return message

        async def sending(message: Message) -> None:
            nonlocal begun
            if over and not begun:
                return
            begun = True
            await send(message)

        try:
            await self._app(scope, counted, sending)
        except Exception as error:
            if begun:
                raise
            if not over:
                _log.error("a request failed: %s", type(error).__name__)
                await internal().answer(scope, receive, send)
                return
        if over and not begun:
            await too_large.answer(scope, receive, send)


def route_path(scope: Scope) -> str:
    """Return a request's path as the routes see it: below where the application is mounted."""
    path: str = scope["path"]
    below = path.removeprefix(scope.get("root_path", ""))
    return below if below[:1] in ("", "/") else path


def _is_open(path: str) -> bool:
    folder, _, name = path.rpartition("/")
    return path in OPEN_PATHS + PLATFORM_OPEN_PATHS or (folder == PAGE_FILES and bool(name))


def _within_the_process(scope: Scope) -> bool:
    """Whether the server calls itself; no request can set the root path."""
    root: str = scope.get("root_path") or ""
    return root == "/noauth" or root.startswith("/noauth/")


def _is_preflight(scope: Scope) -> bool:
    """Whether a browser asks if it may send a request; it sends no token along."""
    names = {name for name, _ in scope["headers"]}
    return scope.get("method") == "OPTIONS" and b"access-control-request-method" in names
