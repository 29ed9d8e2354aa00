"""Who may use the server, and how much, read from the environment once, here."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from guided_profile.apps.settings import read_data_folder, read_database_url
from guided_profile.graph.errors import SettingsError

KEYS = "keys.json"
"""What the file of API keys is called in the data folder."""
DEFAULT_USER = "me"
"""Who asks where nobody is asked who they are, and nobody is named."""
LEAST_SECRET = 32
"""How many bytes an HS256 secret has at least, as RFC 7518 asks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Who may use the server, and how much."""

    auth: frozenset[str] = frozenset()
    """`jwt`, `keys` or `jwt,keys`; empty: nobody is asked who they are, and only this machine is
    served. `GUIDED_PROFILE_AUTH`."""

    default_user: str | None = None
    """Whose run it is on LangGraph's API that names no user, where nobody is asked who they are;
    None where somebody is: there, it is who asks. `GUIDED_PROFILE_DEFAULT_USER`."""

    secret: str | None = field(default=None, repr=False)
    """The secret that tokens are signed with, by HS256. `GUIDED_PROFILE_JWT_SECRET`."""

    public_key: Path | None = None
    """A PEM or JWKS file of what checks tokens, by RS256. `GUIDED_PROFILE_JWT_KEY`."""

    audience: str | None = None
    """What a token's `aud` must name. `GUIDED_PROFILE_JWT_AUDIENCE`."""

    issuer: str | None = None
    """What a token's `iss` must be. `GUIDED_PROFILE_JWT_ISSUER`."""

    keys: Path
    """The file of hashed API keys, `keys.json` in the data folder. `GUIDED_PROFILE_KEYS`."""

    database_url: str | None = field(default=None, repr=False)
    """The Postgres that holds the keys instead. `GUIDED_PROFILE_DATABASE_URL`."""

    rate: int = 120
    """How many requests a user may make in a minute. `GUIDED_PROFILE_RATE`."""

    at_once: int = 32
    """How many requests ask the model at the same time; others wait. `GUIDED_PROFILE_AT_ONCE`."""

    body_megabytes: int = 25
    """How large a request may be. `GUIDED_PROFILE_BODY_MB`."""


def read_server_settings(environment: Mapping[str, str] | None = None) -> ServerSettings:
    """Read who may use the server from environment variables.

    Raises:
        SettingsError: A variable is wrong, or they do not go together. Half a configuration is
            never read as none.
    """
    given = os.environ if environment is None else environment

    def value(name: str) -> str | None:
        return _value(given, name)

    def number(name: str, default: int) -> int:
        text = value(name) or str(default)
        if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 1_000_000:
            raise SettingsError(f"GUIDED_PROFILE_{name} is {text!r}; set it to a number above 0.")
        return int(text)

    ways = frozenset(way.strip() for way in (value("AUTH") or "").split(",") if way.strip())
    if ways - {"jwt", "keys"}:
        raise SettingsError(
            f"GUIDED_PROFILE_AUTH is {value('AUTH')!r}; it may be jwt, keys, or jwt,keys."
        )
    default_user = value("DEFAULT_USER")
    if ways and default_user:
        raise SettingsError(
            "GUIDED_PROFILE_DEFAULT_USER is set, and GUIDED_PROFILE_AUTH too, which asks everybody "
            "who they are; unset one of them."
        )
    if value("KEYS") and read_database_url(given):
        raise SettingsError(
            "GUIDED_PROFILE_KEYS names a file of keys, and GUIDED_PROFILE_DATABASE_URL a database "
            "that holds them; unset one of the two (`guided-profile migrate` brings the file's "
            "keys there)."
        )
    secret, public_key = value("JWT_SECRET"), value("JWT_KEY")
    if "jwt" in ways and bool(secret) == bool(public_key):
        raise SettingsError(
            "GUIDED_PROFILE_AUTH names jwt: set one of GUIDED_PROFILE_JWT_SECRET (HS256) and "
            "GUIDED_PROFILE_JWT_KEY (RS256, a PEM or JWKS file), and not both."
        )
    if "jwt" not in ways and (secret or public_key):
        raise SettingsError(
            "a GUIDED_PROFILE_JWT_ variable is set, but GUIDED_PROFILE_AUTH does not name jwt, so "
            "no token would be checked; set it, or unset the other."
        )
    if secret and len(secret.encode()) < LEAST_SECRET:
        raise SettingsError(
            f"GUIDED_PROFILE_JWT_SECRET has fewer than {LEAST_SECRET} bytes; make one with "
            "`openssl rand -base64 48`."
        )
    return ServerSettings(
        auth=ways,
        default_user=None if ways else default_user or DEFAULT_USER,
        secret=secret,
        public_key=Path(public_key).expanduser() if public_key else None,
        audience=value("JWT_AUDIENCE"),
        issuer=value("JWT_ISSUER"),
        keys=key_file(given),
        database_url=read_database_url(given),
        rate=number("RATE", 120),
        at_once=number("AT_ONCE", 32),
        body_megabytes=number("BODY_MB", 25),
    )


def key_file(environment: Mapping[str, str] | None = None) -> Path:
    """Return the file of the API keys."""
    given = os.environ if environment is None else environment
    own = _value(given, "KEYS")
    return Path(own).expanduser() if own else read_data_folder(given) / KEYS


def _value(given: Mapping[str, str], name: str) -> str | None:
    return given.get(f"GUIDED_PROFILE_{name}", "").strip() or None
