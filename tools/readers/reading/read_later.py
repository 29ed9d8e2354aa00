"""What somebody kept to read: the tables of Pocket, Instapaper and Raindrop."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    Entries,
    Entry,
    Reader,
    Reading,
    Refused,
    each_file,
    item,
)
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.reading.kept_pages import Link, kept_page
from guided_profile.tools.readers.tables import rows


class Columns(NamedTuple):
    """The columns of one app, in small letters; an empty name: it has none."""

    all: frozenset[str]
    """Those by which its table is recognised."""
    time: str
    category: str
    state: str
    note: str = ""


_POCKET = Columns(
    frozenset("title url time_added tags status".split()), "time_added", "tags", "status"
)
_INSTAPAPER = Columns(
    frozenset("url title selection folder timestamp".split()), "timestamp", "folder", "folder"
)
_RAINDROP = Columns(
    frozenset("id title note excerpt url folder tags created".split()),
    "created",
    "folder",
    "favorite",
    "note",
)
_STATES = {
    "unread": "unread",
    "archive": "archived",
    "starred": "starred",
    "true": "starred",  # Raindrop's favorite
}
"""What the apps write in their one language; another folder is the user's own."""
_NO_FOLDERS = ("unread", "archive", "starred", "unsorted")


def _columns(names: Sequence[str]) -> Columns | None:
    found = {name.lower() for name in names}
    return next((app for app in (_POCKET, _INSTAPAPER, _RAINDROP) if app.all <= found), None)


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    return each_file(files, lambda file: _entries(file, reading))


def _entries(file: ExportFile, reading: Reading) -> Iterator[Entry]:
    for row in rows(file):
        if isinstance(row, Refused):
            yield row
            continue
        where, cells = row
        cells = {name.lower(): cell.strip() for name, cell in cells.items()}
        app = _columns([*cells])
        if app is not None:
            yield from _kept(cells, app, where, reading)


def _kept(
    cells: Mapping[str, str], app: Columns, where: Refused, reading: Reading
) -> Iterator[Entry]:
    first = cells[app.category].replace("|", ",").split(",")[0].strip()
    category = "" if first.lower() in _NO_FOLDERS else first
    state = _STATES.get(cells.get(app.state, "").lower(), "")
    link = Link(cells["title"], cells["url"], category, cells[app.time] or None, state=state)
    yield kept_page(link, where, reading, "reading list")
    if note := cells.get(app.note, ""):
        fields = {
            "text": f"note on {cells['title'] or cells['url']}: {note}",
            "time": link.time,
            "category": category[:200] or None,
            "kind": "said",
            "source": reading.source or "notes",
        }
        yield item(fields, where, reading)


def _recognises(head: Head) -> bool:
    return _columns(head.columns) is not None


READER = Reader(
    format="read-later",
    title="Pocket, Instapaper, Raindrop",
    obtain=(
        "Instapaper: Settings, Export, Download .CSV file. Raindrop: Settings, Backups, CSV. "
        "Pocket: the zip that it mailed when it closed."
    ),
    recognises=_recognises,
    read=_read,
)
