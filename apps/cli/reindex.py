"""`guided-profile reindex`: the history is embedded again with the embedder in use."""

import argparse
import asyncio
import json

from rich.console import Console

from guided_profile.apps import assembly
from guided_profile.apps.settings import read_settings
from guided_profile.graph.errors import SettingsError
from guided_profile.tools.history.reindex import reindex
from guided_profile.tools.progress import downloads


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell the parser what `reindex` takes: nothing of its own."""


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Embed all items of the data folder again; the old vectors stay until that is done."""
    settings = read_settings(data=given.data)
    if settings.chroma_url:
        raise SettingsError(
            "reindex works on a folder, and GUIDED_PROFILE_CHROMA_URL is set: stop the server, "
            "leave the variable out, and name the folder above the server's with --data."
        )
    with downloads(notes) as on_progress:
        embedder = assembly.embedder(settings, on_progress)
    with notes.status("embedding") as status:

        def on_user(done: int, of: int) -> None:
            status.update(f"embedding again: {done} of {of} users")

        items = await asyncio.to_thread(
            reindex, settings.data / assembly.HISTORY, embedder, on_user
        )
    if given.json:
        out.print_json(json.dumps({"items": items, "embedder": embedder.id}))
    else:
        out.print(f"{items} items are embedded with {embedder.id}")
    return 0
