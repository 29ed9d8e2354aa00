"""A user's profile by itself: the workflow is run without a question of theirs."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast
from uuid import uuid4

from langchain_core.runnables import RunnableConfig

from guided_profile.graph.build import Graph
from guided_profile.graph.context import Context
from guided_profile.graph.errors import QuestionError
from guided_profile.graph.records import Profile
from guided_profile.graph.state import Question
from guided_profile.graph.tasks import Task


async def standing_profile(
    graph: Graph, task: Task, context: Context, on_event: Callable[[Any], None] | None = None
) -> Profile:
    """Return a user's profile for a task, made first if it is missing or stale; nothing is asked.

    Args:
        graph: The workflow, built with a store.
        task: The task of the context.
        context: Whose profile, for which task.
        on_event: Called with the stages' events as they begin.

    Raises:
        QuestionError: The user has no history yet.
    """
    options = ["one", "another"] if task.kind == "choice" else []
    question: Question = {"question": "What is this person like?", "options": options}
    only = replace(context, sees=("profile",), memory_requests=False)
    made: Profile | None = None
    thread: RunnableConfig = {"configurable": {"thread_id": uuid4().hex}}  # of its own
    async for streamed in graph.astream(
        question,
        thread,
        context=only,
        stream_mode=["custom", "values"],
        output_keys="profile",
        interrupt_before=["respond", "review", "welcome"],
    ):
        mode, event = cast("tuple[str, Any]", streamed)
        if mode == "custom" and on_event:
            on_event(event)
        elif mode == "values":
            made = event
    if made is None:
        raise QuestionError(f"there is no history of {context.user_id!r} to profile yet; add some.")
    return made
