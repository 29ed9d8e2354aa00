"""JSON as text: where its values stand, so that one is changed and every other byte stays."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

Read = Callable[[str, int], tuple[Any, int]]
value: Read = json.JSONDecoder().raw_decode
"""Reads the value that begins somewhere; returns it, and where it ends."""
Path = tuple[str | int, ...]
"""The keys and places that lead to a value; -1: the last of a list."""
_SPACE = " \t\n\r"


def with_longer(text: str, path: Path, words: str) -> str:
    """Return a JSON text with words after a string in it; null becomes the words.

    Raises:
        ValueError: There is no string and no null there.
    """
    start, end = place_of(text, path)
    old = text[start:end]
    if old == "null":
        return text[:start] + json.dumps(words) + text[end:]
    if not old.startswith('"'):
        raise ValueError("no string")
    return text[: end - 1] + json.dumps(words)[1:-1] + text[end - 1 :]


def with_value(text: str, path: Path, new: Any) -> str:
    """Return a JSON text with another value in the place of one.

    Raises:
        ValueError: There is none there.
    """
    start, end = place_of(text, path)
    return text[:start] + json.dumps(new) + text[end:]


def place_of(text: str, path: Path, at: int = 0) -> tuple[int, int]:
    """Return where a value begins and ends, in the value that begins somewhere.

    Raises:
        ValueError: There is none there.
    """
    try:
        at = past_space(text, at)
        for step in path:
            if text[at] != ("{" if isinstance(step, str) else "["):
                raise ValueError("another kind of value")
            if isinstance(step, str):
                at = read_object(text, at, lambda key: _where)[0][step]
            else:
                starts: list[int] = []
                read_array(text, at, partial(_noted, starts))
                at = starts[step]
        return _where(text, at)
    except (LookupError, RecursionError) as error:
        raise ValueError(f"there is no {path!r}") from error


def read_object(text: str, at: int, reader: Callable[[str], Read]) -> tuple[dict[str, Any], int]:
    """Read the object that begins somewhere, each value by what its key is given.

    Raises:
        ValueError, IndexError: It is none.
    """
    found: dict[str, Any] = {}
    at = past_space(text, at + 1)
    while text[at] != "}":
        key, at = value(text, at)
        at = past_space(text, at)
        if not isinstance(key, str) or text[at] != ":":
            raise ValueError("no object")
        found[key], at = reader(key)(text, past_space(text, at + 1))
        at = _past_comma(text, at, "}")
    return found, at + 1


def read_array(text: str, at: int, read: Read) -> int:
    """Read the array that begins somewhere, each value by a function; return where it ends.

    Raises:
        ValueError, IndexError: It is none.
    """
    at = past_space(text, at + 1)
    while text[at] != "]":
        _, at = read(text, at)
        at = _past_comma(text, at, "]")
    return at + 1


def past_space(text: str, at: int) -> int:
    """Return where the next character stands that is no space."""
    while text[at] in _SPACE:
        at += 1
    return at


def _where(text: str, at: int) -> tuple[int, int]:
    return at, value(text, at)[1]


def _noted(starts: list[int], text: str, at: int) -> tuple[int, int]:
    starts.append(at)
    return _where(text, at)


def _past_comma(text: str, at: int, end: str) -> int:
    at = past_space(text, at)
    if text[at] not in ("," + end):
        raise ValueError("no comma")
    return past_space(text, at + 1) if text[at] == "," else at
