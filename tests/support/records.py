"""Files of records, written for a test."""

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def as_lines(path: Path, *records: Any) -> Path:
    """Write records as JSON Lines."""
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def as_json(path: Path, value: Any) -> Path:
    """Write a value as JSON, in a folder that is made if it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1))
    return path


def as_csv(path: Path, *rows: Mapping[str, Any]) -> Path:
    """Write rows of the same columns as CSV."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path
