"""What a server process holds once, for LangGraph's API and for our routes alike."""

import asyncio
import logging
import shutil
import sys
import time
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Lock

from langchain_core.language_models import BaseChatModel
from langgraph.store.base import BaseStore

from guided_profile.apps import assembly
from guided_profile.apps.privacy import limit_traces
from guided_profile.apps.server.access.tokens import Verifier
from guided_profile.apps.server.process.metrics import Metrics
from guided_profile.apps.server.process.paused import PausedRuns
from guided_profile.apps.server.process.uploads import Uploads
from guided_profile.apps.server_settings import ServerSettings, read_server_settings
from guided_profile.apps.settings import Settings, read_settings
from guided_profile.graph.build import Graph, assistant_of, build_graph
from guided_profile.graph.tasks import Task, builtin_tasks
from guided_profile.tools.history.store import HistoryStore

_DAY = 86_400.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class ServerResources:
    """The model, the histories and the workflow."""

    settings: Settings
    chat: BaseChatModel
    history: HistoryStore
    tasks: dict[str, Task]
    graph: Graph
    """Without a store; each way in brings its own."""
    assistants: dict[str, Graph]
    """The same by the names in `langgraph.json`: for any task, and as each built-in task's own."""
    metrics: Metrics
    paused: PausedRuns = field(default_factory=PausedRuns)
    uploads: Uploads = field(default_factory=Uploads)

    @classmethod
    def assembled(cls, settings: Settings) -> "ServerResources":
        """Put it together; weights are fetched if need be.

        Raises:
            GuidedProfileError: A setting is wrong, or a part cannot be had.
        """
        tasks = assembly.known_tasks(settings)
        judge = assembly.verifier(settings)
        chat = assembly.chat_model(settings)
        history = assembly.open_history(settings, assembly.embedder(settings))
        _clear(settings.uploads, alone=not settings.chroma_url)
        metrics = Metrics()
        graph = build_graph(chat=chat, history=history, tasks=tasks.values(), verifier=judge)
        measured = graph.with_config({"callbacks": [metrics.callbacks]})
        assistants = {name: assistant_of(measured, tasks[name]) for name in builtin_tasks()}
        assistants["guided_profile"] = measured
        return cls(settings, chat, history, tasks, measured, assistants, metrics)


def _clear(uploads: Path, *, alone: bool) -> None:
    """Delete what a server that was killed left of uploads; others may be at work on theirs."""
    for left in uploads.glob("*"):
        if alone or time.time() - left.stat().st_mtime > _DAY:
            shutil.rmtree(left, ignore_errors=True)


@cache
def _assembled() -> ServerResources:
    settings = read_settings()
    limit_traces(settings.traces)
    return ServerResources.assembled(settings)


_assembling = Lock()


def _assembled_once() -> ServerResources:
    with _assembling:  # two requests at once must not open the history twice
        return _assembled()


async def server_resources() -> ServerResources:
    """Return what the process holds, assembled once, whichever event loops ask for them."""
    return await asyncio.to_thread(_assembled_once)


@cache
def server_settings() -> ServerSettings:
    """Return who may use this server, read once."""
    return read_server_settings()


@cache
def verifier() -> Verifier:
    """Return what finds out who sends a request."""
    made = Verifier(server_settings())
    if made.open:
        _log.warning(
            "GUIDED_PROFILE_AUTH is not set: nobody is asked who they are, and only this machine "
            "is served"
        )
    return made


def on_aegra() -> bool:
    """Return whether this process is Aegra, which serves LangGraph's API from Postgres."""
    return "aegra_api.core.app_loader" in sys.modules  # it has loaded our routes


async def platform_store() -> BaseStore | None:
    """Return the store of the LangGraph Server or Aegra that this process is; None if neither."""
    store: BaseStore
    if on_aegra():
        store = import_module("aegra_api.core.database").db_manager.get_store()
        return store
    platform = sys.modules.get("langgraph_api.store")
    if platform is None:
        return None
    store = await platform.get_store()
    return store
