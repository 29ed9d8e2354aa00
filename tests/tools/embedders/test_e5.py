import json
import struct
from collections.abc import Callable
from math import erf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from guided_profile.graph.errors import ModelError
from guided_profile.tools.embedders.base import Vector, unit
from guided_profile.tools.embedders.e5 import E5Embedder, _common
from guided_profile.tools.embedders.e5_onnx import onnx_model
from guided_profile.tools.weights.fetch import ensure

TEXTS = json.loads((Path(__file__).parent / "languages.json").read_text("utf-8"))
"""`parallel`: by language, 13 rows of a sentence, another that says the same, a related one, and a
question that the first two answer. `english`: more such rows. `common`: ten texts by language."""

WIDTH, HEADS, LAYERS, WIDER, WORDS = 64, 2, 2, 128, 11


def packed_matrix(rows: int, columns: int, random: np.random.Generator) -> tuple[bytes, Vector]:
    """Return a random matrix in 4 bits as it is packed, and as floats."""
    bits = random.integers(0, 16, (rows, columns // 32, 32), np.uint8)
    scales = random.uniform(0.01, 0.04, (rows, columns // 32)).astype(np.float16)
    halves = bits[..., :16] | bits[..., 16:] << 4
    packed = b"".join(
        scale.tobytes() + half.tobytes()
        for scale, half in zip(scales.ravel(), halves.reshape(-1, 16), strict=True)
    )
    weights = (bits.astype(np.float32) - 8) * scales[..., None].astype(np.float32)
    return packed, weights.reshape(rows, columns)


@pytest.fixture(scope="module")
def tiny() -> tuple[bytes, dict[str, NDArray[np.float32]]]:
    """A packed model as large as a test needs, and its weights."""
    random = np.random.default_rng(7)
    tensors: dict[str, bytes] = {}
    weights: dict[str, NDArray[np.float32]] = {}

    def floats(name: str, *shape: int, around: float = 0.0) -> None:
        weights[name] = random.normal(around, 0.1, shape).astype(np.float32)
        tensors[name] = weights[name].tobytes()

    def matrix(name: str, rows: int, columns: int) -> None:
        tensors[name], weights[name] = packed_matrix(rows, columns, random)

    def norm(name: str) -> None:
        floats(f"{name}.w", WIDTH, around=1.0)
        floats(f"{name}.b", WIDTH)

    matrix("emb.word", WORDS, WIDTH)
    floats("emb.pos", 16, WIDTH)
    floats("emb.type", 2, WIDTH)
    norm("emb.ln")
    for layer in range(LAYERS):
        for name in ("q", "k", "v", "ao"):
            matrix(f"l{layer}.{name}.w", WIDTH, WIDTH)
            floats(f"l{layer}.{name}.b", WIDTH)
        norm(f"l{layer}.aln")
        matrix(f"l{layer}.fi.w", WIDER, WIDTH)
        floats(f"l{layer}.fi.b", WIDER)
        matrix(f"l{layer}.fo.w", WIDTH, WIDER)
        floats(f"l{layer}.fo.b", WIDTH)
        norm(f"l{layer}.oln")
    head = b"E5S1" + struct.pack("<I7ifi", 1, WIDTH, LAYERS, HEADS, WIDER, WORDS, 16, 2, 1e-12, 32)
    pieces = b"<s>hello"
    head += struct.pack("<5iQ", 2, 0, 2, 1, 3, len(pieces))
    head += struct.pack("<3I2f", 0, 3, 8, 0.0, -1.5) + pieces
    folded = struct.pack("<IBI", 0xA0, 1, 0x20)
    head += struct.pack("<iI", 1, len(folded)) + folded + struct.pack("<i", len(tensors))
    directory = sum(23 + len(name) for name in tensors)
    at, rest = len(head) + directory, b""
    for name, content in tensors.items():
        head += struct.pack("<H", len(name)) + name.encode() + bytes([0])
        head += struct.pack("<IQQ", weights[name].size, at + len(rest), len(content))
        rest += content
    return head + rest, weights


def expected(weights: dict[str, NDArray[np.float32]], tokens: list[int]) -> NDArray[Any]:
    """Return the states of a text's tokens, by the model's definition."""

    def norm(name: str, states: NDArray[Any]) -> NDArray[Any]:
        centred = states - states.mean(axis=1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-12)
        return scaled * weights[f"{name}.w"] + weights[f"{name}.b"]

    def times(name: str, states: NDArray[Any]) -> NDArray[Any]:
        return states @ weights[f"{name}.w"].T + weights[f"{name}.b"]

    placed = weights["emb.word"][tokens] + weights["emb.pos"][: len(tokens)]
    states = norm("emb.ln", placed + weights["emb.type"][0])
    for layer in range(LAYERS):
        heads = (len(tokens), HEADS, WIDTH // HEADS)
        q, k, v = (times(f"l{layer}.{name}", states).reshape(heads) for name in "qkv")
        looks = np.exp(np.einsum("qhd,khd->hqk", q, k) / (WIDTH / HEADS) ** 0.5)
        looks /= looks.sum(axis=-1, keepdims=True)
        mixed = np.einsum("hqk,khd->qhd", looks, v).reshape(len(tokens), WIDTH)
        states = norm(f"l{layer}.aln", states + times(f"l{layer}.ao", mixed))
        wider = times(f"l{layer}.fi", states)
        wider *= 0.5 * (1 + np.vectorize(erf)(wider / 2**0.5))
        states = norm(f"l{layer}.oln", states + times(f"l{layer}.fo", wider))
    return states


def test_the_model_that_is_made_of_packed_weights_does_what_they_say(
    tiny: tuple[bytes, dict[str, NDArray[np.float32]]],
) -> None:
    import onnxruntime

    packed, weights = tiny
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        onnx_model(packed), options, providers=["CPUExecutionProvider"]
    )
    texts = [[0, 5, 10, 7, 2], [0, 3, 2]]
    tokens = np.array([texts[0], [*texts[1], 0, 0]], np.int64)
    mask = np.array([[1] * 5, [1] * 3 + [0] * 2], np.int64)
    (states,) = session.run(None, {"input_ids": tokens, "attention_mask": mask})
    assert states.shape == (2, 5, WIDTH)
    for row, text in enumerate(texts):
        wanted = unit(expected(weights, text).astype(np.float32))
        cosines = (unit(states[row, : len(text)]) * wanted).sum(axis=1)
        assert cosines == pytest.approx(1, abs=2e-3)  # 8 bits a state


class Pooled(E5Embedder):
    """Stands in for the model: what it makes of texts is handed in."""

    def __init__(self, model: Callable[[list[str]], Vector]) -> None:
        super().__init__(Path("nowhere"))
        self.model = model

    def _pooled(self, texts: list[str]) -> Vector:
        return self.model(texts)


def test_every_text_is_a_query_to_the_model_and_its_vector_has_length_one() -> None:
    asked: list[str] = []

    def model(texts: list[str]) -> Vector:
        asked.extend(texts)
        return np.random.default_rng(1).normal(0.3, 1, (len(texts), 384)).astype(np.float32)

    embedder = Pooled(model)
    assert embedder.embed_documents([]) == []
    vectors = np.array(embedder.embed_documents(["hiking", "passage: boots"]))
    assert embedder.embed_query("hiking") == pytest.approx(vectors[0], abs=1e-5)
    assert asked == ["query: hiking", "query: passage: boots", "query: hiking"]
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(1)
    assert vectors.shape == (2, embedder.dimension)


def test_e5_without_its_files_says_so_when_it_is_used(tmp_path: Path) -> None:
    embedder = E5Embedder(tmp_path)
    assert embedder.dimension == 384
    assert embedder.embed_documents([]) == []
    with pytest.raises(ModelError, match="cannot be read"):
        embedder.embed_query("a")


@pytest.mark.parametrize("content", [b"", b"no weights", b"E5S1", b"E5S1" + bytes(500)])
def test_damaged_weights_are_a_model_error(content: bytes, tmp_path: Path) -> None:
    pieces = {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}
    (tmp_path / "tokenizer.json").write_text(json.dumps({"version": "1.0", "model": pieces}))
    (tmp_path / "e5-small-q4.bin").write_bytes(content)
    with pytest.raises(ModelError, match="damaged"):
        E5Embedder(tmp_path).embed_query("a")


@pytest.fixture(scope="module")
def e5() -> E5Embedder:
    return E5Embedder(ensure(E5Embedder.id))


@pytest.fixture(scope="module")
def parallel(e5: E5Embedder) -> dict[str, Vector]:
    """Vectors of the parallel rows, by language."""
    return {
        language: np.array([e5.embed_documents(row) for row in rows], np.float32)
        for language, rows in TEXTS["parallel"].items()
    }


def hits(wanted: Vector, rows: Vector) -> list[bool]:
    """Whether, for each topic, an item that says what is wanted is among the first three of 39."""
    items = rows[:, :3].reshape(-1, rows.shape[-1])
    first = np.argsort(-wanted @ items.T, axis=1)[:, :3]
    says = np.arange(len(items)) % 3 < 2
    return [bool((says[row] & (row // 3 == topic)).any()) for topic, row in enumerate(first)]


@pytest.mark.live
def test_an_english_sentence_finds_what_says_the_same_in_seven_other_languages(
    parallel: dict[str, Vector],
) -> None:
    others = [rows for language, rows in parallel.items() if language != "en"]
    assert len(others) == 7
    said = [hit for rows in others for hit in hits(parallel["en"][:, 1], rows)]
    assert np.mean(said) >= 0.97  # 91 of 91
    asked = [hit for rows in others for hit in hits(parallel["en"][:, 3], rows)]
    assert np.mean(asked) >= 0.9  # 86 of 91


@pytest.mark.live
def test_a_question_finds_its_answer_in_its_own_language(parallel: dict[str, Vector]) -> None:
    found = [hit for rows in parallel.values() for hit in hits(rows[:, 3], rows)]
    assert np.mean(found) >= 0.88  # 97 of 104


@pytest.mark.live
def test_the_cosines_of_unrelated_and_of_like_sentences_are_as_documented(
    e5: E5Embedder, parallel: dict[str, Vector]
) -> None:
    same, unrelated = [], []
    for rows in parallel.values():
        said, again = rows[:, 0], rows[:, 1]
        same += (said * again).sum(axis=1).tolist()
        unrelated += (said @ said.T)[~np.eye(len(said), dtype=bool)].tolist()
    assert len(same) == 104
    assert np.median(same) == pytest.approx(e5.same, abs=0.01)
    assert np.median(unrelated) == pytest.approx(e5.unrelated, abs=0.01)


@pytest.mark.live
def test_what_is_taken_off_is_what_the_texts_in_16_languages_have_in_common(
    e5: E5Embedder,
) -> None:
    vectors = np.array(
        [
            unit(e5._pooled([f"query: {text}" for text in texts]))
            for texts in TEXTS["common"].values()
        ]
    )
    mean = vectors.mean(axis=(0, 1))
    _, _, directions = np.linalg.svd(vectors.mean(axis=1) - mean, full_matrices=False)
    kept = np.vstack([mean, directions[:8]])
    common = _common()
    assert np.abs(common[0] - kept[0]).max() < 2e-3
    assert np.abs(common[1:].T @ common[1:] - kept[1:].T @ kept[1:]).max() < 2e-2


@pytest.mark.live
def test_an_e5_vector_does_not_depend_on_the_texts_beside_it(e5: E5Embedder) -> None:
    texts = ["naïve café", "word " * 400, "", "山に登る", "a" * 5000] * 10
    together = np.array(e5.embed_documents(texts))
    alone = np.array([e5.embed_query(text) for text in texts[:5]])
    assert np.abs(together[:5] - alone).max() < 1e-3
    assert np.linalg.norm(together, axis=1) == pytest.approx(1)
