"""`guided-profile mcp`: one user's history and profile, served to an assistant."""

import argparse

from rich.console import Console

from guided_profile.graph.errors import SettingsError


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell the parser what `mcp` takes."""
    parser.add_argument("--user", required=True, help="whose; no other's can be reached")
    parser.add_argument("--task", default="assistant", help="the task whose profile is shown")


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Serve over standard input and output until the assistant hangs up."""
    try:
        from guided_profile.apps.assistants.mcp import serve
    except ImportError as error:
        raise SettingsError(
            f"{error.name} is not installed; install it with pip install 'guided-profile[mcp]'."
        ) from error
    return await serve(given, notes)
