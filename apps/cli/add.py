"""The command `add`: a file of any known kind becomes part of a user's history."""

import argparse
import asyncio
import json
import logging
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from guided_profile.apps import assembly
from guided_profile.apps.cli.added import (
    as_json,
    count,
    name_formats,
    name_refused,
    show_left,
    show_preview,
)
from guided_profile.apps.cli.table_columns import confirmed
from guided_profile.apps.settings import read_settings
from guided_profile.graph.errors import HistoryItemError, SettingsError
from guided_profile.tools.embedders import advice
from guided_profile.tools.progress import downloads
from guided_profile.tools.readers.detect import FIELDS, FORMATS, Reading
from guided_profile.tools.readers.ingest import Ingested, ingesting
from guided_profile.tools.readers.preview import SHOWN as SHOWN_ITEMS
from guided_profile.tools.readers.times import DateOrder
from guided_profile.tools.user_data.erase import forget_made_from
from guided_profile.tools.user_data.restore import (
    Restored,
    read_export,
    restore_profiles,
)

Show = Callable[[Ingested], None]


def _named(file: str) -> Path:
    """Return the path that was named: an empty one, as of an unset variable, is not this folder."""
    if not file:
        raise argparse.ArgumentTypeError("no file is named")
    return Path(file)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell the parser what the command takes."""
    parser.add_argument("file", type=_named, help="a file, or the folder, zip or tar of an export")
    parser.add_argument("--user", required=True, help="whose history it is")
    parser.add_argument(
        "--format",
        choices=FORMATS,
        metavar="FORMAT",
        default="auto",
        help="one of those that `guided-profile formats` lists; auto: found out from the file",
    )
    parser.add_argument(
        "--column",
        action="append",
        default=[],
        metavar="FIELD=COLUMN",
        help=f"the CSV column or JSONL key of a field ({', '.join(FIELDS)}); may be repeated, and "
        "the columns that are not named are not read then",
    )
    parser.add_argument(
        "--yes",
        action="store_true",
        help="of a table whose columns are not sure, take what they seem to hold without asking",
    )
    parser.add_argument("--source", metavar="NAME", help="the source of items that name none")
    parser.add_argument(
        "--me",
        metavar="NAME",
        help="who of the people in a chat, or in a role column, the user is",
    )
    parser.add_argument(
        "--timezone", metavar="ZONE", help="of times that name none, as Europe/Berlin; else UTC"
    )
    parser.add_argument(
        "--dates",
        choices=get_args(DateOrder),
        help="the order of dates like 03/04/2025: day first or month first",
    )
    parser.add_argument(
        "--paragraphs", action="store_true", help="of plain text, an item a paragraph, not a line"
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help=f"show the first {SHOWN_ITEMS} items and the counts, and add nothing",
    )
    parser.add_argument(
        "--keep-wishes",
        action="store_true",
        help="of an export, keep also what it pins, forbids and releases, which is else only shown",
    )


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Add a file to a user's history: the good entries are added, the bad ones are named."""
    reading = _reading(given)
    if given.dry_run:
        return show_preview(given.file, reading, out, notes, as_json=given.json)
    settings = read_settings(data=given.data)
    reading = confirmed(given.file, reading, settings.data, notes, yes=given.yes)
    # whoever adds a file is there to read it, whatever else is logged
    logging.getLogger(advice.__name__).setLevel(logging.WARNING)
    with downloads(notes) as on_progress:
        embed = assembly.embedder(settings, on_progress)
    done = Ingested()
    with assembly.open_history(settings, embed) as history, _bar(notes) as show:
        for so_far in ingesting(history, given.user, given.file, reading):
            if not given.json:
                name_formats(so_far.formats, done.formats, notes)
                name_refused(so_far, done, notes)
            done = so_far
            show(done)
            await asyncio.sleep(0)  # where Ctrl-C ends it, between two batches
        if done.replaced:
            async with assembly.profile_store(settings) as store:
                await forget_made_from(given.user, done.replaced, history=history, store=store)
        restored = Restored(0, ())
        if export := read_export(given.file, reading):
            keep = given.keep_wishes
            async with assembly.profile_store(settings) as store:
                restored = await restore_profiles(
                    export, given.user, store=store, history=history, keep_wishes=keep
                )
    there = done.added + done.duplicates + len(done.replaced)
    if not (there or done.refused or done.skipped or any(restored)):
        raise HistoryItemError(f"{str(given.file)!r} holds nothing to add.")
    if given.json:
        left = [wish._asdict() for wish in restored.left]
        again: dict[str, object] = {"restored": restored.records, "wishes_left": left}
        out.print_json(json.dumps(as_json(done) | again))
    else:
        show_left(restored, notes)
        suffix = f", profiles and wishes restored {restored.records}" if restored.records else ""
        out.print(count(done) + suffix)
        if done.held_back:
            notes.print(
                "what is held back looks like orders to the model, and no prompt has it; to see "
                f"and release it: guided-profile held --user {shlex.quote(given.user)}",
                soft_wrap=True,
            )
    if done.refused and not there:
        raise HistoryItemError(f"no entry of {str(given.file)!r} is a history item.")
    return 2 if done.refused else 0


def _reading(given: argparse.Namespace) -> Reading:
    try:
        zone = ZoneInfo(given.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(
            f"--timezone is {given.timezone!r}; give a name like Europe/Berlin."
        ) from error
    return Reading(
        format=given.format,
        columns=_columns(given.column),
        source=given.source,
        me=given.me,
        zone=zone,
        dates=given.dates,
        paragraphs=given.paragraphs,
    )


def _columns(given: Sequence[str]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for mapping in given:
        field, _, column = mapping.partition("=")
        if field not in FIELDS or not column:
            raise SettingsError(
                f"--column is {mapping!r}; give it as FIELD=COLUMN, where the field is one of "
                f"{', '.join(FIELDS)}."
            )
        columns[field] = column
    if columns and "text" not in columns:
        raise SettingsError("--column names no column for the text; add --column text=COLUMN.")
    return columns


@contextmanager
def _bar(notes: Console) -> Iterator[Show]:
    """Show how much of the file has been read, where there is a terminal."""
    columns = (
        TextColumn("adding"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=notes, transient=True) as bars:
        bar = bars.add_task("", total=None)

        def show(done: Ingested) -> None:
            total = None if done.fraction is None else 1.0
            bars.update(bar, description=count(done), completed=done.fraction or 0, total=total)

        yield show
