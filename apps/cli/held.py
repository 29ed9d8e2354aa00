"""The command `held`: items that no prompt uses, listed, and released.

They look like orders to the model, or the user asked to forget them.
"""

import argparse
import json
from collections.abc import Sequence

from rich.console import Console

from guided_profile.apps.cli import render
from guided_profile.apps.cli.kept import open_kept
from guided_profile.apps.settings import read_settings
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.safety.screen import held_back


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell the parser what `held` takes."""
    parser.add_argument("--user", required=True)
    parser.add_argument(
        "--release", nargs="+", default=[], metavar="ID", help="items to use like any other"
    )
    parser.add_argument(
        "--withdrawn",
        action="store_true",
        help="those that the user asked to forget, and has not had deleted",
    )


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """List what is held back with the reasons, the newest first; or release items."""
    settings = read_settings(data=given.data)
    async with open_kept(settings, notes) as (history, _):
        if given.release:
            there = history.release(given.user, given.release)
            missing = [id_ for id_ in given.release if id_ not in there]
            if given.json:
                out.print_json(json.dumps({"released": there, "not_there": missing}))
            else:
                out.print(f"released {len(there)}, not there {len(missing)}")
            return 0 if there else 2
        items = history.list(given.user, withdrawn=True)[::-1]
    if given.withdrawn:
        return _withdrawn(given, [item for item in items if item.withdrawn], out)
    held = held_back(item for item in items if not item.withdrawn)
    if given.json:
        listed = [
            {"item": item.model_dump(mode="json"), "reasons": reasons} for item, reasons in held
        ]
        out.print_json(json.dumps(listed))
        return 0
    for item, reasons in held:
        out.print(f"{render.item(item, width=300)}\n    {'; '.join(reasons)}", soft_wrap=True)
    out.print(
        f"{len(held)} held back from every prompt; --release ID uses one like any other"
        if held
        else f"nothing of {given.user!r} is held back"
    )
    return 0


def _withdrawn(given: argparse.Namespace, items: Sequence[HistoryItem], out: Console) -> int:
    if given.json:
        out.print_json(json.dumps([item.model_dump(mode="json") for item in items]))
        return 0
    for item in items:
        out.print(render.item(item, width=300), soft_wrap=True)
    out.print(
        f"{len(items)} not used, since the user asked to forget them; `forget` deletes them, and "
        "--release ID uses one again"
        if items
        else f"{given.user!r} asked to forget nothing that is still here"
    )
    return 0
