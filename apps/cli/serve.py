"""`guided-profile serve`: the server, with what calls other machines switched off."""

import argparse
import json
import os
import socket
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from guided_profile.apps import assembly
from guided_profile.apps.server_settings import read_server_settings
from guided_profile.apps.settings import read_settings
from guided_profile.graph.errors import SettingsError

QUIET = {
    "LANGGRAPH_CLI_NO_ANALYTICS": "1",  # else every start is reported to the platform's makers
    "LANGGRAPH_NO_VERSION_CHECK": "true",  # else a package index is asked
    "FF_V2_EVENT_STREAMING": "false",  # a second way to start runs, which nothing here needs
}
"""The platform's own switches; what the environment says of them already stands."""

ALONE = "guided_profile.apps.cli.serve_alone"
"""The module that serves our routes alone."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell the parser what `serve` takes."""
    parser.add_argument(
        "--langgraph",
        action="store_true",
        help="serve LangGraph's own API too, as `langgraph dev` does",
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=int, help="2024 with --langgraph, else 8000")
    parser.add_argument(
        "--config",
        type=Path,
        default=Path("langgraph.json"),
        metavar="FILE",
        help="with --langgraph: its configuration (default: langgraph.json in this folder)",
    )


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Become the server's process, which ends as that does."""
    module = "langgraph_cli" if given.langgraph else "uvicorn"
    missing = [name for name in (module, "uvicorn", "fastapi") if find_spec(name) is None]
    if missing:
        raise SettingsError(
            f"{missing[0]} is not installed; install it with pip install 'guided-profile[server]'."
        )
    if given.langgraph and not given.config.is_file():
        raise SettingsError(
            f"there is no file {str(given.config)!r}; run this in the folder of langgraph.json, or "
            "name the file with --config."
        )
    environment = QUIET | dict(os.environ)
    if given.data is not None:
        environment["GUIDED_PROFILE_DATA"] = str(given.data.expanduser().absolute())
    port = (2024 if given.langgraph else 8000) if given.port is None else given.port
    there = _with_env_of(given.config, environment) if given.langgraph else environment
    _check(given.host, port, there, opens=given.langgraph)
    if given.langgraph:
        where = ["--host", given.host, "--port", str(port)]
        dev = ["dev", "--no-browser", "--no-reload", "--n-jobs-per-worker", "10"]
        command = [module, *dev, "--config", str(given.config), *where]
    else:
        command = [ALONE, given.host, str(port), *(["--json"] if given.json else [])]
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", *command], environment)


def _with_env_of(config: Path, environment: dict[str, str]) -> dict[str, str]:
    """Return the environment as `langgraph dev` completes it from its configuration's `env`."""
    try:
        own = json.loads(config.read_text()).get("env") or {}
        if isinstance(own, str):
            from dotenv import dotenv_values  # comes with langgraph_cli

            own = dotenv_values(own)
        return environment | {name: str(value) for name, value in own.items() if value is not None}
    except (OSError, ValueError, AttributeError, ImportError):
        return environment  # the platform says itself what is wrong with it


def _check(host: str, port: int, environment: Mapping[str, str], *, opens: bool) -> None:
    """Find out here, where one line can say it, what would keep the server from starting.

    Raises:
        GuidedProfileError: A setting or the port is wrong; if `opens`, the history cannot be had.
    """
    from guided_profile.apps.server.access.tokens import Verifier  # with the server's extra alone

    settings = read_settings(environment)
    Verifier(read_server_settings(environment))
    check_address(host, port)
    assembly.check_folder(settings)
    if opens:
        assembly.open_history(settings, None).close()


def check_address(host: str, port: int) -> None:
    """Find out whether something can listen there.

    Raises:
        SettingsError: It cannot.
    """
    if not 1 <= port <= 65_535:
        raise SettingsError(f"there is no port {port}; give --port a number from 1 to 65535.")
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        socket.create_server(address[:2], family=family).close()
    except (OSError, UnicodeError) as error:
        why = str(getattr(error, "strerror", None) or error).partition(" (while")[0]
        raise SettingsError(
            f"nothing can listen on port {port} of {host!r} ({why}); give another --port or --host."
        ) from None
