"""What a trace says of a run beside its stages: figures and names, and nobody's text.

And how a process ends without waiting for LangSmith for longer than it wants to.
"""

import logging
from collections.abc import Callable, Iterator, MutableMapping
from functools import cache
from threading import Thread
from typing import Any, cast
from uuid import UUID

from langchain_core.callbacks import BaseCallbackManager
from langchain_core.tracers import LangChainTracer
from langgraph.config import get_config
from langsmith import Client, RunTree, get_current_run_tree, run_trees
from langsmith.run_helpers import get_tracing_context
from langsmith.run_trees import get_cached_client
from langsmith.utils import LangSmithError, get_env_var, get_tracer_project, tracing_is_enabled

Fact = str | int | float | bool | None

THUMBS = "thumbs"
"""The feedback key of what a user thinks of an answer; its score is 1 or 0."""
CORRECTION = "profile_correction"
"""The feedback key of a decision about a profile's sentence; its value is which."""
FLUSH_SECONDS = 15.0
"""Seconds that the end of a run waits for what is still on its way to LangSmith."""
_log = logging.getLogger(__name__)


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


def feed_back(
    run_id: UUID, key: str, *, score: int | None = None, value: str | None = None
) -> None:
    """Attach what a user made of a run to its trace, where LangSmith traces it.

    It waits for LangSmith, so it belongs on a thread; what goes wrong is logged.

    Args:
        run_id: Of the workflow's run.
        key: `THUMBS` or `CORRECTION`.
        score: Of thumbs.
        value: Of a correction, without its text.
    """
    if not tracing_is_enabled():
        return
    client = get_cached_client()
    try:
        client.create_feedback(
            trace_id=run_id,
            key=key,
            score=score,
            value=value,
            session_id=_project_id(client, _project()),
        )
    except (LangSmithError, OSError, ValueError) as error:
        _log.warning("feedback is lost: LangSmith failed with %s", type(error).__name__)


def _project() -> str:
    return str(get_tracing_context()["project_name"] or get_tracer_project())


@cache
def _project_id(client: Client, name: str) -> UUID:
    found: UUID = client.read_project(project_name=name).id
    return found


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


def end_without_waiting(environment: MutableMapping[str, str]) -> None:
    """Have the clients made from now on not hold the process back when it ends."""
    environment.setdefault("LANGSMITH_USE_DAEMON", "true")
    environment.setdefault("LANGSMITH_DISABLE_RUN_COMPRESSION", "true")  # its threads are waited on
    environment.setdefault("OTEL_EXPORTER_OTLP_TIMEOUT", "1")  # seconds, retries and all
    cast(Any, get_env_var).cache_clear()


def flush_own_tracing(seconds: float = FLUSH_SECONDS) -> None:
    """Send what tracing by the environment's own settings has left, for as long as `seconds`."""
    client = run_trees._CLIENT  # asking for it would make one, which sends a request
    if tracing_is_enabled() is True and client is not None:
        within(lambda: client.flush(seconds), seconds)


def within(work: Callable[[], None], seconds: float) -> bool:
    """Do something that may wait for a server, for so many seconds at most; whether it ended."""
    thread = Thread(target=work, daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()
