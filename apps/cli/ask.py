"""`guided-profile ask`: a question is answered as it suits a user."""

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from langgraph.store.base import BaseStore
from rich.console import Console

from guided_profile.apps import assembly, runs
from guided_profile.apps.cli import render
from guided_profile.apps.settings import Settings, read_settings
from guided_profile.graph.build import Graph, build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.state import Abstained, Answered, Question
from guided_profile.graph.tasks import Task
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.progress import downloads

ABSTAINED = 3
"""The exit code of an honest abstention."""


@dataclass(frozen=True, slots=True)
class Assembled:
    """What the commands that run the workflow hold."""

    graph: Graph
    history: HistoryStore
    store: BaseStore
    task: Task


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell the parser what `ask` takes."""
    parser.add_argument("question")
    parser.add_argument("--user", required=True)
    parser.add_argument("--task", default="dialogue", help="a task's name, or its YAML file")
    parser.add_argument("--options", nargs="+", default=[], metavar="OPTION")


@asynccontextmanager
async def assembled(settings: Settings, task_name: str, notes: Console) -> AsyncIterator[Assembled]:
    """Open everything that a run of one task needs, and close it again."""
    tasks, task = assembly.known_task(settings, task_name)
    verifier = assembly.verifier(settings)
    with downloads(notes) as on_progress:
        chat = assembly.chat_model(settings, on_progress)
        embed = assembly.embedder(settings, on_progress)
    with assembly.open_history(settings, embed) as history:
        async with assembly.profile_store(settings) as store:
            graph = build_graph(
                chat=chat,
                history=history,
                tasks=tasks.values(),
                store=store,
                checkpointer=runs.thread_memory(),  # a task may ask back
                verifier=verifier,
            )
            yield Assembled(graph, history, store, task)


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
    """Answer a question; an abstention has an exit code of its own."""
    settings = read_settings(data=given.data)
    async with assembled(settings, given.task, notes) as parts:
        context = Context(user_id=given.user, task=parts.task.name)
        question: Question = {"question": given.question, "options": given.options}
        with render.progress(notes) as on_stage:
            answer = await runs.run(parts.graph, question, context, on_stage)
        evidence = answer.evidence if isinstance(answer, Answered) else ()
        items = {item.id: item for item in parts.history.get(given.user, evidence)}
    if given.json:
        out.print_json(answer.model_dump_json())
    else:
        out.print(render.answer(answer, items))
    return ABSTAINED if isinstance(answer, Abstained) else 0
