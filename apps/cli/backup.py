"""`guided-profile backup`: all that is kept, copied while it is in use."""

import argparse
import asyncio
import json
from pathlib import Path

from rich.console import Console

from guided_profile.apps.assembly import HISTORY, PROFILES
from guided_profile.apps.server_settings import KEYS
from guided_profile.apps.settings import read_settings
from guided_profile.tools.user_data.backup import back_up


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell the parser what `backup` takes."""
    parser.add_argument("folder", type=Path, help="a new folder for the copy")
    parser.add_argument(
        "--chroma",
        type=Path,
        metavar="FOLDER",
        help="the folder of the Chroma server, which is copied too",
    )


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Copy what is in use: the data folder, and the Postgres that the settings name.

    What of the folder servers have in its place is as it was before `migrate`, and is left out.
    """
    settings = read_settings(data=given.data)
    elsewhere = [HISTORY] if settings.chroma_url else []
    elsewhere += [PROFILES, KEYS] if settings.database_url else []
    files = await asyncio.to_thread(
        back_up,
        settings.data,
        given.folder,
        chroma=given.chroma,
        database=settings.database_url,
        left_out=elsewhere,
    )
    if old := [name for name in elsewhere if (settings.data / name).exists()]:
        notes.print(
            f"not in this backup, since servers have it now: {', '.join(old)} of {settings.data}, "
            "as it was before `guided-profile migrate`",
            soft_wrap=True,
        )
    if settings.chroma_url and given.chroma is None:
        notes.print(
            f"the histories are on the Chroma server at {settings.chroma_url}, and not in this "
            "backup: where it runs, name its folder with --chroma",
            soft_wrap=True,
        )
    if given.json:
        out.print_json(json.dumps({"folder": str(given.folder), "files": files}))
    else:
        out.print(f"copied {files} files to {given.folder}", soft_wrap=True)
    return 0
