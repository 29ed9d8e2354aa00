"""`guided-profile tasks`: the built-in tasks and one's own."""

import argparse
import json

from rich.console import Console

from guided_profile.apps import assembly
from guided_profile.apps.settings import read_settings
from guided_profile.apps.terminal import plain


def arguments(parser: argparse.ArgumentParser) -> None:
    """Take nothing but what all commands take."""


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """List the tasks."""
    known = assembly.known_tasks(read_settings(data=given.data))
    if given.json:
        out.print_json(json.dumps([task.model_dump(mode="json") for task in known.values()]))
        return 0
    for task in known.values():
        out.print(plain(task.name, "bold") + plain(f" ({task.kind}): {task.description}"))
        out.print(f"  asks: {task.guiding_question}")
    return 0
