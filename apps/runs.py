"""Running the workflow for somebody at a terminal."""

import sys
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command

from guided_profile.apps.render import OnStage
from guided_profile.graph.build import Graph
from guided_profile.graph.context import Context
from guided_profile.graph.state import Abstained, Answered, Question


async def run(
    graph: Graph, question: Question, context: Context, on_stage: OnStage
) -> Answered | Abstained:
    """Run the workflow, reporting its stages as they begin, and asking back where it does."""
    config: RunnableConfig = {"configurable": {"thread_id": "1"}}
    next_input: Question | Command[Any] = question
    answer: Answered | Abstained | None = None
    while answer is None:
        asked = None
        async for streamed in graph.astream(
            next_input, config, context=context, stream_mode=["custom", "values"]
        ):
            mode, event = cast("tuple[str, Any]", streamed)
            if mode == "custom":
                on_stage(event)
            elif "__interrupt__" in event:
                asked = event["__interrupt__"][0].value["clarify"]
            else:
                answer = event.get("answer")
        if asked is not None:
            on_stage(None)
            print(asked, file=sys.stderr)
            next_input = Command(resume=sys.stdin.readline())
    return answer
