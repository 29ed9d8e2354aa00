"""`guided-profile forget`: items of a user, or everything that is kept about them, deleted."""

import argparse
import json
import sys

from rich.console import Console

from guided_profile.apps.cli.kept import open_kept
from guided_profile.apps.settings import read_settings
from guided_profile.graph.errors import QuestionError
from guided_profile.tools.user_data.erase import forget_items, forget_user


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell the parser what `forget` takes."""
    parser.add_argument("ids", nargs="*", metavar="ID", help="items; none: everything of the user")
    parser.add_argument("--user", required=True)
    parser.add_argument("--yes", action="store_true", help="do not ask before deleting everything")


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Delete items of a user with the profiles made from them, or everything."""
    settings = read_settings(data=given.data)
    if not given.ids and not given.yes:
        notes.print(f"This deletes everything kept about {given.user!r}. Type yes:")
        if sys.stdin.readline().strip().casefold() != "yes":
            raise QuestionError("nothing was deleted; type yes, or give --yes.")
    async with open_kept(settings) as (history, store):
        if given.ids:
            gone = await forget_items(given.user, given.ids, history=history, store=store)
            missing = [id_ for id_ in given.ids if id_ not in gone]
            done = {"items": len(gone), "not_there": missing}
            message = (
                f"deleted {len(gone)}, not there {len(missing)}; profiles made from them are too"
                if gone
                else f"{given.user!r} has none of these items, so nothing was deleted"
            )
        else:
            counts = await forget_user(given.user, history=history, store=store)
            done = {"items": counts.items, "records": counts.records}
            message = f"deleted {counts.items} items and {counts.records} records of profiles"
            if not counts.items and not counts.records:
                message = f"nothing was kept about {given.user!r}, so nothing was deleted"
        stays = history.stays if done["items"] else ""
    if given.json:
        out.print_json(json.dumps(done | ({"stays": stays} if stays else {})))
    else:
        out.print(message)
        if stays:
            out.print(stays, soft_wrap=True)
    return 1 if given.ids and not done["items"] else 0
