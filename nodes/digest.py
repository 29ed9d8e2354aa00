"""digest: ask the task's guiding question over the personal context; merge: join the replies."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from langchain_core.language_models import BaseChatModel
from langgraph.runtime import Runtime

from guided_profile.graph.context import Context, require
from guided_profile.graph.prompts import (
    FROM_SOURCE,
    IN_VIEW,
    OF_OTHERS,
    OF_SOURCE,
    as_data,
    messages,
    render,
    shortened,
)
from guided_profile.graph.state import Call, HistoryItem, State
from guided_profile.graph.tasks import Task, find_task
from guided_profile.nodes.stage import Stage
from guided_profile.tools.builds import Builds
from guided_profile.tools.models import complete
from guided_profile.tools.standing import shelf_of
from guided_profile.tools.style import observed


class Part(TypedDict):
    """What one digestion is sent: a part of the material, and what to ask it."""

    number: int
    of: int
    items: list[HistoryItem]
    source: str
    """The source it is asked about, by a question of that source; empty: no one source."""
    asked: str
    """The guiding question, ready to be sent."""
    building: bool


class DigestUpdate(TypedDict):
    """What digest writes."""

    parts: dict[int, str]
    calls: list[Call]


class MergeUpdate(TypedDict):
    """What merge writes."""

    guidance: str


def parts_of(task: Task, state: State) -> list[Part]:
    """Return what is digested side by side: each part of the material, by each of its questions."""
    question = as_data(state["text"])
    in_view = state["tries"] > 0 or bool(state["clarification"])
    ending = render(IN_VIEW, question=question) if in_view else ""
    asked = [
        (items, source, render(template, question=question))
        for items in state["material"]
        for source, template in _questions(task, items)
    ]
    return [
        Part(
            number=number,
            of=len(asked),
            items=items,
            source=source,
            asked=text + ending,
            building=state["building"],
        )
        for number, (items, source, text) in enumerate(asked)
    ]


def _questions(task: Task, items: Sequence[HistoryItem]) -> list[tuple[str, str]]:
    """Return the source and the guiding question of each digestion of these items."""
    there = dict.fromkeys(item.source for item in items)
    named = [source for source in there if source in task.sources]
    if not named:
        return [("", task.guiding_question)]
    if len(there) == 1:
        return [(named[0], task.sources[named[0]])]

    def scoped(source: str) -> str:  # a source's name is the user's; braces in it are no variables
        name = as_data(source).replace("{", "{{").replace("}", "}}")
        return render(OF_SOURCE, source=name, asked=task.sources[source])

    questions = [(source, scoped(source)) for source in named]
    if len(named) < len(there):
        rest = render(OF_OTHERS, sources=" or ".join(named), asked=task.guiding_question)
        questions.append(("the rest", rest))
    return questions


def make_digest(
    chat: BaseChatModel, tasks: Mapping[str, Task], builds: Builds
) -> Stage[Part, DigestUpdate]:
    """Return the stage that asks the guiding question over one part of the material."""

    async def digest(state: Part, runtime: Runtime[Context]) -> DigestUpdate:
        context = require(runtime.context)
        task = find_task(tasks, context.task)
        runtime.stream_writer({"stage": "digest", "part": state["number"] + 1, "of": state["of"]})
        habits = ""
        if task.evidence == "style":
            habits = observed([item.text for item in state["items"]]) + "\n\n"
        shelf = shelf_of(runtime, task.with_switches(context)) if state["building"] else None
        async with builds.stage(shelf.key if shelf else None):
            done = await complete(
                chat,
                messages(state["items"], habits + state["asked"]),
                stage="digest",
                max_tokens=task.max_tokens.digest,
                temperature=task.temperature,
            )
        guidance = done.text.strip()
        if done.finish_reason == "length":
            guidance = without_loop(guidance)
        if habits:
            guidance = f"{habits.strip()}\nMost distinctive: {guidance}"
        if guidance and state["source"]:
            guidance = render(FROM_SOURCE, source=state["source"], reply=guidance)
        return {"parts": {state["number"]: guidance}, "calls": [done.call]}

    return digest


def without_loop(text: str) -> str:
    """Return a cut-off list with each entry once: a small model may repeat itself without end."""
    entries = text.split(", ")
    whole = entries[:-1] if len(entries) > 2 else entries
    return ", ".join(dict.fromkeys(whole))


async def merge(state: State, runtime: Runtime[Context]) -> MergeUpdate:
    """Join the replies to the guiding question in the order of their parts.

    Together they take no more than a part of the history does, or the parts of a long history would
    fill the model's context: each is cut to its share.
    """
    replies = [state["parts"][number] for number in sorted(state["parts"])]
    told = [reply for reply in replies if reply]
    share = require(runtime.context).context_tokens // max(1, len(told))
    return {"guidance": "\n".join(shortened(reply, share) for reply in told)}
