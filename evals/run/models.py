"""The models that are measured: the embedded ones, or an endpoint's that the command names."""

import argparse
import os

from langchain_core.language_models import BaseChatModel

from guided_profile.tools.embedders.base import Embedder, MiniLMEmbedder
from guided_profile.tools.embedders.e5 import E5Embedder
from guided_profile.tools.models.calls import endpoint_model
from guided_profile.tools.models.local import shared_server
from guided_profile.tools.weights.fetch import ensure

MODEL = "qwen2.5-coder-1.5b"


def embedded_chat(name: str = MODEL) -> BaseChatModel:
    """Return the embedded language model; its weights are fetched if need be."""
    server = shared_server(next(ensure(name).glob("*.gguf")))
    return endpoint_model(name, base_url=server.base_url, api_key=server.api_key, timeout=600)


def embedded_embedder(multilingual: bool = False) -> Embedder:
    """Return the embedded embedder; its weights are fetched if need be."""
    if multilingual:
        return E5Embedder(ensure(E5Embedder.id))
    return MiniLMEmbedder(ensure("all-minilm-l6-v2-int8"))


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Let a command name an endpoint's model, or the multilingual embedder."""
    parser.add_argument("--model", help="a model at --base-url; left out: the embedded one")
    parser.add_argument("--base-url", help="an OpenAI-compatible endpoint; its key: OPENAI_API_KEY")
    parser.add_argument("--multilingual", action="store_true", help="the multilingual embedder")


def chosen_models(given: argparse.Namespace) -> tuple[BaseChatModel, Embedder]:
    """Return the chat model and the embedder that a command named."""
    embedder = embedded_embedder(given.multilingual)
    if not given.model:
        return embedded_chat(), embedder
    key = os.environ.get("OPENAI_API_KEY")
    return endpoint_model(given.model, base_url=given.base_url, api_key=key), embedder
