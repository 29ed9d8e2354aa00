"""Which endpoint stands behind the proxy, and who may name a user to it."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from guided_profile.apps.server_settings import LEAST_SECRET
from guided_profile.apps.settings import check_url
from guided_profile.graph.errors import SettingsError

OPENAI = "https://api.openai.com/v1"
LEAST_KEY = 16
"""How many characters the proxy's own key has at least: it opens every user's profile."""
_HEADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,99}")
_OTHERS = ("authorization", "cookie", "host", "content-length", "content-type", "x-api-key")
"""Headers that say something else than who the user is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySettings:
    """The endpoint behind the proxy, and the headers of the front end before it."""

    upstream_url: str | None = None
    """What answers, down to its `/v1`. `GUIDED_PROFILE_UPSTREAM_URL`; None: the endpoint that
    writes the profiles, or the embedded model."""

    upstream_key: str | None = field(default=None, repr=False)
    """Sent there in place of the caller's `Authorization`. `GUIDED_PROFILE_UPSTREAM_KEY`; None:
    the caller's own is passed on, where it is none of ours."""

    key: str | None = field(default=None, repr=False)
    """The front end's key: who has it may name any user. `GUIDED_PROFILE_PROXY_KEY`."""

    user_header: str | None = None
    """Where the front end names the user, believed with the key. `GUIDED_PROFILE_USER_HEADER`."""

    chat_header: str = "x-openwebui-chat-id"
    """Where it names the conversation. `GUIDED_PROFILE_CHAT_HEADER`."""

    task_header: str | None = None
    """Where it says that a call is its own, for a title or tags, by any value; an empty one is a
    user's message. `GUIDED_PROFILE_TASK_HEADER`."""

    signed_secret: str | None = field(default=None, repr=False)
    """What Open WebUI signs its users with, as its own `FORWARD_USER_INFO_HEADER_JWT_SECRET`.
    `GUIDED_PROFILE_OPENWEBUI_SECRET`."""

    signed_header: str = "x-openwebui-user-jwt"
    """Where it puts what it signed. `GUIDED_PROFILE_OPENWEBUI_HEADER`."""


def read_proxy_settings(
    environment: Mapping[str, str] | None = None, *, authenticates: bool = False
) -> ProxySettings:
    """Read the proxy's settings from environment variables.

    Args:
        environment: Left out: the process's own.
        authenticates: Whether callers are asked for our tokens or keys, as `GUIDED_PROFILE_AUTH`
            says; those of an admin may name a user too.

    Raises:
        SettingsError: A variable is wrong, or one is missing that another one needs.
    """
    given = os.environ if environment is None else environment

    def value(name: str) -> str | None:
        return given.get(f"GUIDED_PROFILE_{name}", "").strip() or None

    def header(name: str) -> str | None:
        text = value(name)
        if text and (not _HEADER.fullmatch(text) or text.lower() in _OTHERS):
            raise SettingsError(
                f"GUIDED_PROFILE_{name} is {text!r}; set it to the name of a header that your "
                "front end sends for this alone, such as X-User-Id."
            )
        return text.lower() if text else None

    url, key, secret = value("UPSTREAM_URL"), value("PROXY_KEY"), value("OPENWEBUI_SECRET")
    check_url("GUIDED_PROFILE_UPSTREAM_URL", url)
    if url and {"?", "#"} & {*url}:
        raise SettingsError(
            "GUIDED_PROFILE_UPSTREAM_URL goes on after its path, where the routes are added; end "
            "it with its /v1, and have the front end send what follows a `?`, which is passed on."
        )
    if url and "@" in url.partition("//")[2].partition("/")[0]:
        raise SettingsError(
            "GUIDED_PROFILE_UPSTREAM_URL holds a name or a password, which errors would show; set "
            "it without them, and its key as GUIDED_PROFILE_UPSTREAM_KEY."
        )
    if value("UPSTREAM_KEY") and not url:
        raise SettingsError(
            "GUIDED_PROFILE_UPSTREAM_KEY is set, but GUIDED_PROFILE_UPSTREAM_URL is not, so it is "
            "not clear whose key it is; set both, or OPENAI_BASE_URL and OPENAI_API_KEY."
        )
    if key and (len(key) < LEAST_KEY or not key.isascii() or key.startswith("gp_")):
        raise SettingsError(
            f"GUIDED_PROFILE_PROXY_KEY has fewer than {LEAST_KEY} characters, or begins with gp_, "
            "or is not plain ASCII; make one with `openssl rand -hex 24`."
        )
    if secret and len(secret.encode()) < LEAST_SECRET:
        raise SettingsError(
            f"GUIDED_PROFILE_OPENWEBUI_SECRET has fewer than {LEAST_SECRET} bytes; make one with "
            "`openssl rand -base64 48`, and give Open WebUI the same."
        )
    user_header = header("USER_HEADER")
    if user_header and not (key or authenticates):
        raise SettingsError(
            "GUIDED_PROFILE_USER_HEADER is set, but GUIDED_PROFILE_PROXY_KEY is not, so anybody "
            "could name anybody in it; set a key, and give it to your front end as its API key."
        )
    return ProxySettings(
        upstream_url=url,
        upstream_key=value("UPSTREAM_KEY"),
        key=key,
        user_header=user_header,
        chat_header=header("CHAT_HEADER") or "x-openwebui-chat-id",
        task_header=header("TASK_HEADER"),
        signed_secret=secret,
        signed_header=header("OPENWEBUI_HEADER") or "x-openwebui-user-jwt",
    )
