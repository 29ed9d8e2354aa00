"""Notes in Markdown, one file or a folder of them.

An item is what stands below a heading. What the writer quotes, code, templates and the files of
plugins are left out.
"""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from posixpath import commonpath, dirname, relpath
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
from guided_profile.tools.readers.writing.note_files import Note, day_of, note_of
from guided_profile.tools.readers.writing.vault_settings import Vault

_MARKDOWN = (".md", ".markdown", ".mdown")
_SETTINGS = (".json", ".edn")
_OWN_TITLE = re.compile(r"\s*# \S")
_TEMPLATE = re.compile(r"\{\{\s*(?:date|time|title)\b|<%[-_*]?\s*tp\.")
"""What a template has filled in: Obsidian's own, and Templater's."""
_SIGNS = (
    r"(?m)^#{2,6} \S",
    r"\]\((?:https?:|[^()\s]+\.md)[^()\n]*\)|(?<!\w)\[\[[^\[\]\s][^\[\]\n]{0,200}(?<=\S)\]\]",
    r"(?<![^\s(])\*\*\w[^*\n]{0,500}[^\s*]\*\*(?![\w*])",
    r"(?m)^[ \t]*[-*] \[[ xX]\] \S",
    r"(?m)^```",
)


def read_notes(files: Sequence[ExportFile], reading: Reading) -> Entries:
    """Read the sections of notes; settings of a vault among the files say what is left out."""
    vault = Vault(files)
    # people rename a file that is alone, so its name says nothing but a day
    root = commonpath([dirname(f"/{file.name}") for file in files]) if len(files) > 1 else None
    notes = [file for file in files if not file.name.endswith(_SETTINGS)]
    return each_file(notes, lambda file: _note(file, vault, root, reading))


def _note(file: ExportFile, vault: Vault, root: str | None, reading: Reading) -> Entries:
    text = text_of(file)
    note = note_of(text)
    if reason := vault.leaves_out(file.name) or _left_out(note, text):
        yield Skipped(reason)
        return
    inside = "" if root is None else relpath(f"/{file.name}", root)
    path = PurePosixPath(unquote(inside.replace("___", "/")))  # two ways of Logseq
    order = reading.dates or vault.order
    day = day_of(file.path.rpartition("/")[2].rpartition(".")[0], order, reading)
    fields = {
        "time": day or note.created(order, reading),
        "category": _category(note, path, is_day=day is not None),
        "kind": "said",
        "source": reading.source or "notes",
    }
    title = "" if day or _OWN_TITLE.match(note.body) else path.stem
    title = str(note.properties.get("title") or note.properties.get("title::") or title)
    empty = True
    for section in sections(note.body):
        empty = False
        where = Refused(note.before + section.line, file=file.name)
        yield item(fields | _of(section, title, reading), where, reading)
    if empty:
        yield Skipped("notes without words")


def _left_out(note: Note, text: str) -> str:
    """Return why a note is left out; empty: it is not."""
    if "template::" in note.properties or _TEMPLATE.search(text):
        return "templates"
    return "drawings" if "excalidraw-plugin" in note.properties else ""


def _category(note: Note, path: PurePosixPath, *, is_day: bool) -> str | None:
    """Return the first tag of a note, or the folder that it is in."""
    if tags := note.tags():
        return tags[0][:200]
    folder = path.parent if path.parent.name != path.stem else path.parent.parent
    return None if is_day or folder.name in ("", "pages") else folder.name[:200]


def _of(section: Section, title: str, reading: Reading) -> dict[str, Any]:
    """Return what is a section's own: its text after what it stands below, and its day."""
    above = [title, *section.headings] if title not in section.headings else [*section.headings]
    fields: dict[str, Any] = {}
    for heading in section.headings:
        if day := day_of(heading, reading.dates, reading):
            fields["time"] = day
            above.remove(heading)
    heads = " / ".join(filter(None, above))[:500]
    begins = section.text.startswith(heads)
    fields["text"] = section.text if begins else f"{heads}: {section.text}"
    return fields


def _is_markdown(head: Head) -> bool:
    """Whether a file is Markdown: by its name, its front matter, or several of Markdown's signs."""
    if not head.text or head.text.startswith("#!"):
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
