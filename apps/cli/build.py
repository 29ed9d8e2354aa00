"""`guided-profile build`: the profiles of many users, made or refreshed in one run."""

import argparse
from pathlib import Path

from rich.console import Console


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell the parser what `build` takes."""
    add = parser.add_argument
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--all", action="store_true", help="everybody who has a history here")
    whose.add_argument(
        "--from",
        dest="source",
        type=Path,
        metavar="FILE",
        help="the users of a JSONL or Parquet file of histories; needs --out",
    )
    add("--out", type=Path, metavar="FILE", help="JSONL that the profiles of --from go to")
    add("--task", default="dialogue", help="a task's name, or its YAML file")
    add("--concurrency", type=int, default=4, metavar="K", help="users worked on at once (4)")
    add(
        "--ray",
        nargs="?",
        const="local",
        metavar="ADDRESS",
        help="work in several processes, each on K users; with an address, on a Ray cluster",
    )
    add("--workers", type=int, metavar="W", help="processes of --ray; left out: one a core")
    add("--dry-run", action="store_true", help="say what it would take, and do nothing")
    add("--price-in", type=float, metavar="X", help="of a million input tokens")
    add("--price-out", type=float, metavar="Y", help="of a million output tokens")
    add("--limit-cost", type=float, metavar="C", help="stop once that is spent; needs the prices")
    add("--limit-tokens", type=int, metavar="N", help="stop once so many tokens are spent")
    add("--batch-out", type=Path, metavar="FILE", help="call no model; write its requests down")
    add(
        "--batch-in",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="the results of earlier requests, in the format of OpenAI's Batch API",
    )
    add("--failures", type=Path, metavar="FILE", help="JSONL of who failed and why")


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Make the profiles that are missing or stale, or say what that takes; 1 if some failed."""
    from guided_profile.apps.cli import build_users  # what it needs is slow to import

    return await build_users.build(given, out, notes)
