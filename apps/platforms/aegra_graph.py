"""The workflow as Aegra runs it."""

import logging
from collections.abc import AsyncIterator, Mapping
from importlib import import_module
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.graph.state import CompiledStateGraph
from pydantic_core import to_jsonable_python

from guided_profile.apps.platforms.langgraph_auth import ADMIN
from guided_profile.graph.build import Graph
from guided_profile.graph.errors import GuidedProfileError, QuestionError

_MODULE = "guided_profile.apps.platforms.langgraph_graphs"

_log = logging.getLogger(__name__)


class AegraGraph(CompiledStateGraph[Any, Any, Any, Any]):
    """A workflow whose results Aegra can keep, and whose errors it may show.

    Aegra keeps results as JSON, and cannot write times; it shows clients the text of any exception.
    """

    @classmethod
    def of(cls, graph: Graph) -> "AegraGraph":
        """Return a workflow as Aegra is to run it."""
        return cls(**vars(graph))

    async def astream(
        self, input: Any, config: RunnableConfig | None = None, **more: Any
    ) -> AsyncIterator[Any]:
        """Run as whose request it is, and as nobody else: see `aegra_gate`, which refuses more.

        Raises:
            GuidedProfileError: What the workflow raises.
            RuntimeError: Anything else went wrong; the text says no more.
        """
        _check_user(more.get("context"))
        try:
            async for event in super().astream(input, config, **more):
                yield _plain(event)
        except GuidedProfileError:
            raise
        except Exception as error:  # noqa: BLE001  # none may say more than it should
            _log.error("a run failed: %s", type(error).__name__)
            raise RuntimeError("something went wrong here; tell the operator.") from None


def hand_to_aegra(assistants: Mapping[str, Graph]) -> None:
    """Have Aegra run the workflow under the names that `langgraph.json` gives it.

    Aegra loads graphs from files alone, and ours are named by their module, which LangGraph Server
    finds from any folder; a graph that Aegra has already it does not load.
    """
    service = import_module("aegra_api.services.langgraph_service").get_langgraph_service()
    for name, named in service._graph_registry.items():
        if named["file_path"] == _MODULE:
            service._base_graph_cache[name] = AegraGraph.of(assistants[name])


def _check_user(context: Any) -> None:
    asks = import_module("aegra_api.core.auth_ctx").get_auth_ctx()
    named = context.get("user_id") if isinstance(context, dict) else None
    if named is None:
        raise QuestionError("the run names no user; set user_id in its context.")
    if asks is None or (ADMIN not in asks.user.permissions and named != asks.user.identity):
        raise QuestionError("the run names another user than its token; leave user_id out.")


def _plain(event: Any) -> Any:
    """Return a streamed event with its values as JSON data."""
    if isinstance(event, tuple) and len(event) > 1 and event[-2] in ("values", "updates"):
        return (*event[:-1], to_jsonable_python(event[-1], fallback=str))
    return event
