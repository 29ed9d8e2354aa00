"""The models that are measured: the embedded ones, or an endpoint's that the command names."""

import argparse
import os

from langchain_core.language_models import BaseChatModel

from guided_profile.tools.assembly import make_chat, make_embedder
from guided_profile.tools.embedders.base import Embedder


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Let a command name an endpoint's model, or the multilingual embedder."""
    parser.add_argument("--model", help="a model at --base-url; left out: the embedded one")
    parser.add_argument("--base-url", help="an OpenAI-compatible endpoint; its key: OPENAI_API_KEY")
    parser.add_argument("--multilingual", action="store_true", help="the multilingual embedder")


def chosen_models(given: argparse.Namespace) -> tuple[BaseChatModel, Embedder]:
    """Return the chat model and the embedder that a command named."""
    embedder = make_embedder("multilingual" if given.multilingual else "minilm")
    key = os.environ.get("OPENAI_API_KEY")
    return make_chat(given.model, base_url=given.base_url, api_key=key), embedder
