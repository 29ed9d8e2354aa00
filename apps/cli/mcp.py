"""`guided-profile mcp`: one user's history and profile, served to an assistant."""

import argparse

from rich.console import Console

from guided_profile.graph.errors import SettingsError


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell the parser what `mcp` takes."""
    parser.add_argument("--user", help="whose; no other's can be reached")
    parser.add_argument("--task", default="assistant", help="the task whose profile is shown")
    parser.add_argument(
        "--http",
        action="store_true",
        help="serve over Streamable HTTP; with GUIDED_PROFILE_AUTH, each caller their own",
    )
    parser.add_argument("--host", default="127.0.0.1", help="with --http: the address to listen on")
    parser.add_argument("--port", type=int, default=8200, help="with --http: the port (8200)")


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Serve over standard input and output until the assistant hangs up, or over HTTP."""
    if not (given.user or given.http):
        raise SettingsError("--user is missing: say whose history and profile are served.")
    try:
        if given.http:
            from guided_profile.apps.cli.mcp_http import serve as serve_http

            return await serve_http(given, notes)
        from guided_profile.apps.assistants.mcp import serve
    except ImportError as error:
        extra = "mcp,server" if given.http else "mcp"
        raise SettingsError(
            f"{error.name} is not installed; install it with pip install 'guided-profile[{extra}]'."
        ) from error
    return await serve(given, notes)
