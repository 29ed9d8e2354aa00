"""`guided-profile restore`: what `backup` copied, put back."""

import argparse
import asyncio
import json
from pathlib import Path

from rich.console import Console

from guided_profile.apps.settings import read_settings
from guided_profile.tools.user_data.backup import bring_back


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell the parser what `restore` takes."""
    parser.add_argument("folder", type=Path, help="what `backup` made")
    parser.add_argument(
        "--chroma", type=Path, metavar="FOLDER", help="the empty folder of a Chroma server"
    )


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Put a backup into the data folder, which has to be empty; nothing may be using it."""
    settings = read_settings(data=given.data)
    files = await asyncio.to_thread(
        bring_back,
        given.folder,
        settings.data,
        chroma=given.chroma,
        database=settings.database_url,
    )
    if given.json:
        out.print_json(json.dumps({"data": str(settings.data), "files": files}))
    else:
        out.print(f"put {files} files back into {settings.data}", soft_wrap=True)
    return 0
