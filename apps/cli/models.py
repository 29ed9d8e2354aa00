"""`guided-profile models`: the weights of the embedded models, listed and fetched."""

import argparse
import json

from rich.console import Console

from guided_profile.graph.errors import QuestionError
from guided_profile.tools.progress import downloads
from guided_profile.tools.weights.catalogue import CATALOGUE
from guided_profile.tools.weights.fetch import ensure, is_here


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell the parser what `models` takes."""
    parser.add_argument("action", nargs="?", choices=["list", "pull"], default="list")
    parser.add_argument("name", nargs="?")


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """List the weights, or fetch some."""
    if given.action == "pull":
        if not given.name:
            raise QuestionError(f"name the weights to pull: {', '.join(CATALOGUE)}.")
        with downloads(notes) as on_progress:
            folder = ensure(given.name, progress=on_progress)
        out.print(f"{given.name} is in {folder}")
        return 0
    listed = [
        {
            "name": weights.name,
            "megabytes": round(sum(file.size for file in weights.files) / 1e6),
            "licence": weights.licence,
            "here": is_here(weights.name),
        }
        for weights in CATALOGUE.values()
    ]
    if given.json:
        out.print_json(json.dumps(listed))
        return 0
    for entry in listed:
        here = "here" if entry["here"] else "not fetched"
        out.print(f"{entry['name']}  {entry['megabytes']} MB  {entry['licence']}  {here}")
    return 0
