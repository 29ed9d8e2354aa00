"""The proxy's parts, opened as the settings say: in a process of its own, or in the server's."""

from collections.abc import Awaitable, Callable

from langchain_openai import ChatOpenAI

from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.proxy.app import Parts, Proxy
from guided_profile.apps.proxy.memory import Memory
from guided_profile.apps.proxy.settings import OPENAI, ProxySettings, read_proxy_settings
from guided_profile.apps.proxy.upstream import Upstream
from guided_profile.apps.proxy.users import Users
from guided_profile.apps.server.access.guard import RateLimit
from guided_profile.apps.server.access.tokens import Verifier
from guided_profile.apps.settings import ServerSettings, read_server_settings


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


def _ready(parts: Parts) -> Callable[[], Awaitable[Parts]]:
    async def given() -> Parts:
        return parts

    return given
