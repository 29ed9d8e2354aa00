"""What every request passes first, here and on the platform: who sends it, how much, how often.

The platform asks who one is too, but not everywhere: `langgraph dev` has routes that show any
thread, and that delete all of them, to whoever asks.
"""

import asyncio
import logging
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from math import ceil
from time import monotonic

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from guided_profile.apps.server.access.problems import problem
from guided_profile.apps.server.access.tokens import Caller, UnauthorizedError, Verifier
from guided_profile.apps.settings import ServerSettings

PREFIX = "/v1"
OPEN_PATHS = ("/v1/health", "/v1/ready")
"""What is asked by probes, which have no token."""
PLATFORM_OPEN_PATHS = (
    *("/", "/ok", "/info", "/docs", "/openapi.json", "/metrics"),
    *("/health", "/live"),  # Aegra's
)
"""What the platform tells everybody; no user's data is in it."""
PAGE_FILES = "/page"
"""Where the files of the page stand, which hold no data either."""
PLATFORM_INTERNAL = ("/internal", "/deploy")
"""Where the paths begin that are for admins alone."""
CALLER = "guided_profile_caller"
"""Where the request's scope says who sends it."""
sender: ContextVar[Caller | None] = ContextVar("sender", default=None)
"""Who sends the request that is being served, for what is not handed its scope."""
_MOST_BUCKETS = 10_000

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimit:
    """A bucket of requests a user: full at first, and filled again over a minute."""

    def __init__(self, a_minute: int, clock: Callable[[], float] = monotonic) -> None:
        self._most, self._clock = a_minute, clock
        self._buckets: dict[str, _Bucket] = {}

    def wait(self, user_id: str) -> float:
        """Take one request; return 0, or after how many seconds there will be one."""
        now = self._clock()
        a_second = self._most / 60
        bucket = self._buckets.get(user_id)
        if bucket is None:
            self._forget_full(now)
            bucket = self._buckets[user_id] = _Bucket(self._most, now)
        bucket.tokens = min(self._most, bucket.tokens + (now - bucket.at) * a_second)
        bucket.at = now
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / a_second
        bucket.tokens -= 1
        return 0

    def _forget_full(self, now: float) -> None:
        """Drop who has not asked for a minute: their buckets are full again."""
        if len(self._buckets) >= _MOST_BUCKETS:
            self._buckets = {user: one for user, one in self._buckets.items() if now - one.at < 60}


class Guard:
    """ASGI middleware that lets nobody through whom it does not know, but to what is open."""

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
        """Serve a request, or refuse it."""
        if scope["type"] != "http" or _within_the_process(scope) or _is_preflight(scope):
            await self._app(scope, receive, send)
            return
        path = route_path(scope)
        sender.set(None)
        if not _is_open(path):
            try:
                client = scope.get("client")
                caller = await asyncio.to_thread(
                    self._verifier().caller, scope["headers"], client[0] if client else None
                )
            except UnauthorizedError as error:
                refused = problem(401, "unauthorized", str(error), {"WWW-Authenticate": "Bearer"})
                await refused(scope, receive, send)
                return
            scope[CALLER] = caller
            sender.set(caller)
            if path.startswith(PLATFORM_INTERNAL) and not caller.admin:
                refused = problem(403, "forbidden", "this is for the admin scope alone.")
                await refused(scope, receive, send)
                return
            if caller.user_id and (wait := self._limit().wait(caller.user_id)):
                seconds = str(ceil(wait))
                message = f"that is too many requests; try again in {seconds} s."
                refused = problem(429, "too_many_requests", message, {"Retry-After": seconds})
                await refused(scope, receive, send)
                return
        await self._sized(scope, receive, send)

    def _limit(self) -> RateLimit:
        if self._rate is None:
            self._rate = RateLimit(self._settings().rate)
        return self._rate

    async def _sized(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request whose body is not too large, whatever it declares."""
        megabytes = self._settings().body_megabytes
        left = megabytes * 1_000_000
        too_large = problem(
            413, "too_large", f"the body is larger than {megabytes} MB; send it in parts."
        )
        declared = dict(scope["headers"]).get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > left:
            await too_large(scope, receive, send)
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
                message = "something went wrong here; tell the operator."
                await problem(500, "internal", message)(scope, receive, send)
                return
        if over and not begun:
            await too_large(scope, receive, send)


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
    return scope["method"] == "OPTIONS" and b"access-control-request-method" in names
