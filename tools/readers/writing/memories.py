"""What another assistant noted about the user: mem0, LangMem, Zep, Claude, ChatGPT.

A machine wrote these, of what somebody said to it, and it may have been wrong. So they are kept as
somebody else's words, and their text says who noted it: a model that searches the history finds
them, and no sentence of a profile rests on them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
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
from guided_profile.tools.readers.encodings import text_of
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.json_lists import line_objects, object_of, objects
from guided_profile.tools.readers.writing.memory_text import is_memory_text, noted_lines
from guided_profile.tools.readers.writing.noted import Noted, noted_in

_LISTS = ("results", "memories", "facts", "edges", "relevant_facts", "items")


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    return each_file(files, lambda file: _entries(file, reading))


def _entries(file: ExportFile, reading: Reading) -> Iterator[Entry]:
    for where, entry in _records(file):
        if where.reason:
            yield where
            continue
        found = False
        for noted in noted_in(entry):
            found = True
            yield noted if isinstance(noted, Skipped) else _item(noted, where, reading)
        if not found:
            yield replace(where, reason="is no memory of a kind that is known")


def _item(noted: Noted, where: Refused, reading: Reading) -> Entry:
    fields = {
        "text": f"{noted.by} noted: {noted.text.strip()}"[:LONGEST_TEXT],
        "time": noted.time,
        "category": str(noted.category)[:200] if noted.category else None,
        "kind": "said",
        "role": "other",
        "source": reading.source or "memories",
    }
    if isinstance(noted.id, str) and noted.id:
        fields["id"] = stable_id(noted.by, noted.id)
    return item(fields, where, reading)


def _records(file: ExportFile) -> Iterator[tuple[Refused, Any]]:
    """Yield the objects that hold memories, or the lines of a text; or why one cannot be read."""
    with file.open() as opened:
        begin = opened.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip()
    if begin[:1] not in (b"[", b"{") or is_memory_text(begin.decode(errors="replace")):
        for number, line in enumerate(noted_lines(text_of(file)), start=1):
            yield Refused(number, unit="item", file=file.name), line
    elif begin.startswith(b"{") and _are_lines(begin):
        yield from _lines(file)
    else:
        none = True
        for found in objects(file, *_LISTS):
            none = False
            yield (found, None) if isinstance(found, Refused) else found
        if none and begin.startswith(b"{"):
            yield Refused(1, unit="item", file=file.name), object_of(file)[0]


def _lines(file: ExportFile) -> Iterator[tuple[Refused, Any]]:
    for found in line_objects(file):
        yield (found, None) if isinstance(found, Refused) else found


def _are_lines(begin: bytes) -> bool:
    """Whether the first line is a whole object, as in JSON Lines."""
    first, _, rest = begin.partition(b"\n")
    return bool(rest.strip()) and first.rstrip().endswith(b"}") and first.count(b'"') > 2


def _recognises(head: Head) -> bool:
    found = head.json
    if isinstance(found, dict):
        listed = next((found[name] for name in _LISTS if isinstance(found.get(name), list)), None)
        found = [found] if listed is None else listed
    entries = found if isinstance(found, list) else list(head.records)
    for entry in entries[:1]:
        is_named = isinstance(entry, dict) and (
            isinstance(entry.get("memory"), str)
            or {"namespace", "key", "value"} <= entry.keys()
            or isinstance(entry.get("fact"), str)
            or "conversations_memory" in entry
        )
        if is_named or (isinstance(entry, dict) and {"content", "state", "app_id"} <= entry.keys()):
            return True
    # `[2024-05-14] …` begins as JSON does
    return not any(isinstance(element, dict) for element in entries) and is_memory_text(head.text)


READER = Reader(
    format="memories",
    title="Memories of other assistants (mem0, LangMem, Zep, Claude, ChatGPT)",
    obtain=(
        "mem0: get_all() as JSON. LangMem: the store's items as JSON. Zep: a user's facts or edges "
        "as JSON. Claude, ChatGPT: ask for all memories, a line each with its date, and paste the "
        "answer into a text file; add it with --format memories if it is taken for notes."
    ),
    recognises=_recognises,
    read=_read,
    streamed=False,
)
