"""What a trace says of a run beside its stages: figures and names, and nobody's text."""

from collections.abc import Iterator

from langchain_core.callbacks import BaseCallbackManager
from langchain_core.tracers import LangChainTracer
from langgraph.config import get_config
from langsmith import RunTree, get_current_run_tree

Fact = str | int | float | bool | None


def note(tag: str, **facts: Fact) -> None:
    """Note facts on the stage's run and on the workflow's, where LangSmith traces them.

    Args:
        tag: Added to the runs' tags.
        facts: Added to their metadata, each name with `guided_profile_` before it.
    """
    named = {f"guided_profile_{name}": fact for name, fact in facts.items()}
    for run in _traced():
        run.add_metadata(named)
        run.add_tags(tag)


def _traced() -> Iterator[RunTree]:
    stage = get_current_run_tree()
    if stage is None:
        return
    yield stage
    callbacks = get_config().get("callbacks")
    handlers = callbacks.handlers if isinstance(callbacks, BaseCallbackManager) else []
    for handler in handlers:
        if isinstance(handler, LangChainTracer):
            workflow = handler.run_map.get(str(stage.parent_run_id))
            if workflow is not None:
                yield workflow
