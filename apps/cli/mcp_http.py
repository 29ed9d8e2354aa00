"""`guided-profile mcp --http`: the same tools over Streamable HTTP, for any number of users.

The key or token of a request says whose they are, as on the server. Where nobody is asked who they
are, it serves one user, to this machine alone.
"""

import argparse
from typing import Any

import uvicorn
from rich.console import Console
from starlette.types import ASGIApp

from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.cli.serve import check_address
from guided_profile.apps.server.access.guard import CALLER, Guard
from guided_profile.apps.server.access.tokens import Verifier
from guided_profile.apps.server_settings import ServerSettings, read_server_settings
from guided_profile.apps.settings import read_settings
from guided_profile.graph.errors import SettingsError
from guided_profile.tools.progress import downloads

PATH = "/mcp"
GRACE = 5
"""Seconds that calls have to end after a signal to stop."""


async def serve(given: argparse.Namespace, notes: Console) -> int:
    """Serve over HTTP until a signal to stop."""
    server = read_server_settings()
    verifier = Verifier(server)
    if verifier.open and not given.user:
        raise SettingsError(
            "nobody is asked who they are, so it is not clear whose tools to serve: give --user, "
            "or set GUIDED_PROFILE_AUTH to serve each caller their own."
        )
    if given.user and not verifier.open:
        raise SettingsError(
            "--user is given, but GUIDED_PROFILE_AUTH is set: whose tools a caller gets is what "
            "their key or token says; leave one of the two out."
        )
    check_address(given.host, given.port)
    with downloads(notes) as on_progress:
        companion = Companion.open(
            read_settings(data=given.data), task=given.task, on_progress=on_progress
        )
    with companion:
        config = uvicorn.Config(
            make_app(companion, verifier, server, user_id=given.user or ""),
            host=given.host,
            port=given.port,
            log_level="warning",
            timeout_graceful_shutdown=GRACE,
        )
        notes.print(f"MCP at http://{given.host}:{given.port}{PATH}", highlight=False)
        await uvicorn.Server(config).serve()
    return 0


def make_app(
    companion: Companion, verifier: Verifier, settings: ServerSettings, *, user_id: str = ""
) -> ASGIApp:
    """Return the ASGI application.

    Args:
        companion: Who knows the users.
        verifier: Tells who sends a request; one that asks nobody lets in this machine alone.
        settings: How much a caller may ask for.
        user_id: Whose tools are served where nobody is asked who they are.
    """
    from mcp.server.transport_security import TransportSecuritySettings  # the extra `mcp`

    from guided_profile.apps.assistants.mcp import make_server

    def user_of(asked: Any) -> str:
        return user_id or str(asked.request.scope[CALLER].user_id)

    app = make_server(companion, user_of).streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=True,  # a call needs none before it, so that any worker may serve it
        json_response=True,
        max_request_body_size=settings.body_megabytes * 1_000_000,
        # the guard decides who may ask: this machine alone, or whoever has a key
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    return Guard(app, verifier=lambda: verifier, settings=lambda: settings)
