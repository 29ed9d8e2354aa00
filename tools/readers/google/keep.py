"""Google Keep's notes from a Takeout: a JSON file each."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

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
)
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.json_files import whole
from guided_profile.tools.readers.json_lists import dict_in, dicts_in, text_in
from guided_profile.tools.readers.times import since_1970


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    yield from each_file(files, lambda file: iter([_note(file, reading)]))


def _note(file: ExportFile, reading: Reading) -> Entry:
    note = whole(file)
    where = Refused(1, unit="item", file=file.name)
    if note.get("isTrashed") is True:
        return Skipped("notes in the bin")
    listed = [text_in(entry.get("text")) for entry in dicts_in(note.get("listContent"))]
    parts = [text_in(note.get("title")), text_in(note.get("textContent")), *listed]
    text = "\n".join(filter(None, parts))
    if not text:
        return Skipped()
    labels = [text_in(label.get("name")) for label in dicts_in(note.get("labels"))]
    created = note.get("createdTimestampUsec") or note.get("userEditedTimestampUsec")
    try:
        time = since_1970(int(str(created)) / 1_000_000) if created else None
    except ValueError:
        return replace(where, reason="time: is no count of microseconds")
    fields: dict[str, Any] = {
        "text": text,
        "time": time,
        "category": next(filter(None, labels), None),
        "kind": "said",
        "source": reading.source or "notes",
    }
    return item(fields, where, reading)


def _recognises(head: Head) -> bool:
    note = dict_in(head.json)
    return {"isTrashed", "userEditedTimestampUsec"} <= note.keys()


READER = Reader(
    format="google-keep",
    title="Google Keep notes (Takeout)",
    obtain="On takeout.google.com: choose Keep; the zip as it is.",
    read=_read,
    recognises=_recognises,
    streamed=False,
)
