"""A server of a test's own, reached from outside: real routes and files, a scripted model."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from fastapi import FastAPI
from starlette.testclient import TestClient

from guided_profile.apps.server.access.tokens import ADMIN, Verifier
from guided_profile.apps.server.app import make_app
from guided_profile.apps.server.process.resources import ServerResources
from guided_profile.apps.server_settings import ServerSettings
from guided_profile.apps.settings import read_settings

SECRET = "a secret of the tests that is long enough for HS512, which wants 64 bytes"


def token(
    user: object = "anna", *, key: Any = SECRET, algorithm: str = "HS256", **claims: Any
) -> str:
    """Return a token that holds for an hour; a claim of None is left out."""
    now = datetime.now(UTC)
    body = {"sub": user, "exp": now + timedelta(hours=1)} | claims
    return jwt.encode(
        {name: value for name, value in body.items() if value is not None}, key, algorithm
    )


def bearer(given: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {given}"}


ANNA, BOB = bearer(token("anna")), bearer(token("bob"))
ROOT = bearer(token("root", scope=f"openid {ADMIN}"))


def jwt_settings(**more: Any) -> ServerSettings:
    given = {"auth": frozenset({"jwt"}), "secret": SECRET, "keys": Path("none"), "rate": 10_000}
    return ServerSettings(**given | more)


def an_app(settings: ServerSettings) -> tuple[FastAPI, ServerResources, Verifier]:
    """Return the server of the data folder and the endpoint of the environment, and its parts."""
    made, verifier = ServerResources.assembled(read_settings()), Verifier(settings)

    async def parts() -> ServerResources:
        return made

    return make_app(parts, lambda: verifier, lambda: settings), made, verifier


@contextmanager
def served(
    settings: ServerSettings | None = None, client: str = "203.0.113.7"
) -> Iterator[tuple[TestClient, ServerResources]]:
    """Serve the data folder and the endpoint of the environment; see `conftest.endpoint`."""
    app, made, verifier = an_app(settings or jwt_settings())
    base = "http://localhost" if verifier.open else "https://profiles.example"
    with made.history, TestClient(app, base, client=(client, 1234)) as outside:
        yield outside, made
