"""Simplenote's export: the notes that were not thrown away."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from guided_profile.graph.records import LONGEST_TEXT
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    Entries,
    Entry,
    Reader,
    Reading,
    Refused,
    Skipped,
    each_file,
    item,
    stable_id,
)
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.json_lists import objects
from guided_profile.tools.readers.markdown_text import without_quotes


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    return each_file(files, lambda file: _notes(file, reading))


def _notes(file: ExportFile, reading: Reading) -> Iterator[Entry]:
    for found in objects(file, "activeNotes"):
        yield found if isinstance(found, Refused) else _note(*found, reading)


def _note(where: Refused, note: Mapping[str, Any], reading: Reading) -> Entry:
    content, tags = note.get("content"), note.get("tags")
    text = without_quotes(content)[:LONGEST_TEXT] if isinstance(content, str) else ""
    if not text:
        return Skipped("notes without words")
    fields = {
        "text": text,
        "time": note.get("creationDate"),
        "category": str(tags[0])[:200] if isinstance(tags, list) and tags else None,
        "kind": "said",
        "source": reading.source or "notes",
    }
    if isinstance(note.get("id"), str):
        fields["id"] = stable_id("simplenote", note["id"])
    return item(fields, where, reading)


def _recognises(head: Head) -> bool:
    return isinstance(head.json, dict) and isinstance(head.json.get("activeNotes"), list)


READER = Reader(
    format="simplenote",
    title="Simplenote",
    obtain="In Simplenote: Settings, Tools, Export notes; the zip as it is.",
    recognises=_recognises,
    read=_read,
)
