"""`guided-profile proxy`: an OpenAI-compatible endpoint that makes any chat personal."""

import argparse
import os
import sys
from importlib.util import find_spec

from rich.console import Console

from guided_profile.apps import assembly
from guided_profile.apps.cli.serve import check_address
from guided_profile.apps.server_settings import read_server_settings
from guided_profile.apps.settings import read_settings
from guided_profile.graph.errors import SettingsError

ALONE = "guided_profile.apps.cli.proxy_alone"
"""The module that is the proxy's process."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell the parser what `proxy` takes."""
    parser.add_argument(
        "--upstream",
        metavar="URL",
        help="what answers, down to its /v1 (default: GUIDED_PROFILE_UPSTREAM_URL, or else the "
        "model that writes the profiles)",
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=int, default=8100, help="the port (default: 8100)")
    parser.add_argument(
        "--workers",
        type=int,
        default=1,
        help="processes that serve; more than one want a Chroma server (GUIDED_PROFILE_CHROMA_URL)",
    )


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Become the proxy's process, which ends as that does."""
    if missing := [name for name in ("uvicorn", "fastapi", "jwt") if find_spec(name) is None]:
        raise SettingsError(
            f"{missing[0]} is not installed; install it with pip install 'guided-profile[server]'."
        )
    from guided_profile.apps.proxy.settings import read_proxy_settings
    from guided_profile.apps.server.access.tokens import Verifier

    environment = dict(os.environ)
    if given.data is not None:
        environment["GUIDED_PROFILE_DATA"] = str(given.data.expanduser().absolute())
    if given.upstream:
        environment["GUIDED_PROFILE_UPSTREAM_URL"] = given.upstream
    settings, server = read_settings(environment), read_server_settings(environment)
    Verifier(server)
    read_proxy_settings(environment, authenticates=bool(server.auth))
    if given.workers < 1 or (given.workers > 1 and not settings.chroma_url):
        raise SettingsError(
            f"--workers is {given.workers}; several processes share histories over a Chroma server "
            "alone: set GUIDED_PROFILE_CHROMA_URL, or leave --workers out."
        )
    check_address(given.host, given.port)
    assembly.check_folder(settings)
    command = [ALONE, given.host, str(given.port), str(given.workers)]
    if given.json:
        command.append("--json")
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", *command], environment)
