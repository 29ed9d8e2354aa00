import struct
from pathlib import Path

import pytest

from guided_profile.graph.errors import ModelError
from guided_profile.tools.models.gguf import CONTEXT_TOKENS, LEAST_TOKENS, context_tokens

GIB = 1 << 30
SMALL = {
    "general.architecture": "llama",
    "general.tags": ["a", "b"],
    "llama.context_length": 40960,
    "llama.block_count": 16,
    "llama.embedding_length": 2048,
    "llama.attention.head_count": 32,
    "llama.attention.head_count_kv": 8,
    "llama.rope.freq_base": 0.5,
    "tokenizer.ggml.tokens": ["<s>", "a", "b"],
}
"""Of 16 layers, 8 heads of 64 numbers each: keys and values of a token take 32,768 bytes."""


def text(words: str) -> bytes:
    return struct.pack("<Q", len(words)) + words.encode()


def value(given: object) -> bytes:
    if isinstance(given, str):
        return struct.pack("<I", 8) + text(given)
    if isinstance(given, list):
        kind = 8 if isinstance(given[0], str) else 4
        packed = [text(value) if kind == 8 else struct.pack("<I", value) for value in given]
        return struct.pack("<IIQ", 9, kind, len(given)) + b"".join(packed)
    if isinstance(given, float):
        return struct.pack("<If", 6, given)
    return struct.pack("<II", 4, given)


def model(tmp_path: Path, entries: dict[str, object]) -> Path:
    path = tmp_path / "mine.gguf"
    body = b"".join(text(name) + value(given) for name, given in entries.items())
    path.write_bytes(b"GGUF" + struct.pack("<IQQ", 3, 0, len(entries)) + body)
    return path


def test_a_context_is_as_long_as_the_file_says(tmp_path: Path) -> None:
    assert context_tokens(model(tmp_path, SMALL), memory=64 * GIB) == 40960
    short = SMALL | {"llama.context_length": 1024}
    assert context_tokens(model(tmp_path, short), memory=64 * GIB) == 1024
    assert context_tokens(model(tmp_path, short)) == 1024


def test_the_entries_may_come_in_any_order(tmp_path: Path) -> None:
    backwards = dict(reversed(SMALL.items()))
    assert context_tokens(model(tmp_path, backwards), memory=64 * GIB) == 40960


def test_a_context_takes_an_eighth_of_the_memory_at_most(tmp_path: Path) -> None:
    path = model(tmp_path, SMALL)
    assert context_tokens(path, memory=4 * GIB) == 4 * GIB // 8 // 32768
    assert context_tokens(path, memory=GIB // 4) == LEAST_TOKENS


def test_keys_of_their_own_length_and_heads_that_differ_by_layer_are_counted(
    tmp_path: Path,
) -> None:
    wide = {"llama.attention.key_length": 192, "llama.attention.value_length": 64}
    assert context_tokens(model(tmp_path, wide | SMALL), memory=4 * GIB) == 8192
    layers = {"llama.attention.head_count_kv": [16, 8]}
    assert context_tokens(model(tmp_path, SMALL | layers), memory=4 * GIB) == 8192


@pytest.mark.parametrize("missing", ["llama.context_length", "llama.block_count"])
def test_where_the_file_does_not_say_it_is_an_ordinary_one(tmp_path: Path, missing: str) -> None:
    entries = {name: given for name, given in SMALL.items() if name != missing}
    assert context_tokens(model(tmp_path, entries), memory=64 * GIB) == CONTEXT_TOKENS


@pytest.mark.parametrize("content", [b"", b"not a model", None])
def test_what_is_no_gguf_file_is_a_model_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "mine.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"mine\.gguf.*(is not a GGUF file|cannot be read)"):
        context_tokens(path)


@pytest.mark.parametrize("kept", [6, 30, 100, 250])
def test_a_damaged_file_is_a_model_error(tmp_path: Path, kept: int) -> None:
    path = model(tmp_path, SMALL)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ModelError, match="damaged GGUF file"):
        context_tokens(path)


@pytest.mark.parametrize("where", [24, 60])
def test_lengths_that_cannot_be_are_not_read(tmp_path: Path, where: int) -> None:
    path = model(tmp_path, SMALL)
    content = bytearray(path.read_bytes())
    content[where : where + 8] = b"\xff" * 8
    path.write_bytes(content)
    with pytest.raises(ModelError, match="damaged GGUF file"):
        context_tokens(path)
