"""The embedded models, for what is measured on them."""

from langchain_core.language_models import BaseChatModel

from guided_profile.tools.embeddings import MiniLMEmbedder
from guided_profile.tools.local_model import shared_server
from guided_profile.tools.models import endpoint_model
from guided_profile.tools.weights import ensure

MODEL = "qwen2.5-coder-1.5b"


def embedded_chat(name: str = MODEL) -> BaseChatModel:
    """Return the embedded language model; its weights are fetched if need be."""
    server = shared_server(next(ensure(name).glob("*.gguf")))
    return endpoint_model(name, base_url=server.base_url, api_key=server.api_key, timeout=600)


def embedded_embedder() -> MiniLMEmbedder:
    """Return the embedded embedder; its weights are fetched if need be."""
    return MiniLMEmbedder(ensure("all-minilm-l6-v2-int8"))
