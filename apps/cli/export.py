"""`guided-profile export`: everything that is kept about a user."""

import argparse
import json
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from rich.console import Console

from guided_profile.apps.cli.kept import open_kept
from guided_profile.apps.settings import read_settings
from guided_profile.apps.terminal import marked
from guided_profile.graph.errors import QuestionError, SettingsError
from guided_profile.tools.user_data.export import export_user


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell the parser what `export` takes."""
    parser.add_argument("--user", required=True)
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="write it to a file of its owner's alone"
    )


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Print everything that is kept about a user as JSON, which `add` takes back."""
    async with open_kept(read_settings(data=given.data)) as (history, store):
        everything = await export_user(given.user, history=history, store=store)
    if not everything["items"] and not everything["profiles"]:
        raise QuestionError(f"nothing is kept about {given.user!r}.")
    text = json.dumps(everything, indent=1, ensure_ascii=False)
    if given.out is None:
        _close_to_others(sys.stdout)
        print(marked(text))
        return 0
    try:
        given.out.touch(0o600)
        given.out.chmod(0o600)
        given.out.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"--out {given.out} cannot be written ({error.strerror}).") from error
    notes.print(f"written to {given.out}", soft_wrap=True)
    return 0


def _close_to_others(stream: TextIO) -> None:
    """Make the empty file that a shell sends the output to its owner's alone."""
    with suppress(OSError, ValueError, AttributeError):  # no file, another owner's, or Windows
        there = os.fstat(stream.fileno())
        if stat.S_ISREG(there.st_mode) and not there.st_size:
            os.fchmod(stream.fileno(), 0o600)
