"""What each command does; `cli.py` reads the command line and turns errors into exit codes."""

import argparse
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from guided_profile.apps import assembly, render
from guided_profile.apps.demo import run_demo
from guided_profile.apps.runs import run, thread_memory
from guided_profile.apps.settings import Settings, read_settings
from guided_profile.graph.build import Graph, build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.errors import QuestionError
from guided_profile.graph.state import Abstained, Answered, Question
from guided_profile.graph.tasks import Task, find_task, load_task
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.sqlite import ProfileFile, open_profiles
from guided_profile.tools.weights import fetch as weights

ABSTAINED = 3
"""The exit code of an honest abstention."""


@dataclass(frozen=True, slots=True)
class Assembled:
    """What the commands that run the workflow hold."""

    graph: Graph
    history: HistoryStore
    store: ProfileFile
    task: Task


@contextmanager
def downloads(notes: Console) -> Iterator[assembly.OnProgress]:
    """Show a bar for each file of weights that is fetched."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
    )
    with Progress(*columns, console=notes, transient=True) as bars:
        known: dict[str, Any] = {}

        def on_progress(progress: weights.Progress) -> None:
            name = f"{progress.name} {progress.file}"
            if name not in known:
                known[name] = bars.add_task(f"fetching {name}", total=progress.total_bytes)
            bars.update(known[name], completed=progress.done_bytes)

        yield on_progress


def known_task(settings: Settings, name: str) -> tuple[dict[str, Task], Task]:
    """Return all the tasks, and the one of a name or YAML file."""
    tasks = assembly.known_tasks(settings)
    if Path(name).suffix in (".yaml", ".yml"):
        own = load_task(Path(name))
        return tasks | {own.name: own}, own
    return tasks, find_task(tasks, name)


@asynccontextmanager
async def profile_store(settings: Settings) -> AsyncIterator[ProfileFile]:
    """Open the file that profiles are kept in."""
    settings.data.mkdir(parents=True, exist_ok=True)
    async with open_profiles(settings.data / "profiles.db") as store:
        yield store


@asynccontextmanager
async def assembled(settings: Settings, task_name: str, notes: Console) -> AsyncIterator[Assembled]:
    """Open everything that a run of one task needs, and close it again."""
    tasks, task = known_task(settings, task_name)
    verifier = assembly.verifier(settings)
    with downloads(notes) as on_progress:
        chat = assembly.chat_model(settings, on_progress)
        embed = assembly.embedder(settings, on_progress)
    with assembly.open_history(settings, embed) as history:
        async with profile_store(settings) as store:
            graph = build_graph(
                chat=chat,
                history=history,
                tasks=tasks.values(),
                store=store,
                checkpointer=thread_memory(),  # a task may ask back
                verifier=verifier,
            )
            yield Assembled(graph, history, store, task)


async def demo(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Run the demonstration."""
    settings = read_settings(data=given.data)
    verifier = assembly.verifier(settings)
    with downloads(notes) as on_progress:
        chat = assembly.chat_model(settings, on_progress)
        embed = assembly.embedder(settings, on_progress)
    await run_demo(
        chat, embed, out, notes, verifier=verifier, every_pair=given.all, as_json=given.json
    )
    return 0


async def ask(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Answer a question; an abstention has an exit code of its own."""
    settings = read_settings(data=given.data)
    async with assembled(settings, given.task, notes) as parts:
        context = Context(user_id=given.user, task=parts.task.name)
        question: Question = {"question": given.question, "options": given.options}
        with render.progress(notes) as on_stage:
            answer = await run(parts.graph, question, context, on_stage)
        evidence = answer.evidence if isinstance(answer, Answered) else ()
        items = {item.id: item for item in parts.history.get(given.user, evidence)}
    if given.json:
        out.print_json(answer.model_dump_json())
    else:
        out.print(render.answer(answer, items))
    return ABSTAINED if isinstance(answer, Abstained) else 0


async def tasks(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """List the tasks."""
    known = assembly.known_tasks(read_settings(data=given.data))
    if given.json:
        out.print_json(json.dumps([task.model_dump(mode="json") for task in known.values()]))
        return 0
    for task in known.values():
        out.print(f"[bold]{task.name}[/bold] ({task.kind}): {task.description}")
        out.print(f"  asks: {task.guiding_question}", markup=False)
    return 0


async def models(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """List the weights, or fetch some."""
    if given.action == "pull":
        if not given.name:
            raise QuestionError(f"name the weights to pull: {', '.join(weights.CATALOGUE)}.")
        with downloads(notes) as on_progress:
            folder = weights.ensure(given.name, progress=on_progress)
        out.print(f"{given.name} is in {folder}", markup=False)
        return 0
    listed = [
        {
            "name": one.name,
            "megabytes": round(sum(file.size for file in one.files) / 1e6),
            "licence": one.licence,
            "here": weights.is_here(one.name),
        }
        for one in weights.CATALOGUE.values()
    ]
    if given.json:
        out.print_json(json.dumps(listed))
        return 0
    for entry in listed:
        here = "here" if entry["here"] else "not fetched"
        out.print(f"{entry['name']}  {entry['megabytes']} MB  {entry['licence']}  {here}")
    return 0
