"""What sends requests to an endpoint: connections are kept, and a reply without end is given up.

Requests to this machine use no proxy, whatever the environment says: it would see what goes to the
embedded model. And no cookies are kept: those of one user's reply would go with another's request.

aiohttp sends them, though httpx would do without it: a call takes half the processor's time, and
many at once do not slow each other down. 64 calls at once of an endpoint that answers after 50 ms
took 1.6 ms of the processor each [1.2, 1.8], by httpx's own transport 2.9 [2.8, 2.9]; 256 at once
2.1 [1.6, 2.3] and 4.6 [4.5, 4.7]; one at a time 2.3 and 2.9 (in turns, four runs of 2 s each on
2026-11-28; the endpoint is that of `evals/benches/throughput.py`).
"""

import asyncio
import atexit
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import aiohttp
import httpx2
import openai

from guided_profile.tools.models.errors import EndlessReplyError

MOST_REPLY_BYTES = 32_000_000
"""Bytes after which a reply is not read on: 100,000 tokens with their probabilities have fewer."""
MOST_HEADER_BYTES = 100_000
"""Bytes of a line of a reply's head; aiohttp's own bound is 8,190, which some gateways go over."""

_DIRECT = dict.fromkeys(
    ("all://localhost", "all://127.0.0.1", "all://127.0.0.0/8", "all://[::1]"), None
)
_NO_COOKIES = CookieJar(DefaultCookiePolicy(allowed_domains=()))


class _Bounded(httpx2.AsyncByteStream):
    """A reply's bytes, up to a bound."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for piece in self._stream:
            read += len(piece)
            if read > MOST_REPLY_BYTES:
                raise EndlessReplyError
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _bound(response: httpx2.Response) -> None:
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _Bounded(response.stream)


async def _say_who_asks_once(request: httpx2.Request) -> None:
    """Leave the user out of the URL: the header has it by now, and aiohttp refuses to take both."""
    if request.url.userinfo:
        request.url = request.url.copy_with(userinfo=b"")


class _AioHttp(openai.DefaultAioHttpClient):
    """Sends by aiohttp; by httpx where the environment names a SOCKS proxy: aiohttp knows none."""

    def _init_proxy_transport(
        self, proxy: httpx2.Proxy, *more: Any, **named: Any
    ) -> httpx2.AsyncBaseTransport:
        if proxy.url.scheme.startswith("socks"):
            return httpx2.AsyncHTTPTransport(*more, **{**named, "proxy": proxy})
        return super()._init_proxy_transport(proxy, *more, **named)


_Open = tuple[httpx2.AsyncClient, aiohttp.ClientSession]
_open: dict[asyncio.AbstractEventLoop, tuple[*_Open, AsyncGenerator[_Open]]] = {}


async def _open_in(loop: asyncio.AbstractEventLoop) -> AsyncGenerator[_Open]:
    """Yield a client, and close it when the loop ends, which closes the generators begun in it."""
    client, session = _client(), _session()
    for transport in (client._transport, *client._mounts.values()):
        if transport is not None:
            transport.client = session  # type: ignore[attr-defined]
    try:
        yield client, session
    finally:
        _open.pop(loop, None)
        await client.aclose()


def _client() -> httpx2.AsyncClient:
    return _AioHttp(
        verify=_trusted(),
        mounts=_DIRECT,
        cookies=_NO_COOKIES,
        event_hooks={"request": [_say_who_asks_once], "response": [_bound]},
    )


def _session() -> aiohttp.ClientSession:
    limits = openai.DEFAULT_CONNECTION_LIMITS
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            ssl=_trusted(),
            limit=limits.max_connections or 0,
            keepalive_timeout=limits.keepalive_expiry,
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        max_line_size=MOST_HEADER_BYTES,
        max_field_size=MOST_HEADER_BYTES,
    )


@cache
def _trusted() -> ssl.SSLContext:
    return httpx2.create_ssl_context()


def _let_go(loop: asyncio.AbstractEventLoop) -> None:
    """Drop the client of a loop that was not ended properly, which aiohttp would log."""
    if opened := _open.pop(loop, None):  # None: another thread did
        _, session, until_it_ends = opened
        assert session.connector is not None
        session.connector._conns.clear()
        session.detach()
        with suppress(StopIteration, RuntimeError):  # it has nothing left to wait for
            until_it_ends.aclose().send(None)


@atexit.register
def _let_go_of_all() -> None:
    for loop in list(_open):
        _let_go(loop)


class _PerLoop(httpx2.AsyncClient):
    """Sends by the client of the event loop that it is called in; all models share it.

    A connection belongs to the loop that opened it: used in another, by a host that asks with
    `asyncio.run()` each time, it raises "Event loop is closed".
    """

    async def send(self, request: httpx2.Request, **settings: Any) -> httpx2.Response:
        loop = asyncio.get_running_loop()
        if loop not in _open:
            for other in list(_open):
                if other.is_closed():
                    _let_go(other)
            until_it_ends = _open_in(loop)
            _open[loop] = (*await anext(until_it_ends), until_it_ends)
        client, *_ = _open[loop]
        try:
            return await client.send(request, **settings)
        except httpx2.ConnectTimeout as error:
            if isinstance(error.__cause__, aiohttp.ServerTimeoutError):
                raise
            raise httpx2.ConnectError(str(error)) from error  # aiohttp's: refused, or broken off
        except (aiohttp.ClientError, UnicodeError) as error:
            raise httpx2.RemoteProtocolError("what came back is not HTTP") from error


def async_client(
    timeout: float, transport: httpx2.AsyncBaseTransport | None = None
) -> httpx2.AsyncClient:
    """Return what requests are sent by; it keeps connections, and reads no reply without end.

    Args:
        timeout: Of a request, in seconds.
        transport: What answers in the place of the network.
    """
    if transport:
        return openai.DefaultAsyncHttpxClient(timeout=timeout, transport=transport)
    _client()  # the first reads files, which an event loop should not wait for
    return _PerLoop(timeout=timeout, transport=httpx2.AsyncBaseTransport())


def sync_client(timeout: float) -> httpx2.Client:
    """Return what requests are sent by outside of event loops.

    Args:
        timeout: Of a request, in seconds.
    """
    return openai.DefaultHttpxClient(timeout=timeout, mounts=_DIRECT, cookies=_NO_COOKIES)
