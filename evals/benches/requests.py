"""What users say about their memory: is it found, is it done, and is anything else taken for it?

    python -m guided_profile.evals.benches.requests tests/data/memory_requests.yaml --half report
    python -m guided_profile.evals.benches.requests MESSAGES.yaml --screen     # without a model
    python -m guided_profile.evals.benches.requests --meant tests/data/memory_meant.yaml
    python -m guided_profile.evals.benches.requests --forget FORGET.jsonl --n 20

The messages are labelled by `act` (`none` for an ordinary one), `language` and `half`. Of a file to
forget, each row has a `history` and the words of it that are `forgotten`: the user asks for that,
in a workflow without a profile; what is then still found, and what else is gone, is counted. A
file of `--meant` holds requests with notes, of which some are `meant`.
"""

import argparse
import asyncio
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from langchain_core.language_models import BaseChatModel
from langgraph.store.memory import InMemoryStore

from guided_profile.evals.benches.command import command
from guided_profile.evals.run.history import temporary_history
from guided_profile.evals.run.models import add_model_options, chosen_models
from guided_profile.evals.scorers.statistics import wilson
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.tasks import builtin_tasks
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.requests.heed import MemoryRequests
from guided_profile.tools.requests.kinds import kind_of
from guided_profile.tools.requests.meant import Notes, meant
from guided_profile.tools.requests.screen import screen

ASKED = "Please forget what I told you: {forgotten}"
NAMES = {"keep": "remember"}
"""Labels of the files that are named otherwise here."""


async def found(row: dict[str, Any], chat: BaseChatModel | None) -> str:
    """Return what is found in a message; without a model, whether it is let through."""
    if not screen().asking(row["text"]):
        return "none"
    if chat is None:
        return "let through"
    kind, _ = await kind_of(chat, row["text"])
    return kind or "none"


async def forgets(row: dict[str, Any], chat: BaseChatModel, embedder: Embedder) -> tuple[bool, int]:
    """Return whether a row's words are gone once that is confirmed, and how many others are."""
    items = [HistoryItem.model_validate(item) for item in row["history"]]
    with temporary_history(embedder) as history:
        history.add("user", items)
        requests = MemoryRequests(chat, history, builtin_tasks(), lambda: datetime.now(UTC))
        store = InMemoryStore()
        asked = ASKED.format(forgotten=row["forgotten"])
        await requests.heed("user", asked, store=store)
        await requests.heed("user", "Yes, delete it.", store=store)
        left = {item.text for item in history.list("user", withdrawn=True)}
    gone = [item.text for item in items if item.text not in left]
    return row["forgotten"] in gone, len([text for text in gone if text != row["forgotten"]])


async def named(row: dict[str, Any], chat: BaseChatModel, embedder: Embedder) -> set[str]:
    """Return the notes of a row that its request is taken to mean."""
    items = {note["text"]: HistoryItem(text=note["text"]) for note in row["notes"]}
    notes = Notes(items={item.id: item for item in items.values()})
    with temporary_history(embedder) as history:
        _, found, _ = await meant(chat, history, notes, row["request"], row["before"])
    return {notes.items[id_].text for id_ in found}


def meant_table(rows: Sequence[dict[str, Any]], named_by_row: Sequence[set[str]]) -> str:
    """Return how many of the notes that were meant were named, and how many others."""
    each = [
        (note["meant"], note["text"] in said)
        for row, said in zip(rows, named_by_row, strict=True)
        for note in row["notes"]
    ]
    whole = [
        {note["text"] for note in row["notes"] if note["meant"]} == said
        for row, said in zip(rows, named_by_row, strict=True)
    ]
    return "\n".join(
        [
            f"named of those meant: {_share(said for is_meant, said in each if is_meant)}",
            f"named of the others: {_share(said for is_meant, said in each if not is_meant)}",
            f"requests with just what is meant: {_share(whole)}",
        ]
    )


def table(rows: Sequence[dict[str, Any]], kinds: Sequence[str]) -> str:
    """Return how many of each kind and language were found, and how often none was there."""
    groups: defaultdict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for row, said in zip(rows, kinds, strict=True):
        act = NAMES.get(row["act"], row["act"])
        any_act = said != "none"
        for name in (act, f"{row['language']} {'ordinary' if act == 'none' else 'requests'}"):
            groups[name].append((any_act, said == act))
        if act != "none":
            groups["all requests"].append((any_act, said == act))
    lines = [f"{'':28}{'taken for a request':>30}{'as what it is':>30}"]
    for name, judged in sorted(groups.items()):
        shares = (_share(pair[n] for pair in judged) for n in (0, 1))
        lines.append(f"{name:28}" + "".join(f"{share:>30}" for share in shares))
    return "\n".join(lines)


def _share(true: Iterable[bool]) -> str:
    counted = list(true)
    low, high = wilson(sum(counted), len(counted))
    return f"{sum(counted)} of {len(counted)} [{low:.0%}, {high:.0%}]"


@command
def main() -> None:
    """Ask and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("messages", nargs="?", type=Path)
    parser.add_argument("--half", choices=("fit", "report"))
    parser.add_argument("--screen", action="store_true", help="the screen alone, without a model")
    parser.add_argument("--meant", type=Path)
    parser.add_argument("--forget", type=Path)
    parser.add_argument("--n", type=int)
    add_model_options(parser)
    given = parser.parse_args()
    chat, embedder = (None, None) if given.screen else chosen_models(given)
    if given.messages:
        rows = yaml.safe_load(given.messages.read_text("utf-8"))
        rows = [row for row in rows if given.half in (None, row["half"])][: given.n]
        kinds = []
        for row in rows:
            kinds.append(asyncio.run(found(row, chat)))
            print(f"{row['language']} {row['act']:16} {kinds[-1]}", flush=True)
        print(table(rows, kinds))
    if given.meant and chat and embedder:
        rows = yaml.safe_load(given.meant.read_text("utf-8"))
        rows = [row for row in rows if given.half in (None, row["half"])][: given.n]
        said = []
        for row in rows:
            said.append(asyncio.run(named(row, chat, embedder)))
            lacks = [note["text"] for note in row["notes"] if note["meant"]]
            lacks = [text for text in lacks if text not in said[-1]]
            more = [n["text"] for n in row["notes"] if not n["meant"] and n["text"] in said[-1]]
            print(f"{row['request']}\n  not named: {lacks}\n  others: {more}", flush=True)
        print(meant_table(rows, said))
    if given.forget and chat and embedder:
        lines = given.forget.read_text("utf-8").splitlines()[: given.n]
        done = []
        for line in lines:
            done.append(asyncio.run(forgets(json.loads(line), chat, embedder)))
            print(f"forgotten: {done[-1][0]}, others lost: {done[-1][1]}", flush=True)
        print(f"forgotten {_share(gone for gone, _ in done)}")
        print(f"nothing else lost {_share(others == 0 for _, others in done)}")


if __name__ == "__main__":
    main()
