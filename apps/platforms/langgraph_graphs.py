"""LangGraph Server's way in: `langgraph.json` names these graphs, one for each built-in task."""

from collections.abc import Awaitable, Callable

from langchain_core.runnables import RunnableConfig

from guided_profile.apps.platforms.langgraph_auth import ADMIN
from guided_profile.apps.server.process.resources import server_resources, verifier
from guided_profile.graph.build import Graph
from guided_profile.graph.errors import QuestionError


def _of(name: str) -> Callable[[RunnableConfig], Awaitable[Graph]]:
    async def graph(config: RunnableConfig) -> Graph:
        """Return the workflow, assembled once; the server brings its store and checkpointer.

        Raises:
            QuestionError: The run is another user's than the token's: `langgraph_auth` refuses such
                a request, and this holds for whatever way into a run it does not see.
        """
        configurable = config.get("configurable") or {}
        who, named = configurable.get("langgraph_auth_user_id"), configurable.get("user_id")
        admin = ADMIN in (configurable.get("langgraph_auth_permissions") or ())
        if not verifier().open and not admin and named is not None and named != who:
            raise QuestionError("the run names another user than its token; leave user_id out.")
        return (await server_resources()).assistants[name]

    return graph


guided_profile = _of("guided_profile")
preference = _of("preference")
paraphrase = _of("paraphrase")
dialogue = _of("dialogue")
assistant = _of("assistant")
