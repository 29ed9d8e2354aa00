"""Writes an ONNX model, as much of one as `e5_onnx.py` needs.

A model is a protobuf message. The numbers of fields and types are those of `onnx.proto3`.
"""

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FLOAT, UINT8, INT32, INT64, FLOAT16 = 1, 2, 6, 7, 10
"""Types of numbers."""
OURS = "com.microsoft"
"""The domain of onnxruntime's own operators."""
_TYPES = {
    np.dtype(np.float32): FLOAT,
    np.dtype(np.uint8): UINT8,
    np.dtype(np.int64): INT64,
    np.dtype(np.float16): FLOAT16,
}


class Graph:
    """A graph that is being written: what is added returns its name, for those that take it."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []

    def constant(self, name: str, numbers: NDArray[Any]) -> str:
        """Add an array."""
        shape = b"".join(_field(1, size) for size in numbers.shape)
        content = _field(2, _TYPES[numbers.dtype]) + _field(8, name) + _field(9, numbers.tobytes())
        self._constants.append(_field(5, shape + content))
        return name

    def node(
        self, operator: str, *inputs: str, domain: str = "", **attributes: int | float | str
    ) -> str:
        """Add a node with one output; an input that is left out is ""."""
        name = f"{operator}_{len(self._nodes)}"
        written = b"".join(_field(1, given) for given in inputs) + _field(2, name)
        written += _field(4, operator) + _field(7, domain)
        written += b"".join(_field(5, _attribute(*item)) for item in attributes.items())
        self._nodes.append(_field(1, written))
        return name

    def model(self, inputs: Mapping[str, int], output: str, dimensions: Sequence[str]) -> bytes:
        """Return the model.

        Args:
            inputs: Their types; each is (texts, tokens).
            output: The node whose floats the model returns.
            dimensions: What its dimensions are called.
        """
        graph = [*self._nodes, _field(2, "graph"), *self._constants]
        graph += [
            _field(11, _value(name, type_, ("texts", "tokens"))) for name, type_ in inputs.items()
        ]
        graph.append(_field(12, _value(output, FLOAT, dimensions)))
        operators = [_field(2, 20)], [_field(1, OURS), _field(2, 1)]
        sets = b"".join(_field(8, b"".join(fields)) for fields in operators)
        return _field(1, 9) + sets + _field(7, b"".join(graph))


def _attribute(name: str, value: int | float | str) -> bytes:
    number, type_ = {float: (2, 1), int: (3, 2), str: (4, 3)}[type(value)]
    return _field(1, name) + _field(number, value) + _field(20, type_)


def _value(name: str, type_: int, dimensions: Sequence[str]) -> bytes:
    shape = b"".join(_field(1, _field(2, size)) for size in dimensions)
    return _field(1, name) + _field(2, _field(1, _field(1, type_) + _field(2, shape)))


def _field(number: int, value: float | str | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    if isinstance(value, float):
        return _varint(number << 3 | 5) + struct.pack("<f", value)
    content = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    """Write a number in sevens of bits, the lowest first; negative ones in 64 bits."""
    number &= (1 << 64) - 1
    sevens = bytearray()
    while number > 0x7F:
        sevens.append(number & 0x7F | 0x80)
        number >>= 7
    sevens.append(number)
    return bytes(sevens)
