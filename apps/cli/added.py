"""How the command `add` says what it found, and what became of it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from guided_profile.apps.cli import render
from guided_profile.apps.cli.table_columns import in_words
from guided_profile.graph.errors import ColumnsError
from guided_profile.tools.readers.base import Reading, Refused
from guided_profile.tools.readers.detect import title_of
from guided_profile.tools.readers.ingest import Ingested
from guided_profile.tools.readers.preview import preview
from guided_profile.tools.user_data.restore import UNCONFIRMED, Restored

SHOWN = 100
"""How many refused entries are named in a terminal."""
DECIDED = {"pin": "{}, always", "forbid": "{}, never", "release": "released, as no order"}
"""How a decision of an export is shown, by its kind, with its task."""


def show_preview(
    path: Path, reading: Reading, out: Console, notes: Console, *, as_json: bool
) -> int:
    """Show what a file would add."""

    def show_formats(formats: Mapping[str, int]) -> None:
        if not as_json:
            name_formats(formats, {}, notes)

    try:
        found = preview(path, reading, show_formats)
    except ColumnsError as error:  # they are only shown here, and confirmed when it is added
        notes.print(f"the columns seem to hold: {in_words(error.columns)}", soft_wrap=True)
        found = preview(path, replace(reading, columns=error.columns))
    if as_json:
        out.print_json(
            json.dumps(
                {
                    "formats": dict(found.formats),
                    "items": found.items,
                    "sources": dict(found.sources),
                    "masked": found.masked,
                    "left_out": dict(found.left_out),
                    "refused": found.refused,
                    "shown": [item.model_dump(mode="json") for item in found.shown],
                    "refusals": [_refusal(entry) for entry in found.refusals],
                }
            )
        )
    else:
        for item in found.shown:
            whose = "" if item.role == "user" else ", of others"
            out.print(f"{render.item(item, width=300)}{whose}", soft_wrap=True)
        for entry in found.refusals:
            notes.print(f"{entry.place}: {entry.reason}", soft_wrap=True)
        sources = ", ".join(f"{name} {count}" for name, count in found.sources.items())
        refused = f"; secrets masked {found.masked}" if found.masked else ""
        refused += f"; refused {found.refused}" if found.refused else ""
        out.print(
            f"nothing was added; items {found.items}"
            + (f" ({sources})" if sources else "")
            + refused
            + _left(found.left_out),
            soft_wrap=True,
        )
    return 2 if found.refused or not found.items else 0


def name_formats(formats: Mapping[str, int], before: Mapping[str, int], notes: Console) -> None:
    """Say in one line what kind of file was found, once."""
    if formats and not before:
        each = [
            f"{title_of(format)} ({format})" + (f", {count} files" if count > 1 else "")
            for format, count in formats.items()
        ]
        notes.print(f"found: {'; '.join(each)}", soft_wrap=True)


def name_refused(done: Ingested, before: Ingested, notes: Console) -> None:
    """Name the entries that were refused since then, the first `SHOWN` of all."""
    for refusal in done.refusals[len(before.refusals) : SHOWN]:
        notes.print(f"{refusal.place}: {refusal.reason}", soft_wrap=True)
    if before.refused <= SHOWN < done.refused:
        notes.print("more are refused; they are counted, and --json names up to 1,000")


def show_left(restored: Restored, notes: Console) -> None:
    """Name what the export decides and was not taken over, so that it can be confirmed."""
    for wish in restored.left[:SHOWN]:
        decided = DECIDED[wish.kind].format(wish.task)
        notes.print(f"not kept, {wish.why}: {decided}: {wish.text}", soft_wrap=True)
    if any(wish.why == UNCONFIRMED for wish in restored.left):
        notes.print("if these are your own, add the file again with --keep-wishes")


def count(done: Ingested) -> str:
    """Say in a line what became of the entries."""
    held = f", held back {done.held_back}" if done.held_back else ""
    masked = f", secrets masked {done.masked}" if done.masked else ""
    edited = f", edited {len(done.replaced)}" if done.replaced else ""
    counted = f"added {done.added}, already there {done.duplicates}, refused {done.refused}"
    return counted + edited + held + masked + _left(done.left_out)


def as_json(done: Ingested) -> dict[str, object]:
    """Return what became of the entries as JSON has it."""
    return {
        "added": done.added,
        "duplicates": done.duplicates,
        "replaced": len(done.replaced),
        "held_back": done.held_back,
        "formats": dict(done.formats),
        "skipped": done.skipped,
        "left_out": dict(done.left_out),
        "masked": done.masked,
        "refused": done.refused,
        "refusals": [_refusal(refusal) for refusal in done.refusals],
    }


def _left(left_out: Mapping[str, int]) -> str:
    each = ", ".join(f"{reason} {count}" for reason, count in left_out.items())
    return f"; left out: {each}" if each else ""


def _refusal(entry: Refused) -> dict[str, object]:
    return {"place": entry.place, "line": entry.line, "reason": entry.reason}
