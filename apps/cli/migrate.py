"""`guided-profile migrate`: from the data folder to a Chroma server and a Postgres, or back."""

import argparse
import asyncio
import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from guided_profile.apps import assembly
from guided_profile.apps.server.access.keys import open_keys
from guided_profile.apps.server_settings import KEYS, key_file
from guided_profile.apps.settings import Settings, read_settings
from guided_profile.graph.errors import InputError, SettingsError
from guided_profile.tools.progress import downloads
from guided_profile.tools.user_data.migrate import (
    CarriedVectors,
    Moved,
    move_histories,
    move_records,
)

NOTE = "migrated.json"
"""In the data folder: which way everything was brought last."""


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell the parser what `migrate` takes."""
    parser.add_argument(
        "--back", action="store_true", help="from the servers to the folder, instead of to them"
    )
    parser.add_argument(
        "--again",
        action="store_true",
        help="once more the same way; what was deleted at the other place since comes back",
    )


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Bring histories, profiles, decisions and keys to the other place; here all stays."""
    shared = read_settings(data=given.data)
    if not (shared.chroma_url or shared.database_url):
        raise SettingsError(
            "set GUIDED_PROFILE_CHROMA_URL for the histories, and GUIDED_PROFILE_DATABASE_URL for "
            "profiles and keys, so that it is known where they go."
        )
    note = shared.data / NOTE
    way = "back" if given.back else "to the servers"
    _check_way(note, way, again=given.again)
    folder = replace(shared, chroma_url=None, database_url=None)
    source, target = (shared, folder) if given.back else (folder, shared)
    moved: dict[str, Moved] = {}
    if shared.chroma_url:
        moved["items"] = await asyncio.to_thread(_histories, source, target, notes)
    if shared.database_url:
        async with assembly.profile_store(source) as old, assembly.profile_store(target) as new:
            moved["records"] = await move_records(old, new)
        file = shared.data / KEYS if given.data else key_file()
        moved["keys"] = await asyncio.to_thread(
            _keys, file, source.database_url, target.database_url
        )
    record = {"way": way, "at": datetime.now(UTC).isoformat()}
    await asyncio.to_thread(note.write_text, json.dumps(record))
    _tell(moved, shared, way, given, out, notes)
    return 0


def _check_way(note: Path, way: str, *, again: bool) -> None:
    try:
        last = json.loads(note.read_text())
    except (OSError, ValueError):
        return
    if last.get("way") == way and not again:
        raise InputError(
            f"everything was brought {way} already, at {last.get('at')}; once more would bring "
            "back what was deleted there since. If that is wanted, give --again."
        )


def _histories(source: Settings, target: Settings, notes: Console) -> Moved:
    with downloads(notes) as on_progress:
        vectors = CarriedVectors(assembly.embedder(source, on_progress))
    with (
        assembly.open_history(source, vectors) as old,
        assembly.open_history(target, vectors) as new,
        notes.status("histories") as status,
    ):
        return move_histories(
            old, new, vectors, lambda done, of: status.update(f"histories: {done} of {of} users")
        )


def _keys(file: Path, source: str | None, target: str | None) -> Moved:
    """Bring the keys, as the digests that they are kept as; those who have one go on with it."""
    moved = Moved()
    with closing(open_keys(file, source)) as old, closing(open_keys(file, target)) as new:
        here, before = old.all(), {key.id: key for key in new.all()}
        for key in here:
            if before.get(key.id) != key:
                new.put(key)
                moved.new += 1
        after = {key.id: key for key in new.all()}
    lines = [key.model_dump_json() for key in here]
    if not moved.compared(lines, [after[key.id].model_dump_json() for key in here]):
        raise SettingsError("the keys are not the same at both places; give the command again.")
    moved.only_there = len(after) - len(here)
    return moved


def _tell(
    moved: dict[str, Moved],
    shared: Settings,
    way: str,
    given: argparse.Namespace,
    out: Console,
    notes: Console,
) -> None:
    if given.json:
        figures: dict[str, Any] = {kind: result.figures() for kind, result in moved.items()}
        out.print_json(json.dumps({"way": way} | figures))
        return
    for kind, result in moved.items():
        text = f"{kind}: {result.there} there ({result.new} brought now)"
        text += ", the same by count and digest"
        if result.newer_there:
            text += f"; {result.newer_there} of them were changed there since, and stay so"
        if result.only_there:
            text += f"; {result.only_there} more are there and not here, and stay"
        text += f"; sha256 {result.digest[:16]}" if result.digest else ""
        out.print(text, soft_wrap=True)
    for left, name in (
        (not shared.chroma_url and "histories", "GUIDED_PROFILE_CHROMA_URL"),
        (not shared.database_url and "profiles and keys", "GUIDED_PROFILE_DATABASE_URL"),
    ):
        if left:
            notes.print(f"the {left} were left where they are: {name} is not set", soft_wrap=True)
    out.print(
        f"nothing was deleted in {'the servers' if given.back else shared.data}", soft_wrap=True
    )
