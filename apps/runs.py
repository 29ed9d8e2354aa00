"""Running the workflow: its stages as they begin, and then what became of the question."""

import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any, cast
from uuid import UUID

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.types import Command

from guided_profile.apps.terminal import marked
from guided_profile.graph.answers import Abstained, Answered, AsksBack, Outcome
from guided_profile.graph.build import Graph
from guided_profile.graph.context import Context
from guided_profile.graph.errors import NoReplyError, QuestionError
from guided_profile.graph.records import MemoryAct, Record
from guided_profile.graph.state import Question

OnStage = Callable[[Mapping[str, Any] | None], None]
"""Called with a stage's event as it begins; with None before something else is shown."""
Reply = Callable[[str], Awaitable[str]]
"""Called with what the user is asked back; returns what they say to it."""


def thread_memory() -> InMemorySaver:
    """Return what keeps a thread in memory while its user is asked something."""
    kinds = Record.__subclasses__()
    return InMemorySaver(serde=JsonPlusSerializer(allowed_msgpack_modules=kinds))


async def events(
    graph: Graph,
    given: Question | Command[Any],
    context: Context,
    thread: str,
    run_id: UUID | None = None,
) -> AsyncIterator[dict[str, Any] | Outcome]:
    """Run the workflow; yield its stages' events as they begin, and last what became of it.

    Args:
        graph: With a checkpointer, where it is to be resumed after a question to the user.
        given: The question, or the reply that resumes it.
        context: Who asks, for which task.
        thread: The thread's id.
        run_id: What the run is to be named in traces.

    Raises:
        QuestionError: The question is blank.
    """
    if not isinstance(given, Command) and not (given.get("question") or "").strip():
        raise QuestionError("the question is empty; send the text that is to be answered.")
    config: RunnableConfig = {"configurable": {"thread_id": thread}, "run_id": run_id}
    outcome: Outcome | None = None
    memory: MemoryAct | None = None
    async for streamed in graph.astream(
        given,
        config,
        context=context,
        stream_mode=["custom", "values"],
        # nobody goes on with a run but from where it asked or ended
        durability="exit" if graph.checkpointer else None,
    ):
        mode, event = cast("tuple[str, Any]", streamed)
        if mode == "custom":
            yield event
        elif "__interrupt__" in event:
            value = event["__interrupt__"][0].value
            asks = memory if memory and memory.outcome == "asks" else None
            outcome = AsksBack(text=value["clarify"], memory=asks)
        else:
            memory = event.get("memory")
            outcome = event.get("answer")
    if outcome is None:
        raise RuntimeError("the workflow ended without an answer")
    yield outcome


async def at_terminal(text: str) -> str:
    """Ask the user at a terminal, which waits for them.

    Raises:
        NoReplyError: The input is at its end.
    """
    print(marked(text), file=sys.stderr)
    line = sys.stdin.readline() if sys.stdin else ""  # None where the input was closed
    if not line:
        raise NoReplyError(
            "the task asks you something, and there is no more input to read an answer from; run "
            "it in a terminal, or give a line of input for each question."
        )
    return line


async def run(
    graph: Graph,
    question: Question,
    context: Context,
    on_stage: OnStage = lambda event: None,
    reply: Reply = at_terminal,
) -> Answered | Abstained:
    """Run the workflow to its end, and ask the user back where it does.

    Args:
        graph: With a checkpointer.
        question: What is asked.
        context: Who asks, for which task.
        on_stage: Called with the stages' events as they begin; with None before a question back.
        reply: Asks the user back. If it raises `NoReplyError` where something was done already
            that they are asked about, the question is the answer: their next message may reply.
    """
    given: Question | Command[Any] = question
    while True:
        async for event in events(graph, given, context, "1"):
            if isinstance(event, Answered | Abstained):
                return event
            if isinstance(event, AsksBack):
                on_stage(None)
                try:
                    given = Command(resume=await reply(event.text))
                except NoReplyError:
                    if event.memory is None:
                        raise
                    return Answered(text=event.text, memory=event.memory)
            else:
                on_stage(event)
