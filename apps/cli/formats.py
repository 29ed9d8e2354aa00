"""The command `formats`: the kinds of files that `add` takes, and how a person gets each."""

import argparse
import json

from rich.console import Console

from guided_profile.tools.readers.detect import READERS


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell the parser what `formats` takes: nothing of its own."""


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """List the formats."""
    if given.json:
        listed = [
            {"format": reader.format, "title": reader.title, "obtain": reader.obtain}
            for reader in READERS
        ]
        out.print_json(json.dumps(listed))
        return 0
    width = max(len(reader.format) for reader in READERS)
    for reader in READERS:
        how = f": {reader.obtain}" if reader.obtain else ""
        out.print(f"{reader.format:<{width}}  {reader.title}{how}", soft_wrap=True)
    return 0
