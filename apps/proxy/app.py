"""The application of the proxy: three routes of OpenAI's API, before an endpoint that has them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from math import ceil
from typing import NamedTuple

import aiohttp
from starlette.types import ASGIApp, Receive, Scope, Send

from guided_profile.apps.assistants.conversation import Lookup
from guided_profile.apps.proxy.answers import MOST_BYTES, read_answer
from guided_profile.apps.proxy.memory import Memory, Said
from guided_profile.apps.proxy.problems import ProxyError
from guided_profile.apps.proxy.request import Asked, read_chat, read_response
from guided_profile.apps.proxy.settings import ProxySettings
from guided_profile.apps.proxy.upstream import Upstream, returned
from guided_profile.apps.proxy.users import Headers, Sender, Users
from guided_profile.apps.server.access.guard import RateLimit, route_path
from guided_profile.apps.server.access.problems import RefusedError
from guided_profile.graph.errors import GuidedProfileError

CHAT, RESPONSES, MODELS = "/chat/completions", "/responses", "/models"
PREFIX = "/v1"
STATE, ITEMS = b"x-guided-profile", b"x-guided-profile-items"

_log = logging.getLogger(__name__)


class Parts(NamedTuple):
    """What the proxy is made of."""

    settings: ProxySettings
    users: Users
    upstream: Upstream
    memory: Memory
    rate: RateLimit
    body_bytes: int


class Found(NamedTuple):
    """What goes to the upstream, and what is known of whose it is."""

    body: bytes
    state: str
    said: Said | None = None
    """None: nothing of it is to be remembered."""
    lookup: Lookup = Lookup()


def is_ours(method: str, path: str) -> bool:
    """Whether the proxy has such a route."""
    if method == "GET":
        return path == PREFIX + MODELS or path.startswith(f"{PREFIX}{MODELS}/")
    return method == "POST" and path in (PREFIX + CHAT, PREFIX + RESPONSES)


class Proxy:
    """The ASGI application; what it is made of is opened at the first request."""

    def __init__(self, parts: Callable[[], Awaitable[Parts]]) -> None:
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
            _log.error("the proxy is not set up: %s", error)
            told = "the proxy is not set up for this; tell its operator."
            await ProxyError(503, "misconfigured", told).answer(scope, receive, send)

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
        serving = asyncio.create_task(_serve(parts, sender, scope, path, body, send))
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
        """Close the connections to the upstream."""
        if self._parts:
            await self._parts.upstream.close()

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


async def _serve(
    parts: Parts, sender: Sender, scope: Scope, path: str, body: bytes, send: Send
) -> None:
    headers: Headers = scope["headers"]
    found = await _personal(parts, sender, headers, path, body)
    without = {*sender.ours, parts.settings.signed_header, parts.settings.chat_header}
    without |= {h for h in (parts.settings.user_header, parts.settings.task_header) if h}
    sent = parts.upstream.sent(headers, without)
    get = scope["method"] == "GET"
    async with parts.upstream.reply(
        scope["method"], path, scope["query_string"], sent, None if get else found.body
    ) as reply:
        ours = [] if get else [(STATE, found.state.encode())]
        if ids := ",".join(item.id for item in found.lookup.known.items if item.id.isascii()):
            ours.append((ITEMS, ids.encode()))
        begun = False
        read = bytearray()
        try:
            await send(
                {
                    "type": "http.response.start",
                    "status": reply.status,
                    "headers": [*returned(reply), *ours],
                }
            )
            begun = True
            async for piece in reply.content.iter_any():
                if len(read) < MOST_BYTES:
                    read += piece
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            _log.warning("an answer broke off: %s", type(error).__name__)
            return  # without its end: the server closes the connection, and the caller knows
        finally:
            if begun and found.said and reply.status < 300:
                answer = read_answer(bytes(read), reply.headers.get("content-type", ""))
                parts.memory.answered(found.said, found.lookup, answer)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _personal(
    parts: Parts, sender: Sender, headers: Headers, path: str, body: bytes
) -> Found:
    """Return the body with what is known of its user, or as it is, and why."""
    if path not in (CHAT, RESPONSES):
        return Found(body, "")
    asked = read_chat(body) if path == CHAT else read_response(body)
    if asked is None:
        return Found(body, _without("unreadable"))
    named = parts.users.named(sender, headers, asked.fields)
    if not named.user_id:
        return Found(body, _without("no-user"))
    state = f"user={named.way}"
    own_call = parts.users.is_own_call(headers)
    if own_call or parts.memory.asides.is_one(named.user_id, asked.messages):
        return Found(body, _without("own-call", state))
    said = Said(named.user_id, asked.messages, _chat(parts, headers, asked))
    if not said.own:
        return Found(body, _without("no-words", state))
    lookup = await parts.memory.look(said)
    block = parts.memory.block(lookup)
    state += "".join(f"; memory={act.kind}:{act.outcome}" for act in lookup.acts)
    known = lookup.known
    if not (known.used or known.items):
        state = _without(lookup.failure or "nothing-bears", state)
    else:
        version = f"; profile={known.profile.version}" if known.profile else ""
        state = (
            f"personalised; {state}; sentences={len(known.used)}; items={len(known.items)}"
            f"; held-back={len(known.held_back)}{version}"
        )
    if block:
        body = asked.with_words_before(said.place, block)
    return Found(body, state, said, lookup)


def _chat(parts: Parts, headers: Headers, asked: Asked) -> str:
    """Return the id of the conversation; empty: nothing names it."""
    name = parts.settings.chat_header.encode()
    for one, value in headers:
        if one == name and value.strip() and b"{{" not in value:
            return value.decode("latin-1").strip()[:200]
    named = asked.fields.get("conversation")
    named = named.get("id") if isinstance(named, dict) else named
    if isinstance(named, str) and named:
        return named[:200]
    before = asked.fields.get("previous_response_id")
    return parts.memory.chat_after(before) if isinstance(before, str) else ""


def _without(why: str, more: str = "") -> str:
    return f"unpersonalised; why={why}" + (f"; {more}" if more else "")


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

    def __init__(self, app: ASGIApp, *, proxy: Proxy) -> None:
        self._app, self._proxy = app, proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request by one of the two."""
        ours = scope["type"] == "http" and is_ours(scope["method"], route_path(scope))
        await (self._proxy if ours else self._app)(scope, receive, send)
