"""Putting the parts together as the settings say: model, embedder, verifier, history, tasks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryFile

from langchain_core.language_models import BaseChatModel
from langgraph.store.base import BaseStore

from guided_profile.apps.postgres import postgres
from guided_profile.apps.settings import Settings
from guided_profile.graph.errors import SettingsError
from guided_profile.graph.tasks import Task, builtin_tasks, by_name, find_task, load_task
from guided_profile.tools.assembly import make_chat, make_embedder, make_verifier
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.evidence.base import Verifier
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.history.text_vectors import EmbedderLike
from guided_profile.tools.profiles.sqlite import open_profiles
from guided_profile.tools.weights.fetch import OnProgress

HISTORY, PROFILES = "history", "profiles.db"
"""What they are called in the data folder, where no server has them."""
LONGEST_REPLY = 400
"""Tokens of a reply that an embedded model is asked for without a limit: it may find no end."""


def chat_model(settings: Settings, on_progress: OnProgress | None = None) -> BaseChatModel:
    """Return the endpoint's model, or the embedded one: its weights are fetched if need be.

    Raises:
        WeightsError: They could not be had.
        SettingsError: The embedded models are not installed.
    """
    return make_chat(
        settings.model,
        base_url=settings.base_url,
        api_key=settings.api_key,
        reasoning_effort=settings.reasoning_effort,
        embedded=settings.local_model,
        slots=settings.local_slots,
        max_tokens=LONGEST_REPLY,
        on_progress=on_progress,
    )


def embedder(settings: Settings, on_progress: OnProgress | None = None) -> Embedder:
    """Return the embedder that the settings name: its weights are fetched if need be."""
    return make_embedder(
        settings.embedder,
        model=settings.embedding_model,
        base_url=settings.base_url,
        api_key=settings.api_key,
        on_progress=on_progress,
    )


def verifier(settings: Settings) -> Verifier | None:
    """Return what judges sentences as the settings say; None: the workflow's own model does.

    Raises:
        SettingsError: A file of an NLI model is missing or wrong, or what runs it is not installed.
    """
    return make_verifier(
        settings.verifier,
        base_url=settings.base_url,
        api_key=settings.api_key,
        reasoning_effort=settings.reasoning_effort,
    )


def open_history(settings: Settings, embed: EmbedderLike | None) -> HistoryStore:
    """Open the histories, in the data folder or on the Chroma server."""
    if settings.chroma_url:
        return HistoryStore.open(embed, url=settings.chroma_url)
    return HistoryStore.open(embed, path=settings.data / HISTORY)


def check_folder(settings: Settings) -> None:
    """Find out whether the data folder can be written, before anything that takes time.

    Raises:
        SettingsError: It cannot, and something is to be kept there.
    """
    if settings.chroma_url and settings.database_url:
        return
    try:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        with TemporaryFile(dir=settings.data):
            pass
    except OSError as error:
        raise SettingsError(
            f"the data folder {str(settings.data)!r} cannot be written ({error.strerror}); name "
            "one that can, with --data or GUIDED_PROFILE_DATA."
        ) from None


def known_tasks(settings: Settings) -> dict[str, Task]:
    """Return the built-in tasks, and those in the data folder's `tasks/`.

    A task that does not say whether profiles' worth is measured has the setting's word on it.

    Raises:
        TaskError: A file of them is wrong.
    """
    own = [load_task(path) for path in sorted((settings.data / "tasks").glob("*.yaml"))]
    tasks = builtin_tasks() | by_name(own)
    return {name: _with_worth(task, settings) for name, task in tasks.items()}


def _with_worth(task: Task, settings: Settings) -> Task:
    if settings.worth is None or "worth" in task.model_fields_set:
        return task
    return task.model_copy(update={"worth": settings.worth})


def known_task(settings: Settings, name: str) -> tuple[dict[str, Task], Task]:
    """Return all the tasks, and the one of a name or YAML file."""
    tasks = known_tasks(settings)
    if Path(name).suffix in (".yaml", ".yml"):
        own = _with_worth(load_task(Path(name)), settings)
        return tasks | {own.name: own}, own
    return tasks, find_task(tasks, name)


@asynccontextmanager
async def profile_store(settings: Settings) -> AsyncIterator[BaseStore]:
    """Open what profiles are kept in: the database that the settings name, or the folder's file.

    Raises:
        SettingsError: What reaches a Postgres is not installed.
        ProfilesError: It cannot be opened.
    """
    if settings.database_url:
        async with postgres().open_database(settings.database_url) as database:
            yield database
        return
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    async with open_profiles(settings.data / PROFILES) as store:
        yield store
