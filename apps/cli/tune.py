"""`guided-profile tune`: looking for a better guiding question, on examples of one's own."""

import argparse
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml
from langchain_core.language_models import BaseChatModel
from rich.console import Console

from guided_profile.apps import assembly
from guided_profile.apps.cli.examples import (
    examples_of,
    identity_of,
    shared_arguments,
    short_digest,
)
from guided_profile.apps.settings import read_settings
from guided_profile.evals.catalogue import made_of
from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.methods.workflow import MethodInputs
from guided_profile.evals.report.tables import for_terminal
from guided_profile.evals.run.answers import Answers
from guided_profile.evals.run.calls import KeptChat, charged
from guided_profile.evals.run.progress import progress
from guided_profile.evals.run.runner import OnResult, opened
from guided_profile.evals.scorers.result import Result
from guided_profile.evals.scorers.text import rouge
from guided_profile.evals.tuning.candidates import Candidate, candidates
from guided_profile.evals.tuning.halves import Halves, halves
from guided_profile.evals.tuning.proposals import PROPOSE, Dropped, propose
from guided_profile.evals.tuning.report import figures, tables
from guided_profile.evals.tuning.tune import SETTING, Tuning, Watch, tune
from guided_profile.graph.errors import InputError, ModelError
from guided_profile.graph.records import Cost
from guided_profile.graph.tasks import Task
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.evidence.base import Verifier
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.models.calls import model_id
from guided_profile.tools.progress import downloads


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    shared_arguments(parser, out="what is found")
    add = parser.add_argument
    add("--candidates", type=int, default=4, metavar="K", help="how many the model proposes")
    add("--questions", type=Path, metavar="FILE", help="guiding questions of your own, one a line")


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for, read and checked."""

    given: argparse.Namespace
    task: Task
    everything: Sequence[Example]
    halves: Halves
    yours: tuple[str, ...]
    chat: BaseChatModel
    embedder: Embedder
    verifier: Verifier | None


@dataclass(frozen=True, slots=True)
class Proposed:
    """What the proposals took, and what of them was no use."""

    dropped: tuple[Dropped, ...]
    cost: Cost


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Try guiding questions, print what they came to and write the task; 1 if answers failed."""
    request = _request(given, notes)
    with opened(given.out, _identity(request), request.embedder) as (calls, answers, history):
        kept = KeptChat(inner=request.chat, calls=calls)
        proposed, tuning = await _tuned(request, kept, history, answers, notes)
    _report(request, proposed, tuning, out)
    return 1 if tuning.errors else 0


def _request(given: argparse.Namespace, notes: Console) -> Request:
    """Read what was asked for; whatever can be wrong is found before the first call."""
    settings = read_settings()
    least = {"n": 1, "concurrency": 1, "candidates": 0}
    task, everything, examples = examples_of(given, settings, least)
    parted = halves(examples, given.seed)
    _check_asked(task, parted)
    yours = _questions(given.questions) if given.questions else ()
    tried = candidates(task, yours, ())
    if len(tried) == 1 and not given.candidates:
        raise InputError("there is nothing to compare: set --candidates, or name --questions.")
    if task.kind == "text":
        rouge("", "")
    with downloads(notes) as on_progress:
        embedder = assembly.embedder(settings, on_progress)
        chat = assembly.chat_model(settings, on_progress)
    verifier = assembly.verifier(settings)
    return Request(given, task, everything, parted, yours, chat, embedder, verifier)


def _check_asked(task: Task, parted: Halves) -> None:
    """Refuse a task whose guiding question is never asked: all would come out the same."""
    if not task.needs_guidance:
        raise InputError(
            f"the task {task.name!r} never asks its guiding question; set guided to true in it, "
            "and let sees name the profile."
        )
    sources = {item.source for example in parted.development for item in example.history}
    if sources and sources <= task.sources.keys():
        raise InputError(
            f"the task {task.name!r} asks a question of its own of each source here "
            f"({', '.join(sorted(sources))}), and never its guiding question; take those out."
        )


def _questions(path: Path) -> tuple[str, ...]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the questions in {str(path)!r} cannot be read: {error}.") from error
    found = tuple(line.strip() for line in lines if line.strip())
    if not found:
        raise InputError(f"{str(path)!r} holds no question; write one a line.")
    return found


def _identity(request: Request) -> dict[str, Any]:
    """Return what answers depend on; further questions may be tried in the same folder."""
    return identity_of(request.task, request.everything, request.given.seed, request.embedder) | {
        "command": "tune",
        "n": request.given.n,
        "proposing": f"{PROPOSE.version} {short_digest(PROPOSE.text)}",
        "model": model_id(request.chat),
        "verifier": request.verifier.id if request.verifier else "the model",
        f"setting {SETTING}": made_of(SETTING),
    }


async def _tuned(
    request: Request, kept: KeptChat, history: HistoryStore, answers: Answers, notes: Console
) -> tuple[Proposed, Tuning]:
    wanted = request.given.candidates
    with notes.status("the model proposes guiding questions"), charged() as calls:
        proposals = await propose(
            kept, request.task, request.halves.development, wanted, known=request.yours
        )
    proposed = Proposed(proposals.dropped, Cost.of(calls))
    tried = candidates(request.task, request.yours, proposals.questions)
    if len(tried) == 1:
        raise ModelError(
            f"the model proposed no question that can be used (of {len(proposals.dropped)}); write "
            "some yourself, one a line, and name the file with --questions."
        )
    if len(proposals.questions) < wanted:
        notes.print(
            f"Of what the model proposed, {len(proposals.questions)} can be used, not {wanted}."
        )
    parts = MethodInputs(
        kept,
        history,
        request.embedder,
        request.task,
        request.everything,
        request.given.seed,
        verifier=request.verifier,
    )
    tuning = await tune(
        parts,
        request.halves,
        tried,
        answers,
        concurrency=request.given.concurrency,
        watch=_watching(answers, notes),
    )
    return proposed, tuning


def _watching(answers: Answers, notes: Console) -> Watch:
    @contextmanager
    def watch(
        half: str, tried: Sequence[Candidate], examples: Sequence[Example]
    ) -> Iterator[OnResult]:
        labels = {candidate.method: candidate.label for candidate in tried}
        by_id = {example.id: example for example in examples}

        def labelled(result: Result) -> Result:
            return result.model_copy(update={"method": labels[result.method]})

        before = [result for result in answers.of(by_id, labels) if result.kind != "error"]
        known = [(by_id[result.example], labelled(result)) for result in before]
        notes.print(f"The {half} half:")
        with progress(notes, list(labels.values()), len(by_id) * len(tried), known) as on_result:
            yield lambda example, result: on_result(example, labelled(result))

    return watch


def _report(request: Request, proposed: Proposed, tuning: Tuning, out: Console) -> None:
    folder: Path = request.given.out
    looked = _looked(folder / "tuning.json", tuning)
    found = figures(tuning, looks=len(looked)) | {
        "seed": request.given.seed,
        "model": model_id(request.chat),
        "embedder": request.embedder.id,
        "proposing": {
            "cost": proposed.cost.model_dump(),
            "dropped": [asdict(dropped) for dropped in proposed.dropped],
        },
        "looked": looked,
    }
    _write(folder / "tuning.json", json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    task = folder / "task.yaml"
    if tuning.tuned:
        fields = tuning.tuned.model_dump(mode="json", exclude_defaults=True)
        _write(task, yaml.safe_dump(fields, sort_keys=False, allow_unicode=True, width=96))
    else:
        task.unlink(missing_ok=True)
    if request.given.json:
        out.print_json(json.dumps(found))
        return
    for table in tables(tuning):
        out.print(for_terminal(table), "")
    out.print(found["verdict"])
    if tuning.tuned:
        out.print(f"The task with that question: --task {task}")
    if tuning.errors:
        out.print(f"{tuning.errors} answers failed; the same command asks them again.", style="red")


def _looked(path: Path, tuning: Tuning) -> list[str]:
    """Return the questions that the report half has been looked at for, the last one last."""
    try:
        before = json.loads(path.read_text(encoding="utf-8"))["looked"] if path.exists() else []
    except (ValueError, KeyError) as error:
        raise InputError(f"{str(path)!r} is damaged; delete it, and run again.") from error
    now = [tuning.chosen.candidate.question] if tuning.chosen else []
    return [question for question in before if question not in now] + now


def _write(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
