"""`guided-profile serve`: the server, with what calls other machines switched off."""

import argparse
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from rich.console import Console

from guided_profile.graph.errors import SettingsError

QUIET = {
    "LANGGRAPH_CLI_NO_ANALYTICS": "1",  # else every start is told to the platform's makers
    "LANGGRAPH_NO_VERSION_CHECK": "true",  # else a package index is asked
    "FF_V2_EVENT_STREAMING": "false",  # a second way to start runs, which nothing here needs
}
"""The platform's own switches; what the environment says of them already stands."""


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
    where = ["--host", given.host, "--port", str(given.port or (2024 if given.langgraph else 8000))]
    if given.langgraph:
        dev = ["dev", "--no-browser", "--no-reload", "--n-jobs-per-worker", "10"]
        command = [module, *dev, "--config", str(given.config), *where]
    else:
        command = [module, "guided_profile.apps.server.app:app", *where]
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", *command], environment)
