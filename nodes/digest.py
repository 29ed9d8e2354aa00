"""digest: ask the task's guiding question over the personal context; merge: join the replies."""

from collections.abc import Mapping
from typing import TypedDict

from langchain_core.language_models import BaseChatModel
from langgraph.runtime import Runtime

from guided_profile.graph.context import Context, require
from guided_profile.graph.prompts import IN_VIEW, as_data, messages, render
from guided_profile.graph.state import Call, HistoryItem, State
from guided_profile.graph.tasks import Task, find_task
from guided_profile.nodes.stage import Stage
from guided_profile.tools.models import complete
from guided_profile.tools.style import observed


class Part(TypedDict):
    """What one digestion is sent: a part of the material, and what to ask it."""

    number: int
    of: int
    items: list[HistoryItem]
    text: str
    in_view: bool
    """Whether the question is in view: on a retry, and after a clarification."""


class DigestUpdate(TypedDict):
    """What digest writes."""

    parts: dict[int, str]
    calls: list[Call]


class MergeUpdate(TypedDict):
    """What merge writes."""

    guidance: str


def make_digest(chat: BaseChatModel, tasks: Mapping[str, Task]) -> Stage[Part, DigestUpdate]:
    """Return the stage that asks the guiding question over one part of the material."""

    async def digest(state: Part, runtime: Runtime[Context]) -> DigestUpdate:
        task = find_task(tasks, require(runtime.context).task)
        runtime.stream_writer({"stage": "digest", "part": state["number"] + 1, "of": state["of"]})
        question = render(task.guiding_question, question=as_data(state["text"]))
        habits = ""
        if task.evidence == "style":
            habits = observed([item.text for item in state["items"]]) + "\n\n"
        if state["in_view"]:
            question += render(IN_VIEW, question=as_data(state["text"]))
        done = await complete(
            chat,
            messages(state["items"], habits + question),
            stage="digest",
            max_tokens=task.max_tokens.digest,
            temperature=task.temperature,
        )
        guidance = done.text.strip()
        if habits:
            guidance = f"{habits.strip()}\nMost distinctive: {guidance}"
        return {"parts": {state["number"]: guidance}, "calls": [done.call]}

    return digest


async def merge(state: State) -> MergeUpdate:
    """Join the replies to the guiding question in the order of their parts."""
    replies = [state["parts"][number] for number in sorted(state["parts"])]
    return {"guidance": "\n".join(reply for reply in replies if reply)}
