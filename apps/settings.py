"""What the installation is told by its environment, read once, here."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_data_path

from guided_profile.graph.errors import SettingsError

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

    embedding_model: str | None = None
    """The endpoint's embedding model, `OPENAI_EMBEDDING_MODEL`."""

    local_model: str = "qwen2.5-coder-1.5b"
    """The embedded model, by the name of its weights. `GUIDED_PROFILE_LOCAL_MODEL`."""

    embedder: str = "minilm"
    """`minilm` (embedded), `lexical` (no model at all) or `endpoint`. `GUIDED_PROFILE_EMBEDDER`;
    left out: the endpoint's if it has an embedding model, else lexical with an endpoint of one's
    own, else minilm."""

    chroma_url: str | None = None
    """A Chroma server for the histories, in place of the folder. `GUIDED_PROFILE_CHROMA_URL`."""


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
    embedding_model = value("OPENAI_EMBEDDING_MODEL")
    if endpoint and not base_url and not embedding_model:
        embedding_model = OPENAI_EMBEDDINGS
    automatic = "endpoint" if endpoint and embedding_model else "lexical" if endpoint else "minilm"
    embedder = value("GUIDED_PROFILE_EMBEDDER") or automatic
    if embedder not in ("minilm", "lexical", "endpoint"):
        raise SettingsError(
            f"GUIDED_PROFILE_EMBEDDER is {embedder!r}; it may be minilm, lexical or endpoint."
        )
    if embedder == "endpoint" and not (endpoint and embedding_model):
        raise SettingsError(
            "GUIDED_PROFILE_EMBEDDER is endpoint; set OPENAI_EMBEDDING_MODEL too, and the endpoint "
            "with OPENAI_BASE_URL or OPENAI_API_KEY."
        )
    folder = data or Path(value("GUIDED_PROFILE_DATA") or user_data_path("guided-profile"))
    return Settings(
        data=folder.expanduser(),
        model=model if endpoint else None,
        base_url=base_url,
        api_key=api_key,
        embedding_model=embedding_model,
        local_model=value("GUIDED_PROFILE_LOCAL_MODEL") or "qwen2.5-coder-1.5b",
        embedder=embedder,
        chroma_url=value("GUIDED_PROFILE_CHROMA_URL"),
    )
