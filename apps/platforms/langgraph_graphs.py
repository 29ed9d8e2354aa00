"""LangGraph Server's way in: `langgraph.json` names these graphs, one for each built-in task."""

from collections.abc import Awaitable, Callable
from functools import cache

from langchain_core.runnables import RunnableConfig

from guided_profile.apps.platforms.langgraph_auth import ADMIN, NOBODY
from guided_profile.apps.server.process.resources import (
    ServerResources,
    server_resources,
    server_settings,
    verifier,
)
from guided_profile.graph.build import Graph, assistant_of
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
        resources = await server_resources()
        if verifier().open and who in (None, "", NOBODY):  # nor does an auth of somebody else's ask
            return _open_to_all(name, resources)
        return resources.assistants[name]

    return graph


@cache
def _open_to_all(name: str, resources: ServerResources) -> Graph:
    """Return an assistant whose runs are the default user's if they name nobody."""
    user = server_settings().default_user
    return assistant_of(resources.assistants[name], resources.tasks.get(name), user)


guided_profile = _of("guided_profile")
preference = _of("preference")
paraphrase = _of("paraphrase")
dialogue = _of("dialogue")
assistant = _of("assistant")
