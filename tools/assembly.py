"""Chat models, embedders and verifiers, made of plain values: names, addresses, folders."""

from pathlib import Path

from langchain_core.language_models import BaseChatModel

from guided_profile.graph.errors import SettingsError
from guided_profile.tools.embedders.base import Embedder
from guided_profile.tools.embedders.e5 import E5Embedder
from guided_profile.tools.embedders.endpoint import EndpointEmbedder
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.embedders.minilm import MiniLMEmbedder
from guided_profile.tools.evidence.base import Verifier
from guided_profile.tools.evidence.chat import ChatVerifier
from guided_profile.tools.evidence.nli import NLIVerifier
from guided_profile.tools.models.calls import endpoint_model
from guided_profile.tools.models.gguf import CONTEXT_TOKENS
from guided_profile.tools.weights.fetch import OnProgress, ensure

MODEL = "qwen2.5-coder-1.5b"
"""The embedded chat model, by the name of its weights."""


def make_chat(
    model: str | None = None,
    *,
    base_url: str | None = None,
    api_key: str | None = None,
    reasoning_effort: str | None = None,
    embedded: str = MODEL,
    slots: int = 1,
    max_tokens: int | None = None,
    on_progress: OnProgress | None = None,
) -> BaseChatModel:
    """Return an endpoint's model, or an embedded one: its weights are fetched if need be.

    Args:
        model: Its name at the endpoint; None: the embedded one is run.
        base_url: The endpoint; None: OpenAI's own.
        api_key: Of the endpoint, if it wants one.
        reasoning_effort: How long the endpoint's model thinks, in the endpoint's own words.
        embedded: The embedded one, by the name of its weights or the path of its GGUF file.
        slots: How many requests the embedded one handles at once.
        max_tokens: Where a reply of the embedded one is cut off whose call does not say.
        on_progress: Called while weights are fetched.

    Raises:
        WeightsError: They could not be had.
        SettingsError: The embedded models are not installed.
        ModelError: A file is no model.
    """
    if model:
        return endpoint_model(
            model, base_url=base_url, api_key=api_key, reasoning_effort=reasoning_effort
        )
    from guided_profile.tools.models.local import shared_server  # the extra `local`
    from guided_profile.tools.models.sharing import SharedServer

    gguf = model_file(embedded, on_progress)
    server = shared_server(gguf, context_tokens=context_of(embedded), slots=slots)
    return endpoint_model(
        gguf.stem if is_path(embedded) else embedded,
        base_url=server.base_url,
        api_key=server.api_key,
        timeout=600,
        at_once=slots,  # it takes no more: a long history's parts would time out while they wait
        max_tokens=max_tokens,
        server=server if isinstance(server, SharedServer) else None,
    )


def model_file(name: str, on_progress: OnProgress | None = None) -> Path:
    """Return the file of a chat model by the name of its weights, fetched if need be, or its path.

    Raises:
        WeightsError: It could not be had.
        SettingsError: The name is that of no chat model.
    """
    if is_path(name):
        return Path(name).expanduser()
    for file in ensure(name, progress=on_progress).glob("*.gguf"):
        return file
    raise SettingsError(f"{name!r} is no chat model; see `guided-profile models`.")


def context_of(model: str) -> int | None:
    """Return the tokens of an embedded model's context; None: as its file says.

    What is known by name needs no more than this for the workflow's prompts, and takes less memory.
    """
    return None if is_path(model) else CONTEXT_TOKENS


def is_path(model: str) -> bool:
    """Whether an embedded model is named by the path of its file."""
    return model.lower().endswith(".gguf")


def make_embedder(
    kind: str = "minilm",
    *,
    model: str | None = None,
    base_url: str | None = None,
    api_key: str | None = None,
    on_progress: OnProgress | None = None,
) -> Embedder:
    """Return an embedder: the weights of an embedded one are fetched if need be.

    Args:
        kind: `minilm`, `multilingual`, `lexical` or `endpoint`.
        model: Its name at the endpoint.
        base_url: The endpoint; None: OpenAI's own.
        api_key: Of the endpoint, if it wants one.
        on_progress: Called while weights are fetched.

    Raises:
        WeightsError: They could not be had.
    """
    if kind == "endpoint" and model:
        return EndpointEmbedder(model, base_url=base_url, api_key=api_key)
    if kind == "lexical":
        return LexicalEmbedder()
    if kind == "multilingual":
        return E5Embedder(ensure(E5Embedder.id, progress=on_progress))
    return MiniLMEmbedder(ensure("all-minilm-l6-v2-int8", progress=on_progress))


def make_verifier(
    named: str | Path | None,
    *,
    base_url: str | None = None,
    api_key: str | None = None,
    reasoning_effort: str | None = None,
) -> Verifier | None:
    """Return what judges sentences; None: the workflow's own model does.

    Args:
        named: Another chat model of the endpoint, or the folder of an NLI model.
        base_url: The endpoint; None: OpenAI's own.
        api_key: Of the endpoint, if it wants one.
        reasoning_effort: How long the endpoint's model thinks, in the endpoint's own words.

    Raises:
        SettingsError: A file of an NLI model is missing or wrong, or what runs it is not installed.
    """
    if isinstance(named, Path):
        return NLIVerifier(named)
    if named:
        return ChatVerifier(
            endpoint_model(
                named, base_url=base_url, api_key=api_key, reasoning_effort=reasoning_effort
            )
        )
    return None
