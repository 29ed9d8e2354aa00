"""A file of notes taken apart: its front matter, its tags and its day, and its body."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import yaml

from guided_profile.tools.readers.base import Reading
from guided_profile.tools.readers.long_dates import long_date
from guided_profile.tools.readers.times import DateOrder, read_time

_FRONT = re.compile(
    r"\s*---[ \t]*\r?\n(.{0,65536}?)\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)", re.DOTALL
)
_PROPERTY = re.compile(r"[ \t]*(?:- )?([\w./-]{1,60}):: ?(.*)")
"""A property as Logseq writes it: `tags:: bread, food`."""
_OF_THE_APP = frozenset(
    "id collapsed public icon heading template alias title type background-color created-at"
    " updated-at file file-path hl-page hl-type hl-color ls-type query-table card-last-interval"
    " card-repeats card-ease-factor card-next-schedule card-last-reviewed card-last-score".split()
)
_DAY = re.compile(r"(\d{4})[-_.]?(\d\d)[-_.]?(\d\d)(?!\d)")
_DAY_FIRST = re.compile(r"\d{1,2}[-_. ]\d{1,2}[-_. ]\d{4}")
_WHEN = ("date", "created", "date created", "created_at", "created-at", "creation date")


@dataclass(slots=True)
class Note:
    """A Markdown file, taken apart."""

    properties: dict[str, Any] = field(default_factory=dict)
    """Its front matter, the names in small letters: texts, and lists of texts."""
    body: str = ""
    before: int = 0
    """How many lines stand before the body."""

    def tags(self) -> list[str]:
        """Return the tags that its properties name."""
        found = self.properties.get("tags", self.properties.get("tag")) or []
        names = found if isinstance(found, list) else re.split(r"[,\s]+", str(found))
        return [str(name).strip("#[]\"' ") for name in names if str(name).strip("#[]\"' ")]

    def created(self, order: DateOrder | None, reading: Reading) -> datetime | None:
        """Return when it was written, as its properties say."""
        for name in _WHEN:
            value = self.properties.get(name)
            if isinstance(value, str) and value.strip():
                try:
                    return read_time(value.strip("[]\"' "), reading.zone, order)
                except ValueError:
                    continue
        return None


def note_of(text: str) -> Note:
    """Take a file apart into its properties and its body."""
    front = _FRONT.match(text)
    properties: dict[str, Any] = {}
    if front:
        try:
            read = yaml.load(front[1], yaml.BaseLoader)  # makes texts of all
        except (yaml.YAMLError, RecursionError):
            read = None
        if isinstance(read, Mapping):
            properties = {str(name).lower(): value for name, value in read.items()}
    body = text[front.end() :] if front else text
    lines = []
    for line in body.split("\n"):
        found = _PROPERTY.fullmatch(line.rstrip())
        name = found[1].lower() if found else ""
        if found and (name in _OF_THE_APP or name in ("tags", "date", "created")):
            name = f"{name}::" if name in _OF_THE_APP else name
            properties.setdefault(name, found[2].strip())
            line = ""
        lines.append(line)
    return Note(properties, "\n".join(lines), text.count("\n", 0, front.end()) if front else 0)


def day_of(name: str, order: DateOrder | None, reading: Reading) -> datetime | None:
    """Return the day that a name is: `2024-05-14`, `2024_05_14`, `14 May 2024`."""
    found = _DAY.match(name)
    try:
        if found:
            return read_time("-".join(found.groups()), reading.zone)
        if order and _DAY_FIRST.fullmatch(name):
            return read_time(re.sub("[-_ ]", ".", name), reading.zone, order)
        return long_date(name, reading.zone, strict=True)
    except ValueError:
        return None
