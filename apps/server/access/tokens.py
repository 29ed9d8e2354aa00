"""Who sends a request, by a signed token or an API key, and by nothing else in it."""

import ipaddress
import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jwt

from guided_profile.apps.server.access.keys import PREFIX, Key, open_keys, usable_id
from guided_profile.apps.server_settings import ServerSettings
from guided_profile.graph.errors import ProfilesError, SettingsError

ADMIN = "guided_profile:admin"
"""The scope, in a token's `scope` claim, that may name any user."""
LEEWAY = 30
"""Seconds by which clocks may differ."""
RETRY_SECONDS = 5
"""Seconds after which a check of who sends a request may be tried again."""
MAX_CHARACTERS = 8192
"""The longest token, in characters."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sends a request."""

    user_id: str
    """Empty: nobody is asked who they are, and each request names a user."""
    admin: bool = False
    """Whether another user may be named."""


class UnauthorizedError(Exception):
    """A request does not say who sends it; the message holds nothing of what it says."""


class UncheckedError(Exception):
    """Who sends a request cannot be found out now, which is no fault of theirs."""

    retry: Mapping[str, str] = {"Retry-After": str(RETRY_SECONDS)}
    """The headers of the answer."""

    def __init__(self) -> None:
        super().__init__(
            f"keys cannot be checked just now; try again in {RETRY_SECONDS} s, and tell the "
            "operator if that stays so."
        )


class Verifier:
    """Finds out who sends a request, as the settings say."""

    def __init__(self, settings: ServerSettings) -> None:
        """Read the keys.

        Raises:
            SettingsError: The file of the public key holds none, or what reaches the database of
                the keys is not installed.
        """
        self.open = not settings.auth
        self._settings = settings
        has_keys = "keys" in settings.auth
        self._keys = open_keys(settings.keys, settings.database_url) if has_keys else None
        self._checks_tokens = "jwt" in settings.auth
        self._algorithm = "HS256" if settings.secret else "RS256"
        self._public = _public_keys(settings.public_key) if settings.public_key else {}

    def caller(self, headers: Iterable[tuple[bytes, bytes]], client: str | None = None) -> Caller:
        """Return who sends a request; this may read a file, or ask a database.

        Args:
            headers: The request's headers, names in lower case.
            client: The address that it comes from.

        Raises:
            UnauthorizedError: It does not say, or what it says is not valid.
            UncheckedError: What it says cannot be checked now.
        """
        given = list(headers)
        if self.open:
            return _on_this_machine(given, client)
        credential = _credential(given)
        if credential.startswith(PREFIX):
            found = self._found(credential)
            if found is None:
                raise UnauthorizedError("the API key is not valid; ask for another one.")
            return Caller(found.user, found.admin)
        if not self._checks_tokens:
            raise UnauthorizedError("the API key is not valid; ask for another one.")
        return self._of_token(credential)

    def _found(self, credential: str) -> Key | None:
        try:
            return self._keys.find(credential) if self._keys else None
        except (SettingsError, ProfilesError, OSError) as error:
            _log.error("the API keys cannot be read: %s", error)
            raise UncheckedError from None

    def _of_token(self, token: str) -> Caller:
        try:
            claims = jwt.decode(
                token,
                self._key_for(token),
                algorithms=[self._algorithm],  # never what the token's own header says
                audience=self._settings.audience,
                issuer=self._settings.issuer,
                leeway=LEEWAY,
                options={
                    "require": ["exp", "sub"],
                    "verify_aud": self._settings.audience is not None,
                },
            )
        except jwt.ExpiredSignatureError:
            raise UnauthorizedError("the token has expired; get a new one.") from None
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            raise UnauthorizedError("the token is not valid; get a new one.") from None
        user_id = claims["sub"]
        if not isinstance(user_id, str) or not usable_id(user_id):
            raise UnauthorizedError("the token's `sub` is no user's id; get another one.")
        scope = claims.get("scope")
        return Caller(user_id, isinstance(scope, str) and ADMIN in scope.split(" "))

    def _key_for(self, token: str) -> Any:
        if self._settings.secret:
            return self._settings.secret
        named = jwt.get_unverified_header(token).get("kid")
        if named is None and len(self._public) == 1:
            return next(iter(self._public.values()))
        key = self._public.get(str(named)) or self._public.get("")  # a PEM file names no key
        if key is None:
            raise jwt.InvalidKeyError("no key of that id")
        return key


def _credential(headers: list[tuple[bytes, bytes]]) -> str:
    bearers = [value for name, value in headers if name == b"authorization"]
    keys = [value for name, value in headers if name == b"x-api-key"]
    if not bearers and not keys:
        raise UnauthorizedError("say who you are: send `Authorization: Bearer …` or `X-Api-Key`.")
    chosen = bearers or keys  # LangGraph's clients send a key of LangSmith's along
    if len(chosen) > 1:
        raise UnauthorizedError("the request says more than once who sends it; say it once.")
    text = chosen[0].decode("latin-1").strip()
    if not bearers and not text.startswith(PREFIX):
        raise UnauthorizedError("`X-Api-Key` holds no key of this server; ask for one.")
    if bearers:
        scheme, _, text = text.partition(" ")
        if scheme.lower() != "bearer":
            raise UnauthorizedError("send `Authorization: Bearer …`; no other scheme is known.")
    text = text.strip()
    if not text or len(text) > MAX_CHARACTERS or not text.isascii():
        raise UnauthorizedError("the token is not valid; get a new one.")
    return text


def _on_this_machine(headers: list[tuple[bytes, bytes]], client: str | None) -> Caller:
    """Let in who develops here; a page of another site, or a proxy's client, is not here."""
    names = {name for name, _ in headers}
    hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
    # the platforms let pages of every site read their answers
    pages = [value.decode("latin-1") for name, value in headers if name == b"origin"]
    hosts += [page.partition("://")[2] for page in pages]
    forwarded = names & {b"x-forwarded-for", b"x-real-ip", b"forwarded"}
    here = _is_loopback(client or "") and all(_is_loopback(_without_port(host)) for host in hosts)
    if forwarded or not here:
        raise UnauthorizedError(
            "this server asks nobody who they are, so it serves only its own machine; "
            "set GUIDED_PROFILE_AUTH to serve others."
        )
    return Caller("", admin=True)


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _public_keys(path: Path) -> Mapping[str, Any]:
    """Return the RSA keys of a PEM or JWKS file by their ids; a PEM's id is empty.

    Raises:
        SettingsError: It cannot be read, or holds none.
    """
    wrong = (
        f"GUIDED_PROFILE_JWT_KEY is {str(path)!r}; set it to a PEM file of an RSA public key, or "
        "to a JWKS file with RSA keys"
    )
    try:
        text = path.read_text()
        if not text.lstrip().startswith("{"):
            loaded = jwt.algorithms.RSAAlgorithm(jwt.algorithms.RSAAlgorithm.SHA256)
            return {"": loaded.prepare_key(text)}
        listed = [key for key in json.loads(text).get("keys", []) if key.get("kty") == "RSA"]
        usable = [key for key in listed if key.get("use", "sig") == "sig"]
        found = {
            str(key.get("kid", index)): jwt.PyJWK(key, algorithm="RS256").key
            for index, key in enumerate(usable)
        }
    except (OSError, ValueError, AttributeError, TypeError, jwt.PyJWTError) as error:
        raise SettingsError(f"{wrong} ({type(error).__name__}).") from None
    if not found:
        raise SettingsError(f"{wrong}; it holds none.")
    return found
