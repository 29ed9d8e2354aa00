"""Answers that suit the person who asks, from a short profile of their history.

    >>> from guided_profile import HistoryItem, open_graph
    >>> with open_graph(data="my-data") as gp:
    ...     added = gp.history.add("anna", [HistoryItem(text="my cat Miso sleeps on my desk")])
    ...     answer = gp.ask("What is my cat called?", user_id="anna")
    >>> print(answer.text if answer.kind == "answered" else answer.detail)
    My cat is called Miso.

The models are the embedded ones, or those of the endpoint that OPENAI_BASE_URL, OPENAI_API_KEY and
OPENAI_MODEL name. A name is loaded when it is first used: to import this package costs nothing.

- `open_graph` opens the workflow with its histories and profiles; `build_graph` makes the workflow
  of a model, a `HistoryStore` and a store of your own. A run takes a `Context`.
- A `HistoryItem` goes in; `Answered` or `Abstained` comes out, with the `Profile` that was used.
- A `Task` says what is asked of a history; `load_task` reads your own from its YAML file.
- `Companion` and `GuidedProfileMiddleware` (the extra `agent`) are for chat assistants.
- `GuidedProfileError` is the base of every error that is raised on purpose.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from guided_profile.apps.assistants.companion import Companion
    from guided_profile.apps.assistants.middleware import GuidedProfileMiddleware
    from guided_profile.apps.opening import open_graph
    from guided_profile.graph.answers import Abstained, Answered
    from guided_profile.graph.build import build_graph
    from guided_profile.graph.context import Context, Recall
    from guided_profile.graph.errors import GuidedProfileError
    from guided_profile.graph.records import HistoryItem, Profile
    from guided_profile.graph.tasks import Task, load_task
    from guided_profile.tools.history.store import HistoryStore

    __version__: str

__all__ = [
    "Abstained",
    "Answered",
    "Companion",
    "Context",
    "GuidedProfileError",
    "GuidedProfileMiddleware",
    "HistoryItem",
    "HistoryStore",
    "Profile",
    "Recall",
    "Task",
    "__version__",
    "build_graph",
    "load_task",
    "open_graph",
]

_MODULES = {
    "Abstained": "graph.answers",
    "Answered": "graph.answers",
    "Companion": "apps.assistants.companion",
    "Context": "graph.context",
    "GuidedProfileError": "graph.errors",
    "GuidedProfileMiddleware": "apps.assistants.middleware",
    "HistoryItem": "graph.records",
    "HistoryStore": "tools.history.store",
    "Profile": "graph.records",
    "Recall": "graph.context",
    "Task": "graph.tasks",
    "build_graph": "graph.build",
    "load_task": "graph.tasks",
    "open_graph": "apps.opening",
}
"""Where each name stands, as the imports above tell the type checkers."""

if not TYPE_CHECKING:  # they would take any name for one of these

    def __getattr__(name: str) -> object:
        """Load a public name when it is first used."""
        if name == "__version__":
            from importlib.metadata import version  # takes longer to import than all the rest

            found = version("guided-profile")
        elif name in _MODULES:
            found = _loaded(name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    """Return the public names, without what lacks its extra: `help` loads all of them."""
    from importlib.util import find_spec

    lacks = set() if find_spec("langchain") else {"GuidedProfileMiddleware"}
    return sorted(set(__all__) - lacks)


def _loaded(name: str) -> object:
    try:
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    except ModuleNotFoundError as error:
        lacks = (error.name or "").partition(".")[0]
        if lacks != "langchain":  # the middleware's alone
            raise
        raise ImportError(
            f"{lacks} is not installed; install it with pip install 'guided-profile[agent]'.",
            name=lacks,
        ) from error
