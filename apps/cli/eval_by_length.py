"""`guided-profile eval --by-length`: the same questions of histories of several lengths."""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from guided_profile.apps.cli.examples import short_digest
from guided_profile.evals.catalogue import NAMES, make_methods
from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.lengths import Shared, shared_histories
from guided_profile.evals.datasets.load import load
from guided_profile.evals.methods.workflow import MethodInputs
from guided_profile.evals.report.by_length import ByLength, summed
from guided_profile.evals.report.by_length_page import page, tables
from guided_profile.evals.report.tables import for_terminal
from guided_profile.evals.run.answers import Answers
from guided_profile.evals.run.by_length import run_shared
from guided_profile.evals.run.calls import Calls, KeptChat
from guided_profile.evals.run.history import temporary_history
from guided_profile.evals.run.progress import progress
from guided_profile.evals.run.runner import (
    check_same,
    check_same_run,
    digest_of,
    made_of,
    opened_answers,
)
from guided_profile.evals.run.vectors import KeptEmbedder
from guided_profile.graph.errors import InputError
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.history.store import HistoryStore

if TYPE_CHECKING:
    from guided_profile.apps.cli.eval import Request

LENGTHS = "10,30,100,300,1000"
SHARING = 8
_ANSWERS, _BUILT, _RUN = "answers.jsonl", "built.jsonl", "run.json"
_HISTORIES = "histories of "  # so many items, in _RUN


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what only a run by length takes."""
    add = parser.add_argument_group("by length").add_argument
    add(
        "--by-length", nargs="?", const=LENGTHS, metavar="ITEMS",
        help=f"ask of histories that are padded to so many items (left out: {LENGTHS})",
    )  # fmt: skip
    most = f"how many examples share a person at most (left out: {SHARING})"
    add("--sharing", type=int, help=most)
    add("--neutral", type=Path, nargs="+", metavar="FILE", help="examples, padding too")
    add("--join", type=Path, nargs="+", metavar="DIR", help="folders of runs to add")


@dataclass(frozen=True, slots=True)
class Opened:
    """The folder of a run, and what stands beside it while it goes on."""

    calls: Calls
    answers: Answers
    built: Answers
    embedder: Embedder
    history: HistoryStore


@contextmanager
def _opened(folder: Path, identity: Mapping[str, Any], embedder: Embedder) -> Iterator[Opened]:
    with (
        opened_answers(folder, identity) as (calls, answers),
        closing(Answers(folder / _BUILT)) as built,
        closing(KeptEmbedder(embedder, folder / "vectors.db")) as kept,
        temporary_history(kept) as history,
    ):
        yield Opened(calls, answers, built, kept, history)


async def run(
    request: "Request",
    identity: Mapping[str, Any],
    facts: Mapping[str, str],
    out: Console,
    notes: Console,
) -> int:
    """Ask what is not answered yet, and report on all lengths and methods of the folder.

    Raises:
        InputError: What was asked for does not fit together.
    """
    given = request.given
    if given.sharing is None:
        given.sharing = SHARING
    lengths = _lengths(request)
    others = [example for path in given.neutral or () for example in load("plain", path)]
    identity = dict(identity) | {
        "by length": f"{len(request.examples)} examples, {given.sharing} sharing",
        "neutral": digest_of(others),
    }
    with _opened(given.out, identity, request.embedder) as opened:
        with notes.status("mixing the histories"):
            histories = _mixed(request, others, lengths, opened)
            for folder in given.join or ():
                _join(folder, request, others, opened)
        await _ask(request, histories, opened, notes)
        # earlier runs into the folder may have asked of other lengths
        named = {result.example.rpartition("@")[2] for result in opened.answers.all}
        earlier = {int(length) for length in named if length.isdecimal()} - set(lengths)
        histories += _mixed(request, others, sorted(earlier), opened) if earlier else []
        people = {shared.id.partition("@")[0] for shared in histories}
        facts = dict(facts) | {"people": str(len(people)), "sharing": str(given.sharing)}
        there = [name for name in NAMES if name in opened.answers.methods]
        found = summed(histories, there, opened.answers, opened.built, facts)
    _report(request, found, out)
    return 1 if any(cell.errors for cell in found.cells.values()) else 0


def _mixed(
    request: "Request", others: Sequence[Example], lengths: Sequence[int], opened: Opened
) -> list[Shared]:
    """Return the histories, if the folder holds no answers to others of these lengths."""
    given = request.given
    histories = shared_histories(
        request.examples,
        lengths,
        sharing=given.sharing,
        others=[*request.everything, *others],
        embedder=opened.embedder,
        seed=given.seed,
    )
    drawn = {
        f"{_HISTORIES}{length}": short_digest(
            "\n".join(
                f"{shared.id} {item.id}"
                for shared in histories
                if shared.length == length
                for item in shared.items
            )
        )
        for length in lengths
    }
    check_same_run(given.out / _RUN, drawn)
    return histories


async def _ask(
    request: "Request", histories: Sequence[Shared], opened: Opened, notes: Console
) -> None:
    inputs = MethodInputs(
        KeptChat(inner=request.chat, calls=opened.calls) if request.chat else None,
        opened.history,
        opened.embedder,
        request.task,
        request.everything,
        request.given.seed,
        verifier=request.verifier,
        keeps_profiles=True,
    )
    methods = make_methods(request.names, inputs)
    asked = {example.id: example for shared in histories for example in shared.examples}
    before = opened.answers.of(asked, request.names)
    known = [(asked[result.example], result) for result in before if result.kind != "error"]
    with progress(notes, request.names, len(asked) * len(methods), known) as on_result:
        await run_shared(
            histories,
            methods,
            opened.answers,
            opened.built,
            history=opened.history,
            concurrency=request.given.concurrency,
            on_result=on_result,
        )


def _lengths(request: "Request") -> list[int]:
    given = request.given
    try:
        lengths = sorted({int(length) for length in given.by_length.split(",")})
    except ValueError:
        lengths = []
    if not lengths or lengths[0] < 1:
        raise InputError(
            f"--by-length is {given.by_length!r}; give numbers of items, such as {LENGTHS}."
        )
    if given.sharing < 1:
        raise InputError(f"--sharing is {given.sharing}; set it to 1 or more.")
    if request.task.kind != "choice":
        raise InputError("--by-length counts right options: take a --task of kind 'choice'.")
    return lengths


def _join(folder: Path, request: "Request", others: Sequence[Example], opened: Opened) -> None:
    """Add what another folder of the same run holds and this one does not."""
    mine_is, theirs = request.given.out / _RUN, made_of(folder / _RUN)
    if not theirs:
        raise InputError(f"{str(folder)!r} holds no run; give --join the --out of another.")
    drawn = made_of(mine_is)
    left = [name for name in theirs if name.startswith(_HISTORIES) and name not in drawn]
    if left:
        lengths = [int(name.removeprefix(_HISTORIES)) for name in left]
        _mixed(request, others, lengths, opened)
    check_same(folder, theirs, made_of(mine_is), "leave it out of --join")
    check_same_run(mine_is, theirs)
    for name, mine in ((_ANSWERS, opened.answers), (_BUILT, opened.built)):
        with closing(Answers(folder / name)) as added:
            for result in added.all:
                if not mine.settled(result.example, result.method):
                    mine.add(result)


def _report(request: "Request", found: ByLength, out: Console) -> None:
    given = request.given
    figures = json.dumps(found.as_json() | {"task": request.task.name}, indent=1)
    (given.out / "summary.json").write_text(figures + "\n", encoding="utf-8")
    title = f"{request.task.name}: what is right as the history grows"
    (given.out / "report.html").write_text(page(found, title), encoding="utf-8")
    if given.json:
        out.print_json(figures)
        return
    for table in tables(found):
        out.print(for_terminal(table), "")
    errors = sum(cell.errors for cell in found.cells.values())
    if errors:
        out.print(f"{errors} answers failed; the same command asks them again.", style="red")
    out.print(f"The report: {given.out / 'report.html'}")
