"""The application of the proxy: three routes of OpenAI's API, before an endpoint that has them."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from math import ceil

from starlette.types import ASGIApp, Receive, Scope, Send

from guided_profile.apps.proxy.problems import ProxyError
from guided_profile.apps.proxy.serving import CHAT, MODELS, RESPONSES, Parts, serve
from guided_profile.apps.proxy.users import Headers
from guided_profile.apps.server.access.guard import route_path
from guided_profile.apps.server.access.problems import RefusedError
from guided_profile.graph.errors import GuidedProfileError

PREFIX = "/v1"

_MODEL = re.compile(r"[\w.:@+~-]+(/[\w.:@+~-]+)*", re.ASCII)
"""What a model is called."""

_log = logging.getLogger(__name__)


def is_ours(method: str, path: str) -> bool:
    """Whether the proxy has such a route."""
    if method == "GET":
        if not path.startswith(f"{PREFIX}{MODELS}/"):
            return path == PREFIX + MODELS
        named = path.removeprefix(f"{PREFIX}{MODELS}/")  # no step up: to nothing but models
        return _MODEL.fullmatch(named) is not None and not {".", ".."} & {*named.split("/")}
    return method == "POST" and path in (PREFIX + CHAT, PREFIX + RESPONSES)


class Proxy:
    """The ASGI application; what it is made of is opened at the first request."""

    def __init__(self, parts: Callable[[], Awaitable[Parts]]) -> None:
        """Make one.

        Args:
            parts: Opens what it is made of; `close` closes that again.
        """
        self._open = parts
        self._parts: Parts | None = None
        self._opening = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        path = route_path(scope)
        if scope["type"] != "http":
            await ProxyError(404, "not_found", "").answer(scope, receive, send)
            return
        try:
            if path == f"{PREFIX}/health":
                await _send(send, 200, [(b"content-type", b"application/json")], b'{"status":"ok"}')
                return
            if not is_ours(scope["method"], path):
                raise ProxyError(
                    404,
                    "not_found",
                    f"there is no {scope['method']} {path} here; there are POST {PREFIX}{CHAT}, "
                    f"POST {PREFIX}{RESPONSES} and GET {PREFIX}{MODELS}.",
                )
            await self._until_gone(scope, path.removeprefix(PREFIX), receive, send)
        except RefusedError as refused:
            await refused.answer(scope, receive, send)
        except GuidedProfileError as error:
            _log.error("the proxy cannot be opened: %s", error)
            message = "the proxy is not set up for this; tell its operator."
            await ProxyError(503, "misconfigured", message).answer(scope, receive, send)

    async def _until_gone(self, scope: Scope, path: str, receive: Receive, send: Send) -> None:
        """Serve a request as long as its caller is there: a call that nobody waits for ends."""
        parts = await self._opened()
        headers: Headers = scope["headers"]
        client = scope.get("client")
        sender = await parts.users.sender(headers, client[0] if client else None)
        if sender.user_id and (seconds := parts.rate.wait(sender.user_id)):
            raise ProxyError(
                429,
                "too_many_requests",
                f"that is too many requests; try again in {ceil(seconds)} s.",
                {"Retry-After": str(ceil(seconds))},
            )
        body = await _read(receive, parts.body_bytes)
        if body is None:
            return
        serving = asyncio.create_task(serve(parts, sender, scope, path, body, send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait((serving, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            if not serving.done():
                serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving

    async def _opened(self) -> Parts:
        if self._parts is None:
            async with self._opening:
                self._parts = self._parts or await self._open()
        return self._parts

    async def close(self) -> None:
        """Close what was opened."""
        if self._parts:
            await self._parts.close()
            self._parts = None

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await self._opened()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return


async def _read(receive: Receive, most: int) -> bytes | None:
    """Return a request's body; None: its caller has gone.

    Raises:
        ProxyError: It is too large.
    """
    pieces, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        piece = message.get("body", b"")
        size += len(piece)
        if size > most:
            raise ProxyError(
                413, "too_large", f"the body is larger than {most // 1_000_000} MB; send less."
            )
        pieces.append(piece)
        if not message.get("more_body"):
            return b"".join(pieces)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, status: int, headers: Headers, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class InFront:
    """ASGI middleware that serves the proxy's routes before an application's own."""

    def __init__(self, app: ASGIApp, *, proxy: ASGIApp) -> None:
        self._app, self._proxy = app, proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request by one of the two."""
        ours = scope["type"] == "http" and is_ours(scope["method"], route_path(scope))
        await (self._proxy if ours else self._app)(scope, receive, send)
