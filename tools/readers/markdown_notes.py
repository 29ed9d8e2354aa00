"""Notes in Markdown, one file or a folder of them.

An item is what stands below a heading. What the writer quotes, code, templates and the files of
plugins are left out.
"""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    Entries,
    Reader,
    Reading,
    Refused,
    Skipped,
    each_file,
    item,
)
from guided_profile.tools.readers.encodings import text_of
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.markdown_text import Section, sections
from guided_profile.tools.readers.markup import html_text
from guided_profile.tools.readers.note_files import day_of, note_of
from guided_profile.tools.readers.vault_settings import Vault

_MARKDOWN = (".md", ".markdown", ".mdown")
_HTML = (".html", ".htm")
_TEMPLATE = re.compile(r"\{\{\s*(?:date|time|title)\b|<%[-_*]?\s*tp\.")
"""What a template has filled in: Obsidian's own, and Templater's."""
_DRAWING = ("excalidraw-plugin",)
_SIGNS = (
    r"(?m)^#{2,6} \S",
    r"\[[^\[\]\n]+\]\((?:https?:|[^()\s]+\.md)[^()\n]*\)|\[\[[^\[\]\n]+\]\]",
    r"\*\*[^*\n]+\*\*",
    r"(?m)^\s*[-*] \[[ xX]\] \S",
    r"(?m)^```",
)


def read_notes(files: Sequence[ExportFile], reading: Reading) -> Entries:
    """Read the sections of notes; settings of a vault among the files tell what is left out."""
    vault = Vault(files)
    settings = [file for file in files if file.name.endswith(".json")]
    notes = [file for file in files if file not in settings]
    return each_file(notes, lambda file: _note(file, vault, reading))


def _note(file: ExportFile, vault: Vault, reading: Reading) -> Entries:
    if reason := vault.leaves_out(file.name):
        yield Skipped(reason)
        return
    text = text_of(file)
    if _TEMPLATE.search(text):
        yield Skipped("templates")
        return
    note = note_of(html_text(text) if file.path.lower().endswith(_HTML) else text)
    if "template::" in note.properties or any(name in note.properties for name in _DRAWING):
        yield Skipped("templates and drawings")
        return
    path = PurePosixPath(unquote(file.path.replace("___", "/")))
    title = str(note.properties.get("title") or note.properties.get("title::") or path.stem)
    order = reading.dates or vault.order
    day = day_of(title, order, reading)
    tags = note.tags()
    folder = path.parent.name if path.parent.name != title else path.parent.parent.name
    fields = {
        "time": day or note.created(order, reading),
        "category": (tags[0] if tags else folder)[:200] or None,
        "kind": "said",
        "source": reading.source or "notes",
    }
    empty = True
    for section in sections(note.body):
        empty = False
        where = Refused(note.before + section.line, file=file.name)
        yield item(fields | _of(section, "" if day else title, reading), where, reading)
    if empty:
        yield Skipped("notes without words")


def _of(section: Section, title: str, reading: Reading) -> dict[str, Any]:
    """Return what is a section's own: its text after what it stands below, and its day."""
    above = [title, *section.headings] if title not in section.headings else [*section.headings]
    fields: dict[str, Any] = {}
    for heading in section.headings:
        if day := day_of(heading, reading.dates, reading):
            fields["time"] = day
            above.remove(heading)
    heads = " / ".join(filter(None, above))[:500]
    fields["text"] = f"{heads}: {section.text}" if heads else section.text
    return fields


def _is_markdown(head: Head) -> bool:
    """Whether a file is Markdown: by its name, its front matter, or several of Markdown's signs."""
    if not head.text:
        return False
    if head.name.lower().endswith(_MARKDOWN):
        return True
    if note_of(head.text).properties and head.text.lstrip().startswith("---"):
        return True
    return sum(re.search(sign, head.text) is not None for sign in _SIGNS) >= 2


READER = Reader(
    format="markdown",
    title="Markdown notes",
    obtain="A Markdown file, or a folder of them, as apps of notes export them.",
    recognises=_is_markdown,
    read=read_notes,
    streamed=False,
)
