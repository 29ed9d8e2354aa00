"""What a GGUF file says of its model: how long a prompt it was made for, and what a token takes.

By hand: the reader of `gguf`, llama.cpp's own package, takes apart the whole file, of which this
needs a few numbers at the beginning, and would be one more thing to install.
"""

import os
import struct
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from guided_profile.graph.errors import ModelError

CONTEXT_TOKENS = 8192
"""Prompt and answer together, where a file does not say how many its model takes."""
LEAST_TOKENS = 2048
"""What a model has to hold, however little memory there is."""
MEMORY_SHARE = 8
"""The context of a model takes at most one such part of the machine's memory."""

_NUMBERS = dict(enumerate("BbHhIif?", start=0)) | {10: "Q", 11: "q", 12: "d"}
_TEXT, _LIST = 8, 9
_LONGEST_NAME, _LONGEST_LIST = 1 << 16, 1 << 24
_BYTES_A_NUMBER = 2  # of keys and values, which are kept in half precision


def check_gguf(path: Path) -> None:
    """Find out whether a file can be a model.

    Raises:
        ModelError: It cannot be read, or is no GGUF file.
    """
    with _opened(path):
        pass


def context_tokens(path: Path, memory: int | None = None) -> int:
    """Return how many tokens a model's prompt and answer may have together.

    That is what the model was made for, as its file says, as far as the machine's memory goes.

    Args:
        path: The model's file.
        memory: The machine's, in bytes; None: it is asked.

    Raises:
        ModelError: It cannot be read, or is no GGUF file.
    """
    numbers = _numbers(path)
    made_for = numbers.get("context_length") or CONTEXT_TOKENS
    memory = memory or _memory()
    each = _bytes_a_token(numbers)
    if not memory or not each:
        return min(made_for, CONTEXT_TOKENS)
    room = memory // MEMORY_SHARE // each // 256 * 256  # llama.cpp rounds up to these
    return min(made_for, max(room, LEAST_TOKENS))


def _bytes_a_token(numbers: Mapping[str, int]) -> int:
    """Return what the keys and values of a token take in all layers; 0: the file does not say."""
    heads = numbers.get("attention.head_count", 0)
    size = numbers.get("embedding_length", 0) // heads if heads else 0
    both = sum(numbers.get(f"attention.{kind}_length", size) for kind in ("key", "value"))
    kept = numbers.get("attention.head_count_kv", heads)
    return numbers.get("block_count", 0) * kept * both * _BYTES_A_NUMBER


def _memory() -> int | None:
    """Return the bytes of memory that this process may use; None: the system does not say."""
    if not hasattr(os, "sysconf"):  # Windows
        return None
    found = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with suppress(OSError, ValueError):  # no container, or one without a limit
        return min(found, int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return found


def _opened(path: Path) -> BinaryIO:
    try:
        stream = path.open("rb")
        magic = stream.read(4)
    except OSError as error:
        raise ModelError(
            f"The model {str(path)!r} cannot be read: {error.strerror or error}."
        ) from error
    if magic != b"GGUF":
        stream.close()
        raise ModelError(f"{str(path)!r} is not a GGUF file; give the path of one.")
    return stream


def _numbers(path: Path) -> dict[str, int]:
    """Return the whole numbers that a file states of its model, by name without the kind."""
    found: dict[str, int] = {}
    with _opened(path) as stream:
        try:
            (version,) = _read(stream, "I")
            if version < 2:  # of 2023; llama.cpp reads none either
                return {}
            _, entries = _read(stream, "QQ")
            for _ in range(entries):
                name = stream.read(_length(stream)).decode("utf-8", "replace")
                if name.startswith("tokenizer.") and "context_length" in found:
                    break  # the rest is words, and many
                value = _value(stream, *_read(stream, "I"))
                if isinstance(value, int):
                    found[name.partition(".")[2]] = value
        except (struct.error, ValueError, OverflowError) as error:
            raise ModelError(
                f"{str(path)!r} is a damaged GGUF file; fetch it once more."
            ) from error
    return found


def _read(stream: BinaryIO, kinds: str) -> tuple[int, ...]:
    return struct.unpack(f"<{kinds}", stream.read(struct.calcsize(f"<{kinds}")))


def _length(stream: BinaryIO) -> int:
    (length,) = _read(stream, "Q")
    if length > _LONGEST_NAME:
        raise ValueError(length)
    return length


def _value(stream: BinaryIO, kind: int) -> int | None:
    """Read a value; of a list of numbers the largest, and nothing of what is no number."""
    if kind in _NUMBERS:
        (number,) = _read(stream, _NUMBERS[kind])
        return number if isinstance(number, int) else None
    if kind == _TEXT:
        (length,) = _read(stream, "Q")
        stream.seek(length, os.SEEK_CUR)
        return None
    if kind != _LIST:
        raise ValueError(kind)
    of, count = _read(stream, "IQ")
    if count > _LONGEST_LIST:
        raise ValueError(count)
    values = [_value(stream, of) for _ in range(count)]
    return max((value for value in values if value is not None), default=None)
