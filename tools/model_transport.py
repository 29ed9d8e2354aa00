"""What requests to an endpoint are sent by: connections are kept, and no reply goes on for ever."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from functools import cache
from typing import Any

import aiohttp
import httpx2
import openai

from guided_profile.tools.model_errors import EndlessReplyError

LARGEST_REPLY = 32_000_000
"""Bytes after which a reply is not read on: 100,000 tokens with their probabilities have fewer."""


class _Bounded(httpx2.AsyncByteStream):
    """A reply's bytes, up to a bound."""

    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for piece in self._stream:
            read += len(piece)
            if read > LARGEST_REPLY:
                raise EndlessReplyError
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _bound(response: httpx2.Response) -> None:
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _Bounded(response.stream)


_Open = tuple[httpx2.AsyncClient, AsyncGenerator[httpx2.AsyncClient]]
_open: dict[asyncio.AbstractEventLoop, _Open] = {}


async def _client_of(loop: asyncio.AbstractEventLoop) -> AsyncGenerator[httpx2.AsyncClient]:
    """Yield a client, and close it when the loop ends, which closes the generators begun in it."""
    client = _client()
    try:
        yield client
    finally:
        del _open[loop]
        await client.aclose()


def _client() -> httpx2.AsyncClient:
    # httpx's own transport takes twice the processor's time, and more with many connections kept
    return openai.DefaultAioHttpClient(verify=_trusted(), event_hooks={"response": [_bound]})


@cache
def _trusted() -> ssl.SSLContext:
    return httpx2.create_ssl_context()


class _PerLoop(httpx2.AsyncClient):
    """Sends by the client of the event loop that it is called in; all models share it.

    A connection belongs to the loop that opened it: used in another, by a host that asks with
    `asyncio.run()` each time, it raises "Event loop is closed".
    """

    async def send(self, request: httpx2.Request, **settings: Any) -> httpx2.Response:
        loop = asyncio.get_running_loop()
        if loop not in _open:
            until_it_ends = _client_of(loop)
            _open[loop] = (await anext(until_it_ends), until_it_ends)
        client, _ = _open[loop]
        try:
            return await client.send(request, **settings)
        except httpx2.ConnectTimeout as error:
            if isinstance(error.__cause__, aiohttp.ServerTimeoutError):
                raise
            raise httpx2.ConnectError(str(error)) from error  # aiohttp's: refused, or broken off


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
