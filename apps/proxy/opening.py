"""The proxy's parts, opened as the settings say: in a process of its own, or in the server's."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from concurrent.futures import Future
from contextlib import asynccontextmanager

from langchain_openai import ChatOpenAI
from langgraph.store.base import BaseStore, Op, Result

from guided_profile.apps.assembly import profile_store
from guided_profile.apps.assembly import verifier as assembly_verifier
from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.proxy.app import Proxy
from guided_profile.apps.proxy.memory import Memory
from guided_profile.apps.proxy.problems import ProxyError
from guided_profile.apps.proxy.serving import Parts
from guided_profile.apps.proxy.settings import OPENAI, ProxySettings, read_proxy_settings
from guided_profile.apps.proxy.upstream import Upstream
from guided_profile.apps.proxy.users import Users
from guided_profile.apps.server.access.guard import RateLimit
from guided_profile.apps.server.access.tokens import Verifier
from guided_profile.apps.server.process.resources import ServerResources, platform_store
from guided_profile.apps.server_settings import ServerSettings, read_server_settings


def parts_of(
    companion: Companion, settings: ProxySettings, verifier: Verifier, server: ServerSettings
) -> Parts:
    """Return the proxy's parts, on a companion that is open."""
    return Parts(
        settings,
        Users(settings, verifier),
        upstream_of(settings, companion),
        Memory(companion),
        RateLimit(server.rate),
        server.body_megabytes * 1_000_000,
    )


def upstream_of(settings: ProxySettings, companion: Companion) -> Upstream:
    """Return the endpoint that the settings name, or else the one that writes the profiles."""
    if settings.upstream_url:
        return Upstream(settings.upstream_url, settings.upstream_key)
    chat = companion.chat
    assert isinstance(chat, ChatOpenAI)
    key = chat.openai_api_key
    secret = None if key is None or callable(key) else key.get_secret_value()
    return Upstream(chat.openai_api_base or OPENAI, secret)


def proxy_alone(companion: Companion) -> Proxy:
    """Return the application of a process of its own.

    Raises:
        SettingsError: A setting is wrong.
    """
    server = read_server_settings()
    settings = read_proxy_settings(authenticates=bool(server.auth))
    parts = parts_of(companion, settings, Verifier(server), server)
    return Proxy(_ready(parts))


def proxy_on_server(
    held: Callable[[], Awaitable[ServerResources]],
    verifier: Callable[[], Verifier],
    settings: Callable[[], ServerSettings],
) -> Proxy:
    """Return the application that serves beside our routes, on the same histories and profiles.

    It has them only where an upstream is named: else every caller could ask the model anything.
    """

    async def opened() -> Parts:
        server = settings()
        chosen = read_proxy_settings(authenticates=bool(server.auth))
        if chosen.upstream_url is None:
            raise ProxyError(
                404,
                "not_found",
                "there is no chat here; set GUIDED_PROFILE_UPSTREAM_URL to the endpoint that is to "
                "answer, or run `guided-profile proxy`.",
            )
        resources = await held()
        store, loop = await platform_store(), asyncio.get_running_loop()

        @asynccontextmanager
        async def of_platform() -> AsyncIterator[BaseStore]:
            assert store is not None
            yield _OfLoop(store, loop)

        companion = await asyncio.to_thread(
            lambda: Companion(
                chat=resources.chat,
                history=resources.history,
                store=of_platform if store else lambda: profile_store(resources.settings),
                tasks=resources.tasks.values(),
                verifier=assembly_verifier(resources.settings),
            )
        )
        return parts_of(companion, chosen, verifier(), server)

    return Proxy(opened)


class _OfLoop(BaseStore):
    """A store that belongs to the event loop of the platform, for the companion's."""

    def __init__(self, store: BaseStore, loop: asyncio.AbstractEventLoop) -> None:
        self._store, self._loop = store, loop

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Read and write, waiting for it."""
        return self._begun(ops).result()

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Read and write."""
        return await asyncio.wrap_future(self._begun(ops))

    def _begun(self, ops: Iterable[Op]) -> Future[list[Result]]:
        return asyncio.run_coroutine_threadsafe(self._store.abatch(ops), self._loop)


def _ready(parts: Parts) -> Callable[[], Awaitable[Parts]]:
    async def given() -> Parts:
        return parts

    return given
