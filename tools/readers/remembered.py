"""What a person confirmed of tables' columns, so that the next table like it is not asked about."""

import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import NamedTemporaryFile

_NAME = "columns.json"
MOST = 1000
"""How many tables are remembered, the last ones."""


def remembered(folder: Path, signature: str) -> dict[str, str] | None:
    """Return the columns that were confirmed for tables like this one.

    Args:
        folder: The data folder.
        signature: What tables with the same columns have in common.
    """
    return _all(folder).get(signature)


def remember(folder: Path, signature: str, columns: Mapping[str, str]) -> None:
    """Keep the columns that were confirmed for tables like this one.

    Raises:
        OSError: The folder cannot be written.
    """
    known = _all(folder)
    known.pop(signature, None)
    known[signature] = dict(columns)
    kept = dict(list(known.items())[-MOST:])
    folder.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8") as file:
        json.dump(kept, file, ensure_ascii=False)
    Path(file.name).replace(folder / _NAME)


def _all(folder: Path) -> dict[str, dict[str, str]]:
    """Return what is remembered; a broken file is as none, and all that it costs is a question."""
    try:
        found = json.loads((folder / _NAME).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return {
        str(signature): {str(field): str(column) for field, column in columns.items()}
        for signature, columns in (found.items() if isinstance(found, dict) else ())
        if isinstance(columns, dict)
    }
