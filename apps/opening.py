"""The workflow with its histories and profiles, opened in one line by a program of one's own."""

import asyncio
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from pathlib import Path

from langchain_core.language_models import BaseChatModel
from langgraph.store.base import BaseStore, Op, Result

from guided_profile.apps import assembly
from guided_profile.apps.background import Background
from guided_profile.apps.privacy import limit_traces
from guided_profile.apps.runs import run, thread_memory
from guided_profile.apps.settings import Settings, read_settings
from guided_profile.graph.build import Graph, build_graph
from guided_profile.graph.context import Context
from guided_profile.graph.errors import NoReplyError, QuestionError, SettingsError
from guided_profile.graph.state import Abstained, Answered, Question
from guided_profile.graph.tasks import Task, by_name
from guided_profile.tools.assembly import is_path
from guided_profile.tools.evidence.base import Verifier
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.history.text_vectors import EmbedderLike
from guided_profile.tools.models.calls import model_id
from guided_profile.tools.profiles.leases import locks_of
from guided_profile.tools.weights.catalogue import CATALOGUE
from guided_profile.tools.weights.fetch import OnProgress

_ENDPOINT = (
    "OPENAI_BASE_URL",
    "OPENAI_API_KEY",
    "OPENAI_MODEL",
    "OPENAI_REASONING_EFFORT",
    "OPENAI_EMBEDDING_MODEL",
)
_ARGUMENTS = {
    "OPENAI_EMBEDDING_MODEL": "embedding_model",
    "OPENAI_MODEL": "model",
    "OPENAI_REASONING_EFFORT": "reasoning_effort",
    "OPENAI_BASE_URL": "base_url",
    "OPENAI_API_KEY": "api_key",
    "GUIDED_PROFILE_LOCAL_MODEL": "model",
    "GUIDED_PROFILE_EMBEDDER": "embedder",
    "GUIDED_PROFILE_VERIFIER": "verifier",
}
"""What `open_graph` calls the settings that it takes."""


class OpenGraph(AbstractContextManager["OpenGraph"]):
    """The workflow with the histories and profiles that it works on, until its `with` ends.

    Threads may share it.
    """

    graph: Graph
    """The workflow, for any event loop: `await gp.graph.ainvoke(…, context=Context(…))`."""
    history: HistoryStore
    """What the users said and did."""

    def __init__(self, graph: Graph, history: HistoryStore, background: Background) -> None:
        self.graph, self.history, self._background = graph, history, background

    def ask(
        self,
        question: str,
        options: Sequence[str] = (),
        *,
        user_id: str,
        task: str = "dialogue",
        reply: Callable[[str], str] | None = None,
    ) -> Answered | Abstained:
        """Answer a question as it suits a user; it blocks, and an event loop has `graph` instead.

        Args:
            question: What is asked.
            options: What to choose among, for a task of kind `choice`.
            user_id: Who asks.
            task: The name of a task.
            reply: Called with what the task asks the user back; returns their words (`input` does).
                Left out: whether something is to be deleted is asked by the answer itself, and the
                user's next question may say Yes.

        Raises:
            ClosedError: It is closed, or was before there was an answer.
            GuidedProfileError: The question or the task is wrong, or a part failed.
        """
        if isinstance(options, str):
            raise QuestionError(f"options is {options!r}; give a list: options=[{options!r}, …].")
        context = Context(user_id=user_id, task=task)
        return self._background.start(self._answer(question, options, context, reply)).result()

    async def _answer(
        self,
        question: str,
        options: Sequence[str],
        context: Context,
        reply: Callable[[str], str] | None,
    ) -> Answered | Abstained:
        async def ask_back(text: str) -> str:
            if reply is None:
                raise NoReplyError(
                    f"the task {context.task!r} asks users back; say who replies with reply=…, "
                    "such as reply=input, or let the task retry or accept an abstention."
                )
            return await asyncio.to_thread(reply, text)

        graph = self.graph.copy({"checkpointer": thread_memory()})  # of this question alone
        asked: Question = {"question": question, "options": [*options]}
        return await run(graph, asked, context, reply=ask_back)

    def close(self) -> None:
        """Close the histories and the profiles; closing twice does nothing."""
        self._background.close()

    def __exit__(self, *failure: object) -> None:
        self.close()


def open_graph(
    data: str | Path | None = None,
    *,
    model: str | BaseChatModel | None = None,
    base_url: str | None = None,
    api_key: str | None = None,
    reasoning_effort: str | None = None,
    embedder: str | EmbedderLike | None = None,
    embedding_model: str | None = None,
    verifier: str | Path | Verifier | Mapping[str, Verifier] | None = None,
    tasks: Iterable[Task] = (),
    on_progress: OnProgress | None = None,
) -> OpenGraph:
    """Open the workflow with its histories and profiles; what is left out is as the settings say.

    An endpoint that is given, by `base_url` or `api_key`, is used instead of the environment's, of
    which nothing is sent to it.

    Args:
        data: The folder of histories, profiles and own tasks. `GUIDED_PROFILE_DATA`.
        model: A LangChain chat model, or the name of one at the endpoint or of an embedded one,
            or the path of a GGUF file. `OPENAI_MODEL`, or `GUIDED_PROFILE_LOCAL_MODEL`.
        base_url: An OpenAI-compatible endpoint. `OPENAI_BASE_URL`.
        api_key: The endpoint's key; without `base_url`, OpenAI's. `OPENAI_API_KEY`.
        reasoning_effort: How long the endpoint's model thinks before it answers, in the endpoint's
            own words, such as `low`. `OPENAI_REASONING_EFFORT`.
        embedder: `minilm`, `multilingual`, `lexical` or `endpoint`, or an embedder of your own.
            `GUIDED_PROFILE_EMBEDDER`.
        embedding_model: The endpoint's. `OPENAI_EMBEDDING_MODEL`.
        verifier: What judges the sentences of profiles: `endpoint:MODEL`, the folder of an NLI
            model, or one of your own (see `build_graph`). `GUIDED_PROFILE_VERIFIER`.
        tasks: Your own tasks, beside the built-in ones and those in the data folder.
        on_progress: Called while weights are fetched.

    Raises:
        GuidedProfileError: A setting is wrong, or a part cannot be had.
    """
    given = {
        "OPENAI_MODEL": model,
        "OPENAI_BASE_URL": base_url,
        "OPENAI_API_KEY": api_key,
        "OPENAI_REASONING_EFFORT": reasoning_effort,
        "OPENAI_EMBEDDING_MODEL": embedding_model,
        "GUIDED_PROFILE_EMBEDDER": embedder,
        "GUIDED_PROFILE_VERIFIER": verifier,
    }
    settings = _settings(data, given)
    limit_traces(settings.traces)
    known = assembly.known_tasks(settings) | by_name(tasks)
    if verifier is None or isinstance(verifier, str | Path):
        verifier = assembly.verifier(settings)
    if not isinstance(model, BaseChatModel):
        model = assembly.chat_model(settings, on_progress)
    if embedder is None or isinstance(embedder, str):
        embedder = assembly.embedder(settings, on_progress)
    history = assembly.open_history(settings, embedder)
    background = Background()
    background.at_end(history.close)
    try:
        profiles = background.enter(assembly.profile_store(settings))
        store = _FromAnyLoop(profiles, background)
        graph = build_graph(
            chat=model, history=history, tasks=known.values(), store=store, verifier=verifier
        )
    except BaseException:
        background.close()
        raise
    return OpenGraph(graph, history, background)


def _settings(data: str | Path | None, given: Mapping[str, object]) -> Settings:
    """Return the settings of the environment, with those in their place that are given as text."""
    texts = {name: str(value) for name, value in given.items() if isinstance(value, str | Path)}
    environment = dict(os.environ)
    model = given["OPENAI_MODEL"]
    endpoint = "OPENAI_BASE_URL" in texts or "OPENAI_API_KEY" in texts
    if endpoint and model is None:
        raise SettingsError("an endpoint is given; say with model=… which of its models to ask.")
    if isinstance(model, BaseChatModel):
        texts["OPENAI_MODEL"] = model_id(model)
        # a key that lies about in the environment does not send the histories to be embedded
        endpoint = endpoint or not environment.get("OPENAI_MODEL", "").strip()
    elif isinstance(model, str):
        texts["GUIDED_PROFILE_LOCAL_MODEL"] = model
    if endpoint:
        for name in _ENDPOINT:
            environment.pop(name, None)
    try:
        settings = read_settings(environment | texts, data=Path(data) if data else None)
    except SettingsError as error:
        message = str(error)
        for name in texts:
            message = message.replace(name, _ARGUMENTS[name])
        raise SettingsError(message) from None
    if isinstance(model, str) and not settings.model and not _is_embedded(model):
        raise SettingsError(
            f"no embedded model is named {model!r}; if it is an endpoint's, give base_url=… or "
            "api_key=…, or set OPENAI_BASE_URL or OPENAI_API_KEY."
        )
    return settings


def _is_embedded(model: str) -> bool:
    files = CATALOGUE[model].files if model in CATALOGUE else ()
    return is_path(model) or any(is_path(file.filename) for file in files)


class _FromAnyLoop(BaseStore):
    """A store that belongs to the event loop of a background, for graphs that run in any."""

    def __init__(self, store: BaseStore, background: Background) -> None:
        self._store, self._background = store, background
        self.locks = locks_of(store)

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """Read and write, waiting for it."""
        return self._begun(ops).result()

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Read and write."""
        return await asyncio.wrap_future(self._begun(ops))

    async def delete_threads(self, names: Iterable[str]) -> None:
        """Delete runs that wait; a store of one process alone has none."""
        if delete := getattr(self._store, "delete_threads", None):
            await asyncio.wrap_future(self._background.start(delete(names)))

    def _begun(self, ops: Iterable[Op]) -> Future[list[Result]]:
        return self._background.start(self._store.abatch(ops))
