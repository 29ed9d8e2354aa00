"""Examples from a file of one's own: JSON Lines, an example a line.

    {"user_id": "ada", "history": [{"text": "oat milk", "time": "2024-05-01"}],
     "query": "Which drink?", "options": ["tea", "rum"], "answer": "tea"}

`answerable: false` in place of an answer says that the history holds none.
"""

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from guided_profile.evals.examples import Example
from guided_profile.graph.errors import InputError
from guided_profile.graph.state import HistoryItem

_ITEM = tuple(HistoryItem.model_fields)


def load_plain(path: Path, task: str) -> list[Example]:
    """Read all examples of a file, for a task.

    Raises:
        InputError: The file cannot be read, or a line of it is no example; the line is named.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"the examples in {str(path)!r} cannot be read: {error}.") from error
    examples = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            examples.append(_example(line, f"{path.stem}-{number}", task, f"{path}:{number}"))
    if not examples:
        raise InputError(f"{str(path)!r} holds no examples.")
    return examples


def sampled(examples: Sequence[Example], n: int | None, seed: int) -> list[Example]:
    """Draw `n` examples by the seed, in the order of the file; all of them if n is None."""
    if n is None or n >= len(examples):
        return list(examples)
    drawn = random.Random(seed).sample(range(len(examples)), n)
    return [examples[index] for index in sorted(drawn)]


def _example(line: str, id_: str, task: str, where: str) -> Example:
    try:
        record: Mapping[str, Any] = json.loads(line)
        answerable = record.get("answerable", True)
        return Example(
            id=str(record.get("id") or id_),
            user_id=record["user_id"],
            task=record.get("task") or task,
            question=record["query"],
            options=tuple(record.get("options") or ()),
            reference=record["answer"] if answerable else "",
            answerable=answerable,
            history=tuple(_item(one) for one in record["history"]),
            about=record.get("about") or {},
        )
    except ValidationError as error:
        first = error.errors()[0]
        reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}".strip(": ")
        raise InputError(f"{where}: {reason}.") from error
    except KeyError as error:
        raise InputError(f"{where}: the field {error} is missing.") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise InputError(f"{where}: it is no example: {error}.") from error


def _item(one: str | Mapping[str, Any]) -> HistoryItem:
    if isinstance(one, str):
        return HistoryItem(text=one)
    return HistoryItem(**{name: value for name, value in one.items() if name in _ITEM})
