"""JSON Lines: an item on each line."""

import json
from collections.abc import Iterator, Sequence

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import Entries, Reader, Reading, Refused
from guided_profile.tools.readers.generic.json_table import Placed, json_entries
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.lines import numbered_lines


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    """Read a JSON object from each line.

    Raises:
        HistoryItemError: See `table_items`.
    """
    return json_entries(lambda: _objects(files[0]), reading)


def _objects(file: ExportFile) -> Iterator[Placed | Refused]:
    for number, line in numbered_lines(file):
        if isinstance(line, Refused):
            yield line
            continue
        try:
            entry = json.loads(line)
        except json.JSONDecodeError as error:
            yield Refused(number, f"is not JSON, from column {error.colno} on")
        except (ValueError, RecursionError):  # a number or a nesting beyond all measure
            yield Refused(number, "is not JSON that can be read")
        else:
            yield Refused(number), entry


def _recognises(head: Head) -> bool:
    named = head.name.lower().endswith((".jsonl", ".ndjson"))
    has_text = any("text" in record for record in head.records)
    return len(head.records) > 1 or has_text or (named and bool(head.text))


READER = Reader(
    format="jsonl",
    title="JSON Lines",
    read=_read,
    recognises=_recognises,
    generic=True,
)
