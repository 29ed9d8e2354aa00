"""What the embedders inside the process have in common: a small model that onnxruntime runs."""

import json
import threading
from abc import abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from guided_profile.graph.errors import ModelError, SettingsError
from guided_profile.tools.embedders.base import Embedder, Vector, as_lists, unit

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped]
    from tokenizers import Encoding, Tokenizer


class OnnxEmbedder(Embedder):
    """A model inside the process, the mean of whose tokens' states is a text's vector.

    A text's vector does not depend on the texts beside it. What lies beyond its first 256 tokens
    is not read.
    """

    _TOKENS = 256
    _BATCH = 32

    def __init__(self, folder: Path) -> None:
        """Take the folder of the model and its `tokenizer.json`; they are loaded when needed."""
        self._folder = folder
        self._loading = threading.Lock()
        self._loaded: tuple[Tokenizer, InferenceSession] | None = None

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""
        return 384

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return a vector for each text.

        Raises:
            SettingsError: onnxruntime or tokenizers is not installed.
            ModelError: The folder's files are missing or damaged.
        """
        return as_lists(unit(self._vectors(texts))) if texts else []

    def _vectors(self, texts: Sequence[str]) -> Vector:
        """Return the texts' vectors, of any length."""
        return self._pooled(texts)

    def _pooled(self, texts: Sequence[str]) -> Vector:
        """Return the mean of each text's states."""
        tokenizer, session = self._load()
        encodings = tokenizer.encode_batch(texts)
        # texts of like length together: none is padded much
        order = sorted(range(len(texts)), key=lambda index: len(encodings[index].ids))
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for start in range(0, len(order), self._BATCH):
            batch = order[start : start + self._BATCH]
            vectors[batch] = _mean_pooled(session, [encodings[index] for index in batch])
        return vectors

    def _load(self) -> "tuple[Tokenizer, InferenceSession]":
        with self._loading:
            if self._loaded is None:
                self._loaded = _open_onnx(self._folder, self._model, self._TOKENS)
            return self._loaded

    @abstractmethod
    def _model(self) -> bytes:
        """Return the model as ONNX."""


def damaged(folder: Path) -> ModelError:
    """Return the error that says that an embedder's files are not what they were."""
    return ModelError(
        f"The embedder's files in {folder} are damaged; delete them, they are fetched anew."
    )


def _open_onnx(
    folder: Path, model: Callable[[], bytes], tokens: int
) -> "tuple[Tokenizer, InferenceSession]":
    try:
        import onnxruntime
        from onnxruntime.capi import (  # type: ignore[import-untyped]
            onnxruntime_pybind11_state as failures,
        )
        from tokenizers import Tokenizer
    except ImportError as error:
        raise SettingsError(
            "The embedded embedder needs onnxruntime and tokenizers: "
            "pip install 'guided-profile[local]', or choose another embedder."
        ) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    # threads that wait spinning would take the cores from the chat model
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        described = (folder / "tokenizer.json").read_text(encoding="utf-8")
        json.loads(described)  # what is no JSON has no error of its own in tokenizers
        tokenizer = Tokenizer.from_str(described)
        session = onnxruntime.InferenceSession(model(), options, providers=["CPUExecutionProvider"])
    except OSError as error:
        raise ModelError(
            f"The embedder's files in {folder} cannot be read: {error.strerror or error}."
        ) from error
    except (ValueError, failures.InvalidProtobuf, failures.InvalidGraph, failures.Fail) as error:
        raise damaged(folder) from error
    tokenizer.no_padding()
    tokenizer.enable_truncation(tokens)
    return tokenizer, session


def _mean_pooled(session: "InferenceSession", encodings: "Sequence[Encoding]") -> Vector:
    hidden, mask = states(session, encodings)
    mean: Vector = (hidden * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
    return mean


def states(
    session: "InferenceSession", encodings: "Sequence[Encoding]"
) -> tuple[Vector, NDArray[np.int64]]:
    """Return each token's last state (texts, tokens, dimensions), and what is no filling."""
    longest = max(len(encoding.ids) for encoding in encodings)
    tokens = np.zeros((len(encodings), longest), np.int64)
    mask = np.zeros_like(tokens)
    for row, encoding in enumerate(encodings):
        tokens[row, : len(encoding.ids)] = encoding.ids
        mask[row, : len(encoding.ids)] = 1
    given = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": np.zeros_like(tokens)}
    wanted = {taken.name: given[taken.name] for taken in session.get_inputs()}
    hidden: Vector = session.run(None, wanted)[0]
    return hidden, mask
