"""Notion's export (Markdown and CSV): the pages, and the rows of databases."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import PurePosixPath
from posixpath import commonpath, dirname

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
from guided_profile.tools.readers.encodings import text_of
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.markdown_text import sections
from guided_profile.tools.readers.tables import rows
from guided_profile.tools.readers.times import read_time

_ID = re.compile(r"[ _-]?\b[0-9a-f]{32}\b")
"""At the end of each name that Notion gives a file or folder."""
_FILE = r"[^/]*\b[0-9a-f]{32}(?:_all)?\.(?:md|csv)"
_TARGET = re.compile(r" ?\((?:https?://|[^()\s]*%20)[^()\s]*\)")
"""Where a link to another page leads."""
_PROPERTY = re.compile(r"([^:\n]{1,80}): (\S.*)")


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    tables = {_shown(file.name): file for file in files if file.name.endswith(".csv")}
    # all rows are in the second of the two, which sorts later
    tables |= {_shown(file.name): file for file in files if file.name.endswith("_all.csv")}
    pages = [file for file in files if file.name.endswith(".md")]
    root = commonpath([dirname(f"/{file.name}") for file in files])
    yield from each_file([*tables.values()], lambda file: _rows(file, reading))
    yield from each_file(pages, lambda page: _page(page, tables, root, reading))


def _shown(name: str) -> str:
    """Return a path as people see it: without ids and ending."""
    return _ID.sub("", re.sub(r"(?:_all)?\.(?:md|csv)$", "", name))


def _rows(file: ExportFile, reading: Reading) -> Iterator[Entry]:
    database = PurePosixPath(_shown(file.name)).name
    for row in rows(file):
        if isinstance(row, Refused):
            yield row
            continue
        where, cells = row
        known = {name: _plain(cell) for name, cell in cells.items() if _plain(cell)}
        if not known:
            yield Skipped("empty rows")
            continue
        first = next(iter(cells))
        title = known.pop(first, "")
        more = ", ".join(f"{name}: {cell}" for name, cell in known.items())
        fields = {
            "text": f"{database}: {title} ({more})" if more else f"{database}: {title}",
            "time": _time(known, reading),
            "category": database[:200] or None,
            "kind": "said",
            "source": reading.source or "notes",
        }
        yield item(fields, where, reading)


def _plain(cell: str) -> str:
    return " ".join(_TARGET.sub("", cell).split())


def _time(properties: Mapping[str, str], reading: Reading) -> datetime | None:
    """Return the first of a row's or page's properties that is a time."""
    for value in properties.values():
        try:
            return read_time(re.split(r" ?→ ?", value)[0], reading.zone, reading.dates)
        except ValueError:
            continue
    return None


def _page(
    file: ExportFile, tables: Mapping[str, ExportFile], root: str, reading: Reading
) -> Iterator[Entry]:
    path = PurePosixPath(_shown(file.name))
    title, properties, body, before = _parts(text_of(file))
    title = title or path.name
    folder = path.parent.name if dirname(f"/{file.name}") != root else ""
    fields = {
        "time": _time(properties, reading),
        "category": folder[:200] or None,
        "kind": "said",
        "source": reading.source or "notes",
    }
    # a row's page says again what the row says
    in_table = str(path.parent) in tables
    more = "" if in_table else ", ".join(f"{name}: {value}" for name, value in properties.items())
    heads = f"{title} ({more})" if more else title
    empty = True
    for section in sections(body):
        empty = False
        above = " / ".join([heads, *section.headings])[:1000]
        where = Refused(before + section.line, file=file.name)
        yield item(fields | {"text": f"{above}: {section.text}"}, where, reading)
    if empty and more:
        yield item(fields | {"text": heads}, Refused(1, file=file.name), reading)
    elif empty:
        yield Skipped("pages without words")


def _parts(text: str) -> tuple[str, dict[str, str], str, int]:
    """Return a page's title, its properties and its body, and how many lines stand before that."""
    lines = text.split("\n")
    at = 0
    title = ""
    if lines[0].startswith("# "):
        title = lines[0][2:].strip()
        at = 1
    while at < len(lines) and not lines[at].strip():
        at += 1
    begin = at
    properties: dict[str, str] = {}
    while at < len(lines) and (found := _PROPERTY.fullmatch(lines[at].strip())):
        properties[found[1].strip()] = _plain(found[2])
        at += 1
    if at < len(lines) and lines[at].strip():  # what looked so is the page's text
        return title, {}, "\n".join(lines[begin:]), begin
    return title, properties, "\n".join(lines[at:]), at


def _recognises(head: Head) -> bool:
    return bool(head.text) and re.fullmatch(rf"(?:.*/)?{_FILE}", head.name) is not None


READER = Reader(
    format="notion",
    title="Notion",
    obtain="Settings, General, Export all workspace content, as Markdown & CSV; the zip as it is.",
    recognises=_recognises,
    read=_read,
    marks=re.compile(_FILE),
    holds=(re.compile(r".*\.(?:md|csv)"),),
    streamed=False,
)
