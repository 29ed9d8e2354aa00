"""Evernote's notes (ENEX): what was written is a note, what was clipped from a page was kept."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from xml.etree.ElementTree import Element

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
)
from guided_profile.tools.readers.markdown_text import without_quotes
from guided_profile.tools.readers.markup import html_text
from guided_profile.tools.readers.reading.kept_pages import Link, kept_page
from guided_profile.tools.readers.writing.xml_parts import parts_of, words_in


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    return each_file(files, lambda file: _notes(file, reading))


def _notes(file: ExportFile, reading: Reading) -> Iterator[Entry]:
    for where, note in parts_of(file, "note"):
        yield where if where.reason else _note(note, where, reading)


def _note(note: Element, where: Refused, reading: Reading) -> Entry:
    title, url = words_in(note, "title"), words_in(note, "note-attributes/source-url")
    tag = words_in(note, "tag")
    try:
        time = datetime.strptime(words_in(note, "created"), "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        time = None
    if url:
        return kept_page(Link(title, url, tag, time), where, reading, "bookmarks")
    text = without_quotes(html_text(words_in(note, "content")))
    if not text:
        return Skipped("notes without words")
    fields = {
        "text": (text if text.startswith(title) else f"{title}: {text}")[:LONGEST_TEXT],
        "time": time,
        "category": tag[:200] or None,
        "kind": "said",
        "source": reading.source or "notes",
    }
    return item(fields, where, reading)


READER = Reader(
    format="evernote",
    title="Evernote",
    obtain="In Evernote: select the notes or a notebook, Export, ENEX.",
    recognises=lambda head: re.search(r"<en-export\b", head.text[:2000]),
    read=_read,
)
