"""The embedder that is used unless another is named."""

from guided_profile.tools.embedders.base import Vector, unit
from guided_profile.tools.embedders.onnx import OnnxEmbedder, states


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
        hidden, _ = states(session, [encoding])
        own = [place for place, special in enumerate(encoding.special_tokens_mask) if not special]
        return unit(hidden[0, own])

    def _model(self) -> bytes:
        return (self._folder / "model.onnx").read_bytes()
