"""Diaries: the JSON exports of Day One, one file a journal, and Journey, one file an entry."""

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
from guided_profile.tools.readers.json_files import whole
from guided_profile.tools.readers.markdown_text import sections
from guided_profile.tools.readers.markup import html_text
from guided_profile.tools.readers.times import since_1970


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    return each_file(files, lambda file: _entries(file, reading))


def _entries(file: ExportFile, reading: Reading) -> Iterator[Entry]:
    diary = whole(file)
    entries = diary.get("entries", [diary])
    for number, entry in enumerate(entries if isinstance(entries, list) else [], start=1):
        where = Refused(number, unit="item", file=file.name)
        if not isinstance(entry, dict):
            yield Refused(number, "is not a JSON object", "item", file.name)
            continue
        try:
            fields = _fields(entry)
        except ValueError as error:
            yield Refused(number, f"time: {error}", "item", file.name)
            continue
        if fields["text"]:
            yield item(fields | {"source": reading.source or "diary"}, where, reading)
        else:
            yield Skipped("entries without words")


def _fields(entry: Mapping[str, Any]) -> dict[str, Any]:
    text = entry.get("text")
    text = text if isinstance(text, str) else ""
    if "date_journal" in entry:  # Journey; thousandths of a second
        text = html_text(text) if entry.get("type", "html") == "html" or "<p" in text else text
        time: Any = since_1970(_number(entry["date_journal"]) / 1000)
        id_ = entry.get("id")
    else:
        text = text.replace("\\", "")  # Day One writes it before points and brackets
        time, id_ = entry.get("creationDate"), entry.get("uuid")
    tags = entry.get("tags")
    fields = {
        "text": _own_words(text)[:LONGEST_TEXT],
        "time": time,
        "category": str(tags[0])[:200] if isinstance(tags, list) and tags else None,
        "kind": "said",
    }
    return fields | ({"id": stable_id("diary", id_)} if isinstance(id_, str) and id_ else {})


def _number(value: Any) -> float:
    if isinstance(value, int | float):
        return value
    raise ValueError("is no number")


def _own_words(text: str) -> str:
    parts = []
    for section in sections(text):
        heading = section.headings[-1] if section.headings else ""
        parts.append(f"{heading}: {section.text}" if heading else section.text)
    return "\n".join(parts).strip()


def _recognises(head: Head) -> bool:
    found = head.json if isinstance(head.json, dict) else {}
    if "date_journal" in found and ("text" in found or "preview_text" in found):
        return True
    entries = found.get("entries")
    first = entries[0] if isinstance(entries, list) and entries else None
    return isinstance(first, dict) and "creationDate" in first and "uuid" in first


READER = Reader(
    format="diary",
    title="Diaries of Day One and Journey",
    obtain="Day One: File, Export, JSON. Journey: Settings, Export, JSON; the zip as it is.",
    recognises=_recognises,
    read=_read,
    streamed=False,
)
