"""How Chroma is reached: a folder that one process holds, or a server that many share."""

from pathlib import Path
from typing import cast
from urllib.parse import urlsplit, urlunsplit

import chromadb
import httpx
from chromadb.api.client import Client
from chromadb.api.fastapi import FastAPI

from guided_profile.graph.errors import SettingsError
from guided_profile.tools.history.connection import Connection, settings_of_chroma
from guided_profile.tools.history.failures import named_failures
from guided_profile.tools.history.folder import Folder

OPENS_WITHIN = 10.0
"""Seconds that a Chroma server has for the first answer."""
HEARTBEAT = "/api/v2/heartbeat"
ANSWERS_WITHIN = httpx.Timeout(60.0, connect=5.0)
"""Seconds that a Chroma server has for an answer; Chroma's own client waits for ever."""


class Server(Connection):
    """A Chroma server, which others may write to at the same time."""

    def close(self) -> None:
        """Release the client."""
        sessions = _sessions(self.client)
        super().close()
        for session in sessions:
            session.close()  # Chroma leaves its sockets open


def connect(path: Path | None, url: str | None) -> Connection:
    """Open a folder or reach a server.

    Raises:
        SettingsError: Neither or both are given, or the URL is none.
        StoreInUseError: Another process holds the folder.
        HistoryError: The folder cannot be opened, or no server answers.
    """
    if path is not None and url is None:
        return Folder.at(path)
    if path is not None or url is None:
        raise SettingsError(
            f"the history has path {path!r} and url {url!r}; set the folder of an embedded store, "
            "or the URL of a Chroma server, and not both."
        )
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"the history's URL is {url!r}; write http://host:port.")
    place = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))  # no password
    secure = parts.scheme == "https"
    with named_failures(place, "opened", server=True):
        settings = settings_of_chroma(chroma_server_host=url, chroma_server_http_port=parts.port)
        httpx.get(
            urlunsplit(parts._replace(path=parts.path.rstrip("/") + HEARTBEAT)),
            timeout=OPENS_WITHIN,
        )
        client = cast(
            "Client",
            chromadb.HttpClient(  # given a whole URL, it looks no further than that
                host=url, port=parts.port or 0, ssl=secure, settings=settings
            ),
        )
        for session in _sessions(client):
            session.timeout = ANSWERS_WITHIN
    return Server(client, place)


def _sessions(client: Client) -> list[httpx.Client]:
    """Return what a client reaches its server by; a folder's has none."""
    servers = (client._server, client._admin_client._server)  # type: ignore[attr-defined]
    return [server._session for server in servers if isinstance(server, FastAPI)]
