"""What turns text into vectors: a small model of one's own, an endpoint, or words alone."""

import json
import re
import threading
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray
from pydantic import SecretStr

from guided_profile.graph.errors import ModelError, SettingsError
from guided_profile.tools.models.calls import failures

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped]
    from tokenizers import Encoding, Tokenizer

Vector = NDArray[np.float32]
"""One vector, or one a row."""


class Embedder(Embeddings, ABC):
    """Turns texts into vectors of length 1; threads may share one."""

    id: str
    """Names the model and how it is used: vectors of different ids must not be compared."""

    unrelated: float | None = None
    """The median cosine of sentences of one language that have nothing to do with each other; None:
    it was not measured. Thresholds on cosines hold for embedders that have about MiniLM's."""

    same: float | None = None
    """The median cosine of sentences of one language that say the same in other words."""

    @property
    @abstractmethod
    def dimension(self) -> int:
        """How many numbers a vector has."""

    @abstractmethod
    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return a vector for each text.

        Raises:
            ModelError: The model failed.
        """

    def embed_query(self, text: str) -> list[float]:
        """Return the vector of what is looked for.

        Raises:
            ModelError: The model failed.
        """
        return self.embed_documents([text])[0]


UNRELATED, SAME = 0.14, 0.78
"""What an embedder that was not measured is taken to have: all-MiniLM-L6-v2's medians."""


def likeness(embedder: object, cosines: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return cosines on a scale that is the same for every embedder.

    0 is the median of unrelated sentences, 1 that of sentences that say the same in other words.
    """
    unrelated = getattr(embedder, "unrelated", None)
    same = getattr(embedder, "same", None)
    if unrelated is None or same is None:
        unrelated, same = UNRELATED, SAME
    return (np.asarray(cosines, np.float64) - unrelated) / (same - unrelated)


def alike(embedder: object, cosines: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the cosines of sentences about one person on the scale of `likeness`.

    Such sentences share their form ("This person …"): to an embedder that knows words alone, they
    are all alike by it, and tell the same where they have nearly all of their words in common.
    """
    if isinstance(embedder, LexicalEmbedder):
        return (np.asarray(cosines, np.float64) - _SAME_FORM) / (_SAME_WORDS - _SAME_FORM)
    return likeness(embedder, cosines)


_SAME_FORM, _SAME_WORDS = 0.35, 0.86
"""By words alone: the cosine of sentences that share their form, and of those that differ in a
small word or in their order."""


def unit(vectors: Vector) -> Vector:
    """Return the rows in length 1."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


def as_lists(vectors: Vector) -> list[list[float]]:
    """Return the rows as lists."""
    rows: list[list[float]] = vectors.tolist()
    return rows


class OnnxEmbedder(Embedder):
    """A model inside the process, the mean of whose tokens' states is a text's vector.

    A text's vector does not depend on the texts beside it. What lies beyond its first 256 tokens
    is not seen.
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
        return as_lists(unit(self._pooled(texts))) if texts else []

    def _pooled(self, texts: list[str]) -> Vector:
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


class MiniLMEmbedder(OnnxEmbedder):
    """all-MiniLM-L6-v2 in 8 bits; English. About 400 short texts a second."""

    id = "all-minilm-l6-v2-int8"
    unrelated = 0.14
    same = 0.78

    def token_vectors(self, text: str) -> Vector:
        """Return a vector in context for each token of a text, special tokens left out.

        Raises:
            SettingsError: onnxruntime or tokenizers is not installed.
            ModelError: The folder's files are missing or damaged.
        """
        tokenizer, session = self._load()
        encoding = tokenizer.encode(text)
        hidden, _ = _states(session, [encoding])
        own = [place for place, special in enumerate(encoding.special_tokens_mask) if not special]
        return unit(hidden[0, own])

    def _model(self) -> bytes:
        return (self._folder / "model.onnx").read_bytes()


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
    hidden, mask = _states(session, encodings)
    mean: Vector = (hidden * mask[..., None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
    return mean


def _states(
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
    wanted = {one.name: given[one.name] for one in session.get_inputs()}
    hidden: Vector = session.run(None, wanted)[0]
    return hidden, mask


class EndpointEmbedder(Embedder):
    """The embedding model of an OpenAI-compatible endpoint."""

    def __init__(self, model: str, base_url: str | None, api_key: str | None) -> None:
        """Take the model's name there, the endpoint (None: OpenAI's own) and its key, if any."""
        from langchain_openai import OpenAIEmbeddings  # slow to import, and only endpoints need it

        from guided_profile.tools.models.errors import NO_KEY
        from guided_profile.tools.models.transport import sync_client

        self.id = model
        self._dimension: int | None = None
        self._client = OpenAIEmbeddings(
            model=model,
            base_url=base_url,
            api_key=SecretStr(api_key or NO_KEY),
            check_embedding_ctx_length=False,  # else tokens are sent, which only OpenAI takes
            chunk_size=64,  # texts a request: their tokens add up to what endpoints take
            max_retries=2,
            timeout=60,
            http_client=sync_client(60),
        )

    @property
    def dimension(self) -> int:
        """How many numbers a vector has; asks the endpoint if it was not called yet."""
        if self._dimension is None:
            self.embed_query("dimension")
        if self._dimension is None:
            raise ModelError(f"The model {self.id!r} gave no vector; use an embedding model.")
        return self._dimension

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return a vector for each text.

        Raises:
            ModelError: The endpoint failed, or sent no vectors of one dimension.
        """
        if not texts:
            return []
        try:
            vectors = self._client.embed_documents(texts)
            with np.errstate(over="ignore"):  # infinite then
                rows = np.array(vectors, np.float32, ndmin=2)
        except failures() as error:
            from guided_profile.tools.models.errors import model_error

            raise (model_error(error, self.id) or self._nonsense(len(texts))) from error
        except AttributeError as error:
            raise self._nonsense(len(texts)) from error
        if rows.ndim != 2 or not np.isfinite(rows).all():
            raise self._nonsense(len(texts))
        dimensions = {len(vector) for vector in vectors} | {self._dimension or len(vectors[0])}
        if len(vectors) != len(texts) or len(dimensions) != 1 or 0 in dimensions:
            raise ModelError(
                f"The model {self.id!r} sent {len(vectors)} vectors of the dimensions "
                f"{sorted(dimensions)} for {len(texts)} texts; use an embedding model."
            )
        self._dimension = dimensions.pop()
        return as_lists(unit(rows))

    def _nonsense(self, count: int) -> ModelError:
        return ModelError(
            f"The model {self.id!r} sent no vectors of numbers for {count} texts; use an embedding "
            "model."
        )


class LexicalEmbedder(Embedder):
    """Words and pieces of words, hashed into a vector: no model, no download, any language.

    Texts are alike if they share words or word forms; it knows nothing of meaning.
    """

    unrelated = 0.09
    same = 0.6
    """Of sentences that say the same in much the same words. The median of those that say it in
    other words is .32, but sentences that share small words alone come near that too."""

    def __init__(self, dimension: int = 512) -> None:
        self._dimension = dimension
        self.id = f"lexical-{dimension}"

    @property
    def dimension(self) -> int:
        """How many numbers a vector has."""
        return self._dimension

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """Return a vector for each text; one without any word has the vector of the empty word."""
        vectors = np.zeros((len(texts), self._dimension), np.float32)
        for row, text in enumerate(texts):
            for feature, count in _features(text).items():
                place, sign = _hashed(feature)
                weight = 1 + np.log(count)
                if len(feature) > 1 and feature[0] == "#":
                    weight *= 0.3  # a word has many pieces
                vectors[row, place % self._dimension] += sign * weight
            if not vectors[row].any():
                vectors[row, 0] = 1
        return as_lists(unit(vectors))


def _features(text: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for word in re.findall(r"\w+", text.lower()):
        found[word] += 1
        bounded = f"<{word}>"
        for length in range(3, 6):
            for start in range(len(bounded) - length + 1):
                found["#" + bounded[start : start + length]] += 1
    return found


@lru_cache(maxsize=1 << 16)
def _hashed(feature: str) -> tuple[int, int]:
    number = int.from_bytes(blake2b(feature.encode(), digest_size=8).digest(), "big")
    return number >> 1, 1 if number & 1 else -1
