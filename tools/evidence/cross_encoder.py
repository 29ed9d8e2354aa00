"""An NLI cross-encoder of one's own: how likely one text entails another, or contradicts it.

    folder/model.onnx        a sequence classifier of pairs, as `optimum-cli export onnx` writes it
    folder/tokenizer.json    its fast tokenizer
    folder/config.json       whose `id2label` names its outputs

It is run inside the process, by onnxruntime and tokenizers, which the extra `local` brings.
"""

import hashlib
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError

from guided_profile.graph.errors import ModelError, SettingsError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession  # type: ignore[import-untyped]
    from tokenizers import Encoding, Tokenizer

MODEL, TOKENIZER, CONFIG = "model.onnx", "tokenizer.json", "config.json"
LABELS = (
    frozenset({"entailment", "neutral", "contradiction"}),
    frozenset({"entailment", "not_entailment"}),
)
"""What a model's outputs may be called, in any case and order."""
LONGEST_INPUT = 512
"""The most tokens of a pair that are read; its longer text is cut."""
BATCH = 16
"""Pairs that are judged at once."""
_END = 1 << 20
_INPUTS = frozenset({"input_ids", "attention_mask", "token_type_ids"})


@dataclass(frozen=True, slots=True)
class Relation:
    """What a text says to another one, as probabilities."""

    entailment: float
    contradiction: float
    """0 if the model does not tell it from neutral."""


class _Config(BaseModel):
    id2label: dict[int, str]
    max_position_embeddings: int = Field(default=LONGEST_INPUT, ge=8)
    pad_token_id: int | None = None


class CrossEncoder:
    """A model in a folder; threads may share one. It is loaded when it is first asked."""

    def __init__(self, folder: Path) -> None:
        """Take the folder.

        Raises:
            SettingsError: A file is missing, or `config.json` is wrong; or what runs it is not
                installed.
        """
        self._folder = folder
        for name in (MODEL, TOKENIZER, CONFIG):
            if not (folder / name).is_file():
                raise SettingsError(
                    f"the folder {str(folder)!r} of an NLI model has no {name}; it has to hold "
                    f"{MODEL}, {TOKENIZER} and {CONFIG}."
                )
        if not (find_spec("onnxruntime") and find_spec("tokenizers")):
            raise SettingsError(
                "an NLI model needs onnxruntime and tokenizers: pip install "
                "'guided-profile[local]', or take another verifier."
            )
        self._config = self._read_config()
        self._labels = self._read_labels()
        self.digest = self._read_digest()
        """Names the model: of its size, its first and last megabyte, and its labels."""
        self._loading = threading.Lock()
        self._loaded: tuple[Tokenizer, InferenceSession] | None = None

    def relations(self, pairs: Sequence[tuple[str, str]]) -> list[Relation]:
        """Return what the first text of each pair says to the second one.

        Raises:
            SettingsError: A file of the folder is wrong.
            ModelError: The model failed.
        """
        if not pairs:
            return []
        tokenizer, session = self._load()
        encodings = tokenizer.encode_batch(list(pairs))
        # pairs of like length together: none is padded much
        order = sorted(range(len(pairs)), key=lambda index: len(encodings[index].ids))
        found = np.empty((len(pairs), len(self._labels)), np.float64)
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            found[batch] = self._probabilities(session, [encodings[index] for index in batch])
        entailment = found[:, self._labels.index("entailment")].tolist()
        contradiction = [0.0] * len(pairs)
        if "contradiction" in self._labels:
            contradiction = found[:, self._labels.index("contradiction")].tolist()
        return list(map(Relation, entailment, contradiction))

    def _probabilities(
        self, session: "InferenceSession", encodings: "Sequence[Encoding]"
    ) -> NDArray[np.float64]:
        shape = len(encodings), max(len(encoding.ids) for encoding in encodings)
        tokens = np.full(shape, self._config.pad_token_id or 0, np.int64)
        mask, types = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for row, encoding in enumerate(encodings):
            tokens[row, : len(encoding.ids)] = encoding.ids
            types[row, : len(encoding.ids)] = encoding.type_ids
            mask[row, : len(encoding.ids)] = 1
        given = {"input_ids": tokens, "attention_mask": mask, "token_type_ids": types}
        wanted = {input_.name: given[input_.name] for input_ in session.get_inputs()}
        try:
            logits = np.asarray(session.run(None, wanted)[0], np.float64)
        except _failures() as error:
            raise ModelError(f"the NLI model in {str(self._folder)!r} failed: {error}.") from error
        if logits.shape != (len(encodings), len(self._labels)):
            raise self._wrong(
                MODEL,
                f"gives numbers of the shape {logits.shape} for {len(encodings)} pairs and "
                f"{len(self._labels)} labels",
            )
        if not np.isfinite(logits).all():
            raise ModelError(f"the NLI model in {str(self._folder)!r} gave what is no number.")
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities: NDArray[np.float64] = odds / odds.sum(axis=1, keepdims=True)
        return probabilities

    def _load(self) -> "tuple[Tokenizer, InferenceSession]":
        with self._loading:
            if self._loaded is None:
                self._loaded = self._open_tokenizer(), self._open_session()
            return self._loaded

    def _open_tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_str((self._folder / TOKENIZER).read_text(encoding="utf-8"))
        except Exception as error:  # tokenizers has none of its own
            raise self._wrong(TOKENIZER, f"cannot be read ({error})") from error
        tokenizer.no_padding()
        # some models count their places from 2 on
        tokenizer.enable_truncation(min(LONGEST_INPUT, self._config.max_position_embeddings - 2))
        return tokenizer

    def _open_session(self) -> "InferenceSession":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        # threads that wait spinning would take the cores from the chat model
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            session = onnxruntime.InferenceSession(
                str(self._folder / MODEL), options, providers=["CPUExecutionProvider"]
            )
        except _failures() as error:
            raise self._wrong(MODEL, f"cannot be loaded ({error})") from error
        inputs = {input_.name: input_.type for input_ in session.get_inputs()}
        if inputs.keys() - _INPUTS or set(inputs.values()) != {"tensor(int64)"}:
            raise self._wrong(
                MODEL, f"asks for {inputs}, and not for int64 {', '.join(sorted(_INPUTS))}"
            )
        return session

    def _read_config(self) -> _Config:
        try:
            return _Config.model_validate_json((self._folder / CONFIG).read_bytes())
        except OSError as error:
            raise self._wrong(CONFIG, f"cannot be read ({error.strerror})") from error
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "it"
            raise self._wrong(CONFIG, f"cannot be used ({where}: {first['msg']})") from error

    def _read_labels(self) -> tuple[str, ...]:
        names = self._config.id2label
        labels = tuple(
            names[n].strip().casefold().replace("-", "_").replace(" ", "_") for n in sorted(names)
        )
        if sorted(names) != list(range(len(names))) or set(labels) not in LABELS:
            raise self._wrong(
                CONFIG,
                f"names the outputs {list(names.values())} in id2label, and not entailment, "
                "neutral and contradiction, or entailment and not_entailment",
            )
        return labels

    def _read_digest(self) -> str:
        found = hashlib.sha256(repr(self._labels).encode())
        try:
            with (self._folder / MODEL).open("rb") as file:
                size = file.seek(0, os.SEEK_END)
                found.update(str(size).encode())
                for start in (0, max(0, size - _END)):
                    file.seek(start)
                    found.update(file.read(_END))
        except OSError as error:
            raise self._wrong(MODEL, f"cannot be read ({error.strerror})") from error
        return found.hexdigest()[:12]

    def _wrong(self, name: str, why: str) -> SettingsError:
        return SettingsError(
            f"{str(self._folder / name)!r} {why}; name the folder of an NLI cross-encoder that "
            "was exported to ONNX."
        )


def _failures() -> tuple[type[Exception], ...]:
    """Return what onnxruntime raises."""
    from onnxruntime.capi import onnxruntime_pybind11_state  # type: ignore[import-untyped]

    named = vars(onnxruntime_pybind11_state).values()
    return tuple(kind for kind in named if isinstance(kind, type) and issubclass(kind, Exception))
