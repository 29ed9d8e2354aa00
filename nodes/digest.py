"""digest: ask the task's guiding question over the personal context; merge: join the replies."""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import TypedDict

from langgraph.runtime import Runtime

from guided_profile.graph.context import Context, require
from guided_profile.graph.prompts import FROM_SOURCE, IN_VIEW, OF_SOURCE, messages, render
from guided_profile.graph.records import Call, HistoryItem
from guided_profile.graph.state import State
from guided_profile.graph.tasks import Task
from guided_profile.graph.text import as_data, shortened
from guided_profile.nodes.resources import Resources
from guided_profile.nodes.stage import Stage
from guided_profile.tools.evidence.citations import without_citations
from guided_profile.tools.evidence.habits import habits_of
from guided_profile.tools.models.calls import LESS_REPETITION, complete


class Digestion(TypedDict):
    """What one digestion is sent: a part of the material, and what to ask it."""

    number: int
    of: int
    items: list[HistoryItem]
    first: int
    """The number of the first item's line: the parts are numbered on from one to the next."""
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


def digestions_of(task: Task, state: State) -> list[Digestion]:
    """Return what is digested side by side: each part of the material, by each of its questions."""
    question = as_data(state["text"])
    in_view = state["tries"] > 0 or bool(state["clarification"])
    ending = render(IN_VIEW, question=question) if in_view else ""
    firsts = accumulate(map(len, state["material"]), initial=1)
    asked = [
        (items, first, source, render(template, question=question))
        for items, first in zip(state["material"], firsts, strict=False)
        for source, template in _questions(task, items)
    ]
    return [
        Digestion(
            number=number,
            of=len(asked),
            items=items,
            first=first,
            source=source,
            asked=text + ending,
            building=state["building"],
        )
        for number, (items, first, source, text) in enumerate(asked)
    ]


def _questions(task: Task, items: Sequence[HistoryItem]) -> list[tuple[str, str]]:
    """Return the sources, named, and the guiding question of each digestion of these items.

    A source that the task names is asked its own question. All other items are asked one question
    together: that of their kind, whichever most of them are of.
    """
    named = [source for source in dict.fromkeys(i.source for i in items) if source in task.sources]
    rest = [item for item in items if item.source not in named]
    questions = [(source, task.sources[source]) for source in named]
    if rest:
        kinds = Counter(task.question_of(item) for item in rest)
        others = " or ".join(dict.fromkeys(item.source for item in rest))
        questions.append((others, kinds.most_common(1)[0][0]))
    if len(questions) == 1:
        return [("", question) for _, question in questions]

    def scoped(sources: str, question: str) -> str:  # a source's name is the user's, braces and all
        name = as_data(sources).replace("{", "{{").replace("}", "}}")
        return render(OF_SOURCE, source=name, asked=question)

    return [(sources, scoped(sources, question)) for sources, question in questions]


def make_digest(resources: Resources) -> Stage[Digestion, DigestUpdate]:
    """Return the stage that asks the guiding question over one part of the material."""

    async def digest(state: Digestion, runtime: Runtime[Context]) -> DigestUpdate:
        _, task = resources.asked(runtime)
        runtime.stream_writer({"stage": "digest", "part": state["number"] + 1, "of": state["of"]})
        habits = counted(state["items"]) if task.evidence == "style" else ""
        numbers = range(state["first"], state["first"] + len(state["items"]))
        async with resources.making(runtime, task, building=state["building"]):
            done = await complete(
                resources.chat,
                messages(state["items"], habits + state["asked"], numbers),
                stage="digest",
                max_tokens=task.max_tokens.digest,
                temperature=task.temperature,
                repetition=LESS_REPETITION,
            )
        guidance = without_repetition(done.text, cut_off=done.cut_off)
        if habits:
            guidance = f"{habits.strip()}\nMost distinctive: {guidance}"
        if guidance and state["source"]:
            guidance = render(FROM_SOURCE, source=state["source"], reply=guidance)
        return {"parts": {state["number"]: guidance}, "calls": [done.call]}

    return digest


def counted(items: Sequence[HistoryItem]) -> str:
    """Return the lines that tell a model what was counted about how a user writes."""
    lines = "\n".join(f"- {line.text}" for line in habits_of(items))
    return f"Counted in how this person writes:\n{lines}\n\n" if lines else ""


def without_repetition(text: str, *, cut_off: bool) -> str:
    """Return a reply without the lines, or entries of a list, that stand in it already.

    A small model may repeat itself without end. Of a reply that the token limit cut off, the last,
    unfinished entry is left out.
    """
    lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    if cut_off and len(lines) == 1:
        entries = lines[0].split(", ")
        return ", ".join(dict.fromkeys(entries[:-1] if len(entries) > 2 else entries))
    if cut_off:
        lines = lines[:-1]
    return "\n".join(dict.fromkeys(lines))


async def merge(state: State, runtime: Runtime[Context]) -> MergeUpdate:
    """Join the replies to the guiding question in the order of their parts.

    What a part says that another has said is left out. Together they take no more than a part of
    the history does, or those of a long history would fill the model's context.
    """
    replies = [state["parts"][number] for number in sorted(state["parts"])]
    lines = dict.fromkeys(line for reply in replies for line in reply.splitlines() if line)
    by_content: dict[str, str] = {}
    for line in lines:
        by_content.setdefault(_plain(without_citations(line)), line)
    room = require(runtime.context).context_tokens
    return {"guidance": shortened("\n".join(by_content.values()), room)}


def _plain(text: str) -> str:
    return text.casefold().strip(" -*•.,;")
