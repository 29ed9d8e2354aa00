"""The command `keys`: the API keys of the server's users."""

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from guided_profile.apps.server.access.keys import KeyFile, open_keys, usable_id
from guided_profile.apps.server_settings import KEYS, key_file
from guided_profile.apps.settings import read_database_url
from guided_profile.graph.errors import QuestionError

if TYPE_CHECKING:
    from guided_profile.apps.server.access.key_table import KeyTable


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell the parser what `keys` takes."""
    parser.add_argument("action", choices=["add", "list", "revoke"])
    parser.add_argument("id", nargs="?", help="the key to revoke, as listed")
    parser.add_argument("--user", help="whose key it is, or whose are listed or revoked")
    parser.add_argument("--admin", action="store_true", help="the key may name any user")


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Make a key and show it once, list the keys, or take some away."""
    keys = open_keys(_path(given), read_database_url())
    try:
        return _done(keys, given, out, notes)
    finally:
        keys.close()


def _done(
    file: "KeyFile | KeyTable", given: argparse.Namespace, out: Console, notes: Console
) -> int:
    if given.action == "add":
        if given.user is None or not usable_id(given.user):
            raise QuestionError("name the user whose key it is, with --user.")
        made, key = file.add(given.user, admin=given.admin, now=datetime.now(UTC))
        if given.json:
            print(json.dumps({"id": made.id, "user": made.user, "admin": made.admin, "key": key}))
        else:
            notes.print("the key, which is shown this once:")
            print(key)
        return 0
    chosen = [key for key in file.all() if given.user in (None, key.user)]
    if given.action == "revoke":
        if given.id is None and given.user is None:
            raise QuestionError("name the key to revoke, as `keys list` shows it, or its --user.")
        if given.id is not None:
            chosen = [file.revoke(given.id)]
        else:
            chosen = [file.revoke(key.id) for key in chosen]
    listed = [
        {"id": key.id, "user": key.user, "admin": key.admin, "created": key.created.isoformat()}
        for key in chosen
    ]
    if given.json:
        print(json.dumps(listed))
        return 0
    before = "revoked " if given.action == "revoke" else ""
    for entry in listed:
        rights = "  admin" if entry["admin"] else ""
        out.print(f"{before}{entry['id']}  {entry['user']}  {entry['created']}{rights}")
    if not listed:
        out.print("there are no keys" + (f" of {given.user!r}" if given.user else ""))
    return 0


def _path(given: argparse.Namespace) -> Path:
    """Return the file of the keys; the command line's data folder comes first."""
    return key_file() if given.data is None else given.data.expanduser() / KEYS
