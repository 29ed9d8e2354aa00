"""The settings of an installation, read from the environment once, here.

They are read by hand: most of the code checks which of them go together, and says what to do
without showing a secret. pydantic-settings would leave both to us, raise errors of its own that
hold the values, and take 0.3 s to import.
"""

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args
from urllib.parse import urlsplit

from platformdirs import user_data_path

from guided_profile.graph.context import Measured
from guided_profile.graph.errors import SettingsError

Traces = Literal["all", "hide", "anonymize"]
MOST_SLOTS = 64
OPENAI_EMBEDDINGS = "text-embedding-3-small"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Where the data stands, and which models are used."""

    data: Path
    """The folder of histories, profiles and own tasks. `GUIDED_PROFILE_DATA`."""

    model: str | None = None
    """The endpoint's chat model, `OPENAI_MODEL`; None: the embedded model is used."""

    base_url: str | None = None
    """An OpenAI-compatible endpoint. `OPENAI_BASE_URL`; None with a key: OpenAI's own."""

    api_key: str | None = None
    """`OPENAI_API_KEY`."""

    reasoning_effort: str | None = None
    """How long the endpoint's chat models think before they answer, in its own words.
    `OPENAI_REASONING_EFFORT`; None: as they do by themselves."""

    embedding_model: str | None = None
    """The endpoint's embedding model, `OPENAI_EMBEDDING_MODEL`."""

    local_model: str = "qwen2.5-coder-1.5b"
    """The embedded model, by the name of its weights or the path of its GGUF file.
    `GUIDED_PROFILE_LOCAL_MODEL`."""

    local_slots: int = 1
    """How many requests the embedded model handles at once. `GUIDED_PROFILE_LOCAL_SLOTS`."""

    embedder: str = "minilm"
    """`minilm` (embedded, English), `multilingual` (embedded), `lexical` (no model at all) or
    `endpoint`. `GUIDED_PROFILE_EMBEDDER`; left out: the endpoint's if it has an embedding model,
    else lexical with an endpoint of one's own, else minilm."""

    verifier: str | Path | None = None
    """What judges whether the history supports a profile's sentences: another chat model of the
    endpoint by its name, or the folder of an NLI model; None: the chat model itself.
    `GUIDED_PROFILE_VERIFIER`."""

    worth: Measured | None = None
    """Whether profiles' worth is measured, for the tasks that do not say: `off`, `measure` or
    `require`. `GUIDED_PROFILE_WORTH`; None: it is not."""

    chroma_url: str | None = None
    """A Chroma server for the histories, in place of the folder. `GUIDED_PROFILE_CHROMA_URL`."""

    database_url: str | None = field(default=None, repr=False)
    """A Postgres for profiles, decisions, requests, paused runs and API keys, in place of the
    folder; it may hold a password. `GUIDED_PROFILE_DATABASE_URL`."""

    traces: Traces = "all"
    """What is sent to LangSmith where tracing is on: `all`, `hide` (stages, times and figures
    alone) or `anonymize` (texts without what identifies a person). `GUIDED_PROFILE_TRACES`."""

    @property
    def model_name(self) -> str:
        """The chat model's name, as profiles keep it."""
        local = self.local_model
        return self.model or (Path(local).stem if local.lower().endswith(".gguf") else local)

    @property
    def uploads(self) -> Path:
        """Where a server puts a file that it is sent, until it is read."""
        return self.data / "uploads"


def read_settings(
    environment: Mapping[str, str] | None = None, *, data: Path | None = None
) -> Settings:
    """Read the settings from environment variables; `data` overrides the folder.

    Raises:
        SettingsError: A variable is wrong, or one is missing that another one needs.
    """
    given = os.environ if environment is None else environment

    def value(name: str) -> str | None:
        return given.get(name, "").strip() or None

    base_url, api_key, model = (
        value("OPENAI_BASE_URL"),
        value("OPENAI_API_KEY"),
        value("OPENAI_MODEL"),
    )
    endpoint = bool(base_url or api_key)
    if endpoint and not model:
        raise SettingsError(
            f"{'OPENAI_BASE_URL' if base_url else 'OPENAI_API_KEY'} is set, so that endpoint is "
            "used, but OPENAI_MODEL is not: set it to the name of a chat model there, or unset the "
            "others to use the embedded model."
        )
    if base_url and "@" in base_url.partition("//")[2].partition("/")[0]:
        raise SettingsError(
            "OPENAI_BASE_URL holds a name or a password, which traces and errors would show; set "
            "it without them, and the endpoint's key as OPENAI_API_KEY."
        )
    for name in ("OPENAI_BASE_URL", "GUIDED_PROFILE_CHROMA_URL"):
        check_url(name, value(name))
    effort = value("OPENAI_REASONING_EFFORT")
    if effort and not (effort.isascii() and effort.isalpha()):
        raise SettingsError(
            f"OPENAI_REASONING_EFFORT is {effort!r}; set it to a word that its endpoint knows, "
            "such as none, minimal, low, medium or high."
        )
    embedding_model = value("OPENAI_EMBEDDING_MODEL")
    if endpoint and not base_url and not embedding_model:
        embedding_model = OPENAI_EMBEDDINGS
    automatic = "endpoint" if endpoint and embedding_model else "lexical" if endpoint else "minilm"
    embedder = value("GUIDED_PROFILE_EMBEDDER") or automatic
    if embedder not in ("minilm", "multilingual", "lexical", "endpoint"):
        raise SettingsError(
            f"GUIDED_PROFILE_EMBEDDER is {embedder!r}; it may be minilm, multilingual, lexical or "
            "endpoint."
        )
    if embedder == "endpoint" and not (endpoint and embedding_model):
        raise SettingsError(
            "GUIDED_PROFILE_EMBEDDER is endpoint; set OPENAI_EMBEDDING_MODEL too, and the endpoint "
            "with OPENAI_BASE_URL or OPENAI_API_KEY."
        )
    folder = data or read_data_folder(given)
    return Settings(
        data=folder.expanduser(),
        model=model if endpoint else None,
        base_url=base_url,
        api_key=api_key,
        reasoning_effort=effort if endpoint else None,
        embedding_model=embedding_model,
        local_model=_local_model(value("GUIDED_PROFILE_LOCAL_MODEL")),
        local_slots=_slots(value("GUIDED_PROFILE_LOCAL_SLOTS")),
        embedder=embedder,
        verifier=_verifier(value("GUIDED_PROFILE_VERIFIER"), endpoint=endpoint),
        worth=_worth(value("GUIDED_PROFILE_WORTH")),
        chroma_url=value("GUIDED_PROFILE_CHROMA_URL"),
        database_url=read_database_url(given),
        traces=read_traces(given),
    )


def _local_model(named: str | None) -> str:
    """Return the name of weights, or a file's path; it is absolute, for other processes."""
    if named and named.lower().endswith(".gguf"):
        return str(Path(named).expanduser().absolute())
    return named or "qwen2.5-coder-1.5b"


def _slots(given: str | None) -> int:
    if given and not (given.isascii() and given.isdigit() and 1 <= int(given) <= MOST_SLOTS):
        raise SettingsError(
            f"GUIDED_PROFILE_LOCAL_SLOTS is {given!r}; set it to a number from 1 to {MOST_SLOTS}."
        )
    return int(given or 1)


def _verifier(named: str | None, *, endpoint: bool) -> str | Path | None:
    """Return the name of a chat model, or a folder; a folder is absolute, for other processes."""
    if named is None:
        return None
    kind, _, model = named.partition(":")
    if kind == "endpoint":
        if not (endpoint and model.strip()):
            raise SettingsError(
                f"GUIDED_PROFILE_VERIFIER is {named!r}; set it to endpoint: and the name of a chat "
                "model, and the endpoint with OPENAI_BASE_URL or OPENAI_API_KEY."
            )
        return model.strip()
    folder = Path(named).expanduser().absolute()
    if not folder.is_dir():
        raise SettingsError(
            f"GUIDED_PROFILE_VERIFIER is {named!r}; it may be endpoint:MODEL, for another chat "
            "model at your endpoint, or the path of a folder with an NLI model, which is not there."
        )
    return folder


def _worth(chosen: str | None) -> Measured | None:
    if chosen and chosen not in get_args(Measured):
        raise SettingsError(
            f"GUIDED_PROFILE_WORTH is {chosen!r}; it may be {', '.join(get_args(Measured))}."
        )
    return cast("Measured | None", chosen)


def read_traces(environment: Mapping[str, str] | None = None) -> Traces:
    """Read what is sent to LangSmith where tracing is on.

    Raises:
        SettingsError: The variable is wrong.
    """
    given = os.environ if environment is None else environment
    chosen = given.get("GUIDED_PROFILE_TRACES", "").strip() or "all"
    if chosen not in get_args(Traces):
        raise SettingsError(
            f"GUIDED_PROFILE_TRACES is {chosen!r}; it may be {', '.join(get_args(Traces))}."
        )
    return cast("Traces", chosen)


def read_log_level(environment: Mapping[str, str] | None = None) -> str:
    """Read from which level on the log is shown; left out, errors are.

    Raises:
        SettingsError: The variable is wrong.
    """
    given = os.environ if environment is None else environment
    chosen = given.get("GUIDED_PROFILE_LOG", "").strip() or "error"
    if chosen.upper() not in logging.getLevelNamesMapping():
        raise SettingsError(
            f"GUIDED_PROFILE_LOG is {chosen!r}; it may be debug, info, warning, error or critical."
        )
    return chosen.upper()


def read_data_folder(environment: Mapping[str, str]) -> Path:
    """Return the folder of histories, profiles, own tasks and API keys."""
    given = environment.get("GUIDED_PROFILE_DATA", "").strip()
    return Path(given or user_data_path("guided-profile")).expanduser()


def check_url(name: str, text: str | None) -> None:
    """Find out whether a variable holds an address of HTTP; empty, it holds none and may.

    Raises:
        SettingsError: It holds something else.
    """
    try:
        parts = urlsplit(text or "http://nothing")
        if parts.scheme in ("http", "https") and parts.hostname and parts.port != 0:
            return
    except ValueError:  # a port or an address of numbers that there cannot be
        pass
    shown = "" if "@" in str(text) else f" ({text!r})"  # a password may stand before it
    raise SettingsError(f"{name} is no address{shown}; set it to one like http://127.0.0.1:8000.")


def read_database_url(environment: Mapping[str, str] | None = None) -> str | None:
    """Return the Postgres's address, which may hold a password: no message shows it.

    Raises:
        SettingsError: It is none.
    """
    given = os.environ if environment is None else environment
    text = given.get("GUIDED_PROFILE_DATABASE_URL", "").strip() or None
    try:
        parts = urlsplit(text or "postgresql://nothing")
        if parts.scheme in ("postgresql", "postgres") and "//" in (text or "//"):
            parts.port  # noqa: B018 - raises for what is no port
            return text
    except ValueError:
        pass
    raise SettingsError(
        "GUIDED_PROFILE_DATABASE_URL is no address of a Postgres; set it to one like "
        "postgresql://user:password@host:5432/database."
    )
