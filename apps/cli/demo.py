"""`guided-profile demo`: three invented people, each through the task that shows them best."""

import argparse
import json
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from time import perf_counter
from typing import Any

import yaml
from langchain_core.language_models import BaseChatModel
from langgraph.store.memory import InMemoryStore
from rich.console import Console, Group, RenderableType
from rich.rule import Rule

from guided_profile.apps import assembly, runs
from guided_profile.apps.cli import render
from guided_profile.apps.settings import read_settings
from guided_profile.apps.terminal import plain
from guided_profile.graph.build import Graph, build_graph
from guided_profile.graph.context import Context, Sight
from guided_profile.graph.records import HistoryItem
from guided_profile.graph.state import Abstained, Answered, Question
from guided_profile.graph.tasks import BUILTIN, builtin_tasks
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.evidence.base import Verifier
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.models.calls import model_id
from guided_profile.tools.progress import downloads

VARIANTS: tuple[tuple[str, tuple[Sight, ...] | None], ...] = (
    ("without the history", ()),
    ("with the raw history", ("personal_context",)),
    ("with the guided profile", None),
)
"""What is shown one after the other: the paper's DG without PC, DG with PC, and GPG (table 1)."""

INTRODUCTION = (
    "A language model knows nothing of the person who asks. Guided Profile asks the person's own "
    "history one guiding question, writes a short profile from the reply, ties each sentence of it "
    "to the history, and answers with that. Below, the same question is answered by {model} "
    "without the history, with the raw history, and with the guided profile. The three people are "
    "invented."
)


@dataclass(frozen=True, slots=True)
class Person:
    """One of the demo's invented people."""

    key: str
    name: str
    about: str
    task: str
    """The task that shows them best."""
    questions: Mapping[str, Mapping[str, Any]]
    items: tuple[HistoryItem, ...]


def people() -> list[Person]:
    """Return the demo's people, as they come with the package."""
    folder = files("guided_profile.apps.cli") / "people"
    entries = yaml.safe_load((folder / "people.yaml").read_text(encoding="utf-8"))["people"]
    found = []
    for entry in entries:
        lines = (folder / entry["file"]).read_text(encoding="utf-8").splitlines()
        items = tuple(HistoryItem.model_validate_json(line) for line in lines if line.strip())
        found.append(
            Person(
                key=entry["key"],
                name=entry["name"],
                about=entry["about"],
                task=entry["task"],
                questions=entry["questions"],
                items=items,
            )
        )
    return found


def arguments(parser: argparse.ArgumentParser) -> None:
    """Tell the parser what `demo` takes."""
    parser.add_argument("--all", action="store_true", help="every person through every task")


async def run(given: argparse.Namespace, out: Console, notes: Console) -> int:
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


async def run_demo(
    chat: BaseChatModel,
    embedder: Embedder,
    out: Console,
    notes: Console,
    *,
    verifier: Verifier | None = None,
    every_pair: bool = False,
    as_json: bool = False,
) -> None:
    """Run the demonstration in a history of its own, which is gone afterwards."""
    began = perf_counter()
    results = []
    if not as_json:
        out.print(INTRODUCTION.format(model=model_id(chat)), "")
    with (
        tempfile.TemporaryDirectory() as folder,
        HistoryStore.open(embedder, path=Path(folder)) as history,
    ):
        graph = build_graph(chat=chat, history=history, store=InMemoryStore(), verifier=verifier)
        for person in people():
            history.add(person.key, person.items)
            for task in BUILTIN if every_pair else (person.task,):
                if not as_json:
                    out.print(_asked(person, task), "")
                answers = {}
                async for name, answer in _answers(graph, person, task, notes):
                    answers[name] = answer
                    if not as_json:
                        out.print(_shown(person, name, answer), "")
                results.append(_as_json(person, task, answers))
    if as_json:
        out.print_json(json.dumps(results))
    else:
        out.print(plain(f"All of it took {perf_counter() - began:.0f} s.", "dim"))


async def _answers(
    graph: Graph, person: Person, task: str, notes: Console
) -> AsyncIterator[tuple[str, Answered | Abstained]]:
    """Yield each variant's name and answer, as soon as it is there."""
    asked = person.questions[task]
    question: Question = {"question": asked["question"], "options": asked.get("options", [])}
    for name, sees in VARIANTS:
        context = Context(
            user_id=person.key, task=task, sees=sees, max_retries=1 if sees is None else 0
        )
        with render.progress(notes, f"{person.name}, {name}: ") as on_stage:
            answer = await runs.run(graph, question, context, on_stage)
        yield name, answer


def _asked(person: Person, task: str) -> Group:
    """Show who is asked what."""
    asked = person.questions[task]
    shown: list[RenderableType] = [
        Rule(f"{person.name}: {builtin_tasks()[task].description}", align="left"),
        plain(f"{person.about} {len(person.items)} items of history.\n"),
        plain("Asked: ", "bold") + plain(asked["question"]),
    ]
    for number, option in enumerate(asked.get("options", [])):
        right = "  ← what they would pick" if number == asked.get("expected") else ""
        shown.append(plain(f"  {option}") + plain(right, "dim"))
    return Group(*shown)


def _shown(person: Person, name: str, answer: Answered | Abstained) -> Group:
    """Show a variant's answer, below the profile that it was given with."""
    shown: list[RenderableType] = []
    if answer.profile is not None:
        kept = {item.id: item for item in person.items}
        shown += [
            plain("Guidance, the history's reply to the guiding question:", "bold"),
            plain(answer.guidance or "none"),
            plain("\nProfile, each sentence with what supports it:", "bold"),
            *render.sentences(answer.profile, kept),
            plain(""),
        ]
    shown.append(plain(f"Answer {name}:", "bold"))
    if answer.kind == "abstained":
        shown.append(plain("(no answer) ", "yellow") + plain(answer.detail))
    else:
        shown.append(plain(answer.text))
        if answer.probabilities:
            likely = f"{answer.confidence:.0%} likely, of {len(answer.probabilities)} options"
            shown.append(plain(likely, "dim"))
    shown.append(plain(render.cost(answer.cost), "dim"))
    return Group(*shown)


def _as_json(
    person: Person, task: str, answers: Mapping[str, Answered | Abstained]
) -> dict[str, Any]:
    return {
        "person": person.key,
        "task": task,
        "asked": dict(person.questions[task]),
        "answers": {name: answer.model_dump(mode="json") for name, answer in answers.items()},
    }
