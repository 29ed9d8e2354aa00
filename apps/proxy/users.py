"""Who sends a request to the proxy, and which user it is about.

A user is named by what is verified, or by who may name one: the front end with the proxy's own key,
an admin's key or token, and, where nobody is asked who they are, this machine alone.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

import jwt

from guided_profile.apps.proxy.ids import check_filled, is_no_value, user_of
from guided_profile.apps.proxy.problems import ProxyError
from guided_profile.apps.proxy.settings import ProxySettings
from guided_profile.apps.server.access.keys import PREFIX, usable_id
from guided_profile.apps.server.access.tokens import (
    LEEWAY,
    MAX_CHARACTERS,
    UnauthorizedError,
    UncheckedError,
    Verifier,
)

OWN_KEY = "x-guided-profile-key"
"""Where our key, or a user's, may stand, so that `Authorization` is left for the upstream."""
CREDENTIALS = ("authorization", "x-api-key", OWN_KEY)
ISSUER = "open-webui"

Headers = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends a request."""

    user_id: str = ""
    """Verified; empty: it is for a front end, which may name one."""
    way: str = ""
    """What verified them: `token` (or a key of theirs) or `signed`."""
    names_users: bool = False
    """Whether a user may be named in the request."""
    ours: frozenset[str] = frozenset()
    """The headers that are for us alone, and go no further."""


@dataclass(frozen=True, slots=True)
class Named:
    """The user whom a request is about."""

    user_id: str = ""
    """Empty: nobody."""
    way: str = "none"
    """Where it stood: `token`, `signed`, `header`, `safety_identifier`, `user`,
    `metadata.user_id`."""


class Users:
    """Finds out senders and users, as the settings say."""

    def __init__(self, settings: ProxySettings, verifier: Verifier) -> None:
        self._settings, self._verifier = settings, verifier
        self._open = verifier.open and not (settings.key or settings.signed_secret)

    async def sender(self, headers: Headers, client: str | None) -> Sender:
        """Return who sends a request.

        Args:
            headers: The request's, names in lower case.
            client: The address that it comes from.

        Raises:
            ProxyError: It does not say, or what it says is not valid.
        """
        try:
            return await self._sender(headers, client)
        except UnauthorizedError as error:
            raise ProxyError(
                401, "unauthorized", str(error), {"WWW-Authenticate": "Bearer"}
            ) from None
        except UncheckedError as error:
            raise ProxyError(503, "keys_unavailable", str(error), error.retry) from None

    async def _sender(self, headers: Headers, client: str | None) -> Sender:
        given = _given(headers)
        keys = {name for name, text in given.items() if self._is_own_key(text)}
        own = {
            name: text
            for name, text in given.items()
            if text.startswith(PREFIX) or (name == OWN_KEY and text and name not in keys)
        }
        if self._open:
            self._verifier.caller(headers, client)
            return Sender(names_users=True, ours=frozenset(own))
        ours, has_key = {*keys, *own}, bool(keys)
        user_id, way, admin = "", "", False
        if not self._verifier.open and (own or not has_key):
            found = await self._caller(own, given, has_key, headers)
            if found:
                ours.add(found[0])
                admin = found[1].admin
                user_id, way = ("", "") if admin else (found[1].user_id, "token")
        signed = self._signed(headers)
        if signed and not user_id:
            user_id, way = signed, "signed"
        if not (has_key or admin or user_id):
            raise UnauthorizedError(
                "say who you are: send this proxy's key, or your own, as `Authorization: Bearer …` "
                f"or as `{OWN_KEY}`."
            )
        return Sender(user_id, way, has_key or admin, frozenset(ours))

    def named(self, sender: Sender, headers: Headers, body: Mapping[str, Any]) -> Named:
        """Return which user a request is about.

        Raises:
            ProxyError: What should name the user names none, or more than one.
        """
        if sender.user_id:
            return Named(sender.user_id, sender.way)
        if not sender.names_users:
            return Named()
        header = self._settings.user_header
        found = [value for name, value in headers if header and name == header.encode()]
        if header and found:
            try:
                text = found[0].decode().strip()
            except UnicodeDecodeError:
                text = ""
            return Named(user_of(text if len(found) == 1 else "", f"the header {header}"), "header")
        metadata = body.get("metadata")
        of_metadata = metadata.get("user_id") if isinstance(metadata, dict) else None
        for way, value in (
            ("safety_identifier", body.get("safety_identifier")),
            ("user", body.get("user")),
            ("metadata.user_id", of_metadata),
        ):
            if value is not None and value != "":  # which a client sends that has none
                return Named(user_of(value, f"the field {way}"), way)
        return Named()

    def is_own_call(self, headers: Headers) -> bool:
        """Whether a front end says that a call is its own, for a title or tags.

        Raises:
            ProxyError: The placeholder was not filled in.
        """
        header = self._settings.task_header
        texts = [
            value.decode("latin-1").strip()
            for name, value in headers
            if header and name == header.encode()
        ]
        for text in texts:
            check_filled(text, f"the header {header}")
        return not all(map(is_no_value, texts))

    def _is_own_key(self, text: str) -> bool:
        key = self._settings.key
        return bool(key) and compare_digest(text.encode("latin-1"), str(key).encode())

    async def _caller(
        self, own: Mapping[str, str], given: Mapping[str, str], has_key: bool, headers: Headers
    ) -> Any:
        """Return in which header our token or a user's key stands, and whose it is; None: none."""
        name = next(iter(own), "authorization")
        text = given.get(name, "")
        if not text:
            return None
        try:
            asked = [(b"authorization", b"Bearer " + text.encode("latin-1"))]
            return name, await asyncio.to_thread(self._verifier.caller, asked)
        except UnauthorizedError:
            if own or not self._has_signed(headers):
                raise
            return None  # it is the upstream's: Open WebUI says who the user is

    def _has_signed(self, headers: Headers) -> bool:
        settings = self._settings
        name = settings.signed_header.encode()
        return bool(settings.signed_secret) and any(header == name for header, _ in headers)

    def _signed(self, headers: Headers) -> str:
        """Return the user that Open WebUI names and signs; empty: it names none."""
        settings = self._settings
        tokens = [v for name, v in headers if name == settings.signed_header.encode()]
        if not settings.signed_secret or not tokens:
            return ""
        wrong = UnauthorizedError(
            f"the header {settings.signed_header} is not signed with "
            "GUIDED_PROFILE_OPENWEBUI_SECRET, or it is too old; set the same secret in Open WebUI."
        )
        if len(tokens) > 1 or len(tokens[0]) > MAX_CHARACTERS:
            raise wrong
        try:
            claims = jwt.decode(
                tokens[0],
                settings.signed_secret,
                algorithms=["HS256"],
                issuer=ISSUER,
                leeway=LEEWAY,
                options={"require": ["exp", "sub", "iss"], "verify_aud": False},
            )
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            raise wrong from None
        user_id = claims["sub"]
        if not isinstance(user_id, str) or not usable_id(user_id):
            raise wrong
        return user_id


def _given(headers: Headers) -> dict[str, str]:
    """Return the credentials of a request, by the headers that they stand in.

    Raises:
        UnauthorizedError: One stands there twice.
    """
    found: dict[str, str] = {}
    for raw, value in headers:
        name = raw.decode("latin-1")
        if name not in CREDENTIALS:
            continue
        if name in found:
            raise UnauthorizedError("the request says more than once who sends it; say it once.")
        text = value.decode("latin-1").strip()
        if name == "authorization":
            scheme, _, text = text.partition(" ")
            text = text.strip() if scheme.lower() == "bearer" else ""
        found[name] = text
    return found
