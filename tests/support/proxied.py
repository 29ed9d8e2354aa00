"""The proxy under a real uvicorn, on a companion of the test's own, in front of an endpoint."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import openai
import uvicorn
from host import writer
from langgraph.store.memory import InMemoryStore
from ports import free_port
from scripted import ScriptedChat
from server_client import SECRET
from starlette.types import Receive, Scope, Send
from upstream import Upstream, an_upstream

from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.proxy.app import Proxy
from guided_profile.apps.proxy.memory import Memory
from guided_profile.apps.proxy.opening import parts_of
from guided_profile.apps.proxy.serving import Parts
from guided_profile.apps.proxy.settings import ProxySettings
from guided_profile.apps.server.access.tokens import Verifier
from guided_profile.apps.server_settings import ServerSettings
from guided_profile.tools.history.store import HistoryStore

KEY = "the key of the front end"


@dataclass
class Proxied:
    url: str
    upstream: Upstream
    companion: Companion
    parts: Parts
    serving: list[str]
    """The paths of the requests that are being served."""

    def client(self, key: str = "the client's own key", **options: Any) -> openai.OpenAI:
        return openai.OpenAI(base_url=self.url, api_key=key, max_retries=0, **options)

    def post(self, body: Any, path: str = "/chat/completions", **headers: str) -> httpx.Response:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        return httpx.post(f"{self.url}{path}", headers=given, timeout=30, **content)  # type: ignore[arg-type]

    def ask(self, text: str, *, user: str | None = "anna", **headers: str) -> httpx.Response:
        body: dict[str, Any] = {"model": "m", "messages": [{"role": "user", "content": text}]}
        return self.post(body | ({"user": user} if user else {}), **headers)

    def said_by(self, user: str = "anna") -> list[str]:
        while self.serving:  # what is said is kept once its answer has been sent
            time.sleep(0.01)
        assert self.companion.flush(60)
        return [item.text for item in self.companion.history.list(user)]


@contextmanager
def proxied(
    history: HistoryStore,
    settings: ProxySettings | None = None,
    *,
    server: ServerSettings | None = None,
    chat: ScriptedChat | None = None,
    store: InMemoryStore | None = None,
    patience: float = 60.0,
) -> Iterator[Proxied]:
    """Serve the proxy; with no settings, whoever is on this machine may name users."""
    of_server = server or ServerSettings(keys=Path("none"))
    with (
        an_upstream() as upstream,
        Companion(
            chat=chat or ScriptedChat(script=writer),
            history=history,
            store=store or InMemoryStore(),
        ) as companion,
    ):
        options = {"upstream_url": upstream.url}
        chosen = settings or ProxySettings()
        values = {name: getattr(chosen, name) for name in ProxySettings.__slots__} | options
        parts = parts_of(companion, ProxySettings(**values), Verifier(of_server), of_server)
        parts = parts._replace(memory=Memory(companion, patience))

        async def given() -> Parts:
            return parts

        proxy, serving = Proxy(given), list[str]()

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] == "lifespan":
                await proxy(scope, receive, send)
                return
            serving.append(scope["path"])
            try:
                await proxy(scope, receive, send)
            finally:
                serving.pop()

        with running(counted) as url:
            yield Proxied(f"{url}/v1", upstream, companion, parts, serving)


@contextmanager
def running(app: Any) -> Iterator[str]:
    """Serve an application from a thread of its own."""
    port = free_port()
    config = uvicorn.Config(app, port=port, log_level="error", access_log=False)
    server = uvicorn.Server(config)
    thread = Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(30)


def jwt_settings() -> ServerSettings:
    return ServerSettings(auth=frozenset({"jwt"}), secret=SECRET, keys=Path("none"), rate=10_000)
