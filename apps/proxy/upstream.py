"""The endpoint behind the proxy: one client for all, and what of a request and a reply passes."""

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from ipaddress import ip_address
from urllib.parse import urlsplit

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from guided_profile.apps.proxy.problems import ProxyError
from guided_profile.apps.proxy.users import OWN_KEY, Headers

CONNECT_SECONDS = 30.0
_MOST_HEADER_BYTES = 100_000
_HOP = frozenset(
    "connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer "
    "transfer-encoding upgrade".split()
)
"""What holds between two machines alone."""
_NOT_SENT = _HOP | frozenset(
    "host content-length expect accept-encoding cookie origin referer forwarded x-real-ip".split()
)
"""What describes the caller's machine, or is set anew. Replies are read, so they come unpacked."""
_NOT_SENT_PREFIXES = ("x-forwarded-", "x-openwebui-", "sec-fetch-")
_OURS = "x-guided-profile"
_NOT_RETURNED = _HOP | {"set-cookie", "server", "date"}


class Upstream:
    """Sends requests on."""

    def __init__(self, url: str, key: str | None = None) -> None:
        self.url, self._key = url.rstrip("/"), key
        self._session: aiohttp.ClientSession | None = None

    def sent(self, headers: Headers, without: Collection[str]) -> CIMultiDict[str]:
        """Return a request's headers as they are sent on.

        Args:
            headers: The caller's.
            without: The names of those that were for us alone.
        """
        out: CIMultiDict[str] = CIMultiDict()
        for raw, value in headers:
            name = raw.decode("latin-1").lower()
            if (
                name in _NOT_SENT
                or name == OWN_KEY
                or name in without
                or name.startswith(_NOT_SENT_PREFIXES)
            ):
                continue
            if name == "authorization" and self._key:
                continue
            out.add(name, value.decode("utf-8", "replace"))
        if self._key:
            out["authorization"] = f"Bearer {self._key}"
        out["accept-encoding"] = "identity"
        return out

    @asynccontextmanager
    async def reply(
        self, method: str, path: str, query: bytes, headers: CIMultiDict[str], body: bytes | None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send a request, and yield the reply once its head is there.

        Raises:
            ProxyError: There is none.
        """
        url = f"{self.url}{path}" + (f"?{query.decode('latin-1')}" if query else "")
        try:
            sending = self._opened().request(
                method,
                URL(url, encoded=True),
                data=body,
                headers=headers,
                allow_redirects=False,
                skip_auto_headers=("User-Agent", "Content-Type", "Accept"),
            )
            response = await sending
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise ProxyError(
                502,
                "upstream_unreachable",
                f"the endpoint behind this proxy does not answer ({type(error).__name__}); see "
                "that it runs, and that GUIDED_PROFILE_UPSTREAM_URL names it.",
            ) from error
        try:
            yield response
        finally:
            response.release() if response.content.at_eof() else response.close()

    async def close(self) -> None:
        """Close the connections."""
        if self._session:
            await self._session.close()
            self._session = None

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=15.0),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                timeout=aiohttp.ClientTimeout(
                    total=None, connect=None, sock_connect=CONNECT_SECONDS
                ),
                trust_env=not _is_here(self.url),
                max_line_size=_MOST_HEADER_BYTES,
                max_field_size=_MOST_HEADER_BYTES,
                read_bufsize=1 << 18,
                loop=asyncio.get_running_loop(),
            )
        return self._session


def returned(response: aiohttp.ClientResponse) -> Headers:
    """Return a reply's headers as they are passed on."""
    return [
        (name.lower(), value)
        for name, value in response.raw_headers
        if not _is_left(name.lower().decode("latin-1"))
    ]


def _is_left(name: str) -> bool:
    return name in _NOT_RETURNED or name.startswith(_OURS)  # ours alone says what was used


def _is_here(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
