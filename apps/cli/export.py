"""`guided-profile export`: everything that is kept about a user."""

import argparse
import json

from rich.console import Console

from guided_profile.apps.cli.kept import open_kept
from guided_profile.apps.settings import read_settings
from guided_profile.apps.terminal import marked
from guided_profile.graph.errors import QuestionError
from guided_profile.tools.user_data.export import export_user


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell the parser what `export` takes."""
    parser.add_argument("--user", required=True)


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Print everything that is kept about a user as JSON, which `add` takes back."""
    async with open_kept(read_settings(data=given.data), notes) as (history, store):
        everything = await export_user(given.user, history=history, store=store)
    if not everything["items"] and not everything["profiles"]:
        raise QuestionError(f"nothing is kept about {given.user!r}.")
    print(marked(json.dumps(everything, indent=1, ensure_ascii=False)))
    return 0
