"""`guided-profile tune`: looking for a better guiding question, on examples of one's own."""

import argparse
import hashlib
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
from guided_profile.apps.cli.eval import examples_of
from guided_profile.apps.settings import read_settings
from guided_profile.evals.catalogue import BOUNDS, made_of
from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.methods.workflow import MethodInputs
from guided_profile.evals.report.tables import for_terminal
from guided_profile.evals.run.answers import Answers
from guided_profile.evals.run.calls import KeptChat, charged
from guided_profile.evals.run.progress import progress
from guided_profile.evals.run.runner import OnResult, digest_of, opened
from guided_profile.evals.scorers.result import Result
from guided_profile.evals.scorers.text import rouge
from guided_profile.evals.tuning.candidates import Candidate, candidates
from guided_profile.evals.tuning.halves import Halves, halves
from guided_profile.evals.tuning.proposals import PROPOSE, Dropped, propose
from guided_profile.evals.tuning.report import figures, tables
from guided_profile.evals.tuning.tune import SETTING, Tuning, Watch, tune
from guided_profile.graph.errors import InputError, ModelError
from guided_profile.graph.prompts import prompts_digest
from guided_profile.graph.records import Cost
from guided_profile.graph.tasks import Task
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.evidence.base import Verifier
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.models.calls import model_id
from guided_profile.tools.progress import downloads


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    add = parser.add_argument
    add("--task", default="preference", help="a task's name, or its YAML file")
    add("--data", type=Path, metavar="FILE", help="examples, JSON Lines; left out: authored ones")
    add("--n", type=int, help="how many examples, drawn by the seed; left out: all")
    add("--candidates", type=int, default=4, metavar="K", help="how many the model proposes")
    add("--questions", type=Path, metavar="FILE", help="guiding questions of your own, one a line")
    add("--seed", type=int, default=0)
    add("--out", type=Path, required=True, help="the folder of what is found; a run goes on")
    add("--concurrency", type=int, default=1, metavar="K", help="examples worked on at once")
    add("--json", action="store_true", help="print what is found as JSON")


@dataclass(frozen=True, slots=True)
class Job:
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
    job = _job(given, notes)
    with opened(given.out, _identity(job), job.embedder) as (calls, answers, history):
        kept = KeptChat(inner=job.chat, calls=calls)
        proposed, tuning = await _tuned(job, kept, history, answers, notes)
    _report(job, proposed, tuning, out)
    return 1 if tuning.errors else 0


def _job(given: argparse.Namespace, notes: Console) -> Job:
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
    return Job(given, task, everything, parted, yours, chat, embedder, verifier)


def _check_asked(task: Task, parted: Halves) -> None:
    """Refuse a task whose guiding question is never asked: all would come out the same."""
    if not task.needs_guidance:
        raise InputError(
            f"the task {task.name!r} never asks its guiding question; set guided to true in it, "
            "and let sees name the profile."
        )
    sources = {item.source for one in parted.development for item in one.history}
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


def _identity(job: Job) -> dict[str, Any]:
    """Return what answers depend on; further questions may be tried in the same folder."""
    return {
        "command": "tune",
        "task": f"{job.task.name} {_digest(job.task.model_dump_json())}",
        "data": digest_of(job.everything),
        "n": job.given.n,
        "seed": job.given.seed,
        "prompts": prompts_digest(),
        "proposing": f"{PROPOSE.version} {_digest(PROPOSE.text)}",
        "embedder": job.embedder.id,
        "model": model_id(job.chat),
        "verifier": job.verifier.id if job.verifier else "the model",
        "bounds": BOUNDS,
        f"setting {SETTING}": made_of(SETTING),
    }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


async def _tuned(
    job: Job, kept: KeptChat, history: HistoryStore, answers: Answers, notes: Console
) -> tuple[Proposed, Tuning]:
    wanted = job.given.candidates
    with notes.status("the model proposes guiding questions"), charged() as calls:
        told = await propose(kept, job.task, job.halves.development, wanted, known=job.yours)
    proposed = Proposed(told.dropped, Cost.of(calls))
    tried = candidates(job.task, job.yours, told.questions)
    if len(tried) == 1:
        raise ModelError(
            f"the model proposed no question that can be used (of {len(told.dropped)}); write "
            "some yourself, one a line, and name the file with --questions."
        )
    if len(told.questions) < wanted:
        notes.print(f"Of what the model proposed, {len(told.questions)} can be used, not {wanted}.")
    parts = MethodInputs(
        kept,
        history,
        job.embedder,
        job.task,
        job.everything,
        job.given.seed,
        verifier=job.verifier,
    )
    tuning = await tune(
        parts,
        job.halves,
        tried,
        answers,
        concurrency=job.given.concurrency,
        watch=_watching(answers, notes),
    )
    return proposed, tuning


def _watching(answers: Answers, notes: Console) -> Watch:
    @contextmanager
    def watch(
        half: str, tried: Sequence[Candidate], examples: Sequence[Example]
    ) -> Iterator[OnResult]:
        labels = {one.method: one.label for one in tried}
        by_id = {one.id: one for one in examples}

        def labelled(result: Result) -> Result:
            return result.model_copy(update={"method": labels[result.method]})

        before = [one for one in answers.of(by_id, labels) if one.kind != "error"]
        known = [(by_id[one.example], labelled(one)) for one in before]
        notes.print(f"The {half} half:")
        with progress(notes, list(labels.values()), len(by_id) * len(tried), known) as on_result:
            yield lambda example, result: on_result(example, labelled(result))

    return watch


def _report(job: Job, proposed: Proposed, tuning: Tuning, out: Console) -> None:
    folder: Path = job.given.out
    looked = _looked(folder / "tuning.json", tuning)
    found = figures(tuning, looks=len(looked)) | {
        "seed": job.given.seed,
        "model": model_id(job.chat),
        "embedder": job.embedder.id,
        "proposing": {
            "cost": proposed.cost.model_dump(),
            "dropped": [asdict(one) for one in proposed.dropped],
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
    if job.given.json:
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
    return [one for one in before if one not in now] + now


def _write(path: Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
