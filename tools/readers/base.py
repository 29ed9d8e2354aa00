"""What a reader of history files is, its settings and results, and how an entry becomes an item."""

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from pydantic import ValidationError

from guided_profile.graph.errors import HistoryItemError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.archive import DAMAGED, ExportFile
from guided_profile.tools.readers.times import DateOrder, zoned

if TYPE_CHECKING:
    from guided_profile.tools.readers.heads import Head

Format = str
"""The kind of a file that history is read from: one of `detect.FORMATS`; `auto` looks at the
file."""

FIELDS = tuple(name for name in HistoryItem.model_fields if name not in ("released", "withdrawn"))
"""What an item of a file may hold; only `text` is needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a file is read; every part may be left out."""

    format: Format = "auto"
    columns: Mapping[str, str] = field(default_factory=dict)
    """For CSV and JSONL: the field of an item, and the column or key that holds it; the columns
    and keys that are not named then are not read."""
    source: str | None = None
    """The source of the items that name none; None: the format's own, `notes` or `whatsapp`, …"""
    me: str | None = None
    """The name that the user writes under, or their id where the export has ids: needed for
    chats, whose other people get the role `other`. With it, the role of an entry in CSV, JSONL or
    JSON is a name too, and must be there; plain text, which names nobody, is refused."""
    zone: tzinfo = UTC
    """The zone of the times that name none."""
    dates: DateOrder | None = None
    """The order of dates like 03/04/2025; None: a WhatsApp export's is found out from all of its
    dates, and in other files such dates are refused."""
    paragraphs: bool = False
    """For plain text: an item for each paragraph, between blank lines, instead of each line."""


@dataclass(frozen=True, slots=True)
class Refused:
    """An entry of a file that is no history item."""

    line: int
    """Where it begins, from 1: the line, or in JSON exports the message."""
    reason: str = ""
    """In words; it holds nothing of what the entry says but the names of its fields."""
    unit: Literal["line", "message", "item"] = "line"
    """What `line` counts."""
    file: str = ""
    """The file inside a folder or archive; empty if there is only one."""

    @property
    def place(self) -> str:
        """Where it stands, in words."""
        place = f"{self.unit} {self.line}"
        return f"{self.file}, {place}" if self.file else place


@dataclass(frozen=True, slots=True)
class Kept:
    """An item, and where it stands."""

    item: HistoryItem
    where: Refused
    """Its place, without a reason."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """Entries that are left out: a notice of the app, a picture, a trailer, a cancelled order."""

    reason: str = "without words"
    """Which they are, in a few plural words that a person is shown: `cancelled orders`."""
    count: int = 1
    """How many entries it stands for."""


Entry = Kept | Refused | Skipped
Entries = Iterator[Entry]

USERS = frozenset(("user", "human"))
UNSAID_ROLES = frozenset(("system", "developer", "tool", "function"))
"""The roles of what nobody said."""
NOT_USERS = frozenset(("other", "assistant", "ai", "model", "bot")) | UNSAID_ROLES
"""The roles of those who speak in a chat with a model, as programs write them."""
UNSAID = Skipped("messages of the system and of tools")

_Read = TypeVar("_Read")
LONGEST_NAME = 1000
_UNSEEN = re.compile("[\u034f\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Joiners and variation selectors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A kind of file that history is read from: how it is recognised, and how it is read."""

    format: Format
    """Its name in `--format`."""
    title: str
    """What people call it: `Goodreads library`."""
    read: Callable[[Sequence[ExportFile], Reading], Entries]
    """Reads the entries of all files of the kind that an export holds, often one; a bad entry never
    ends the reading."""
    recognises: "Callable[[Head], object]"
    """Whether a file can be of this kind, by its structure: columns, keys, forms of lines. A name
    may only add to that: people rename files."""
    obtain: str = ""
    """In a sentence or two, how a person gets this file; empty for kinds of our own."""
    marks: re.Pattern[str] | None = None
    """For exports whose files belong together: the end of the path of a file that shows such an
    export, if the file is recognised too. What stands before it is the export's folder. None: each
    file is recognised by itself, and those of one kind are read together."""
    holds: tuple[re.Pattern[str], ...] = ()
    """The last parts of the paths of the files in that folder that are read; of several patterns,
    the first that matches any."""
    endings: tuple[str, ...] = ()
    """For kinds that many a text can be taken for: what the names of the files of a folder or
    archive with several must end in."""
    generic: bool = False
    """Whether it reads any table, any JSON, any text: then it is tried last, and not on the files
    of a folder or archive with several."""
    streamed: bool = True
    """Whether a file is read bit by bit, so that it is known how much is left."""


_REASONS = {
    "missing": "is missing",
    "string_type": "should be text",
    "string_unicode": "is not valid Unicode",
    "string_too_short": "is empty",
}
"""pydantic's words, where ours are plainer."""
_NO_ROLE = (
    "role: is missing, and with --me it says who wrote the entry; leave out --me for a file that "
    "the user alone wrote"
)


def record(entry: Any, where: Refused, reading: Reading) -> Kept | Refused:
    """Make an item of an entry that names its fields as items do: a JSON line or a CSV row."""
    if not isinstance(entry, dict):
        return replace(where, reason="is not a JSON object")
    unknown = [name[:40] for name in entry if name not in FIELDS]
    if unknown:
        known = ", ".join(FIELDS)
        return replace(where, reason=f"has fields {unknown}; the known ones are {known}")
    # null is left out, as most programs write it
    entry = {name: value for name, value in entry.items() if value is not None}
    if reading.me and "role" not in entry:
        return replace(where, reason=_NO_ROLE)
    if isinstance(entry.get("role"), str):
        entry["role"] = _role(entry["role"], reading.me)
    return item(entry, where, reading)


def _role(name: str, me: str | None) -> str:
    """Return the role of one who speaks: by their name, or by what models' chats call them."""
    if me and same_name(name, me):
        return "user"
    role = name.strip().casefold()
    if role in USERS:
        return "user"
    return "other" if me or role in NOT_USERS else name


def item(fields: Mapping[str, Any], where: Refused, reading: Reading) -> Kept | Refused:
    """Make an item, or say why it is none.

    Args:
        fields: The item's fields; a time may be of any kind that `HistoryItem` reads.
        where: Its place; the reason is filled in.
        reading: How the file is read: its zone, order of dates and source are used.
    """
    entry = dict(fields)
    entry.setdefault("source", reading.source or "notes")
    reason = None
    for name, value in entry.items():
        if isinstance(value, str) and "\0" in value:
            reason = f"{name}: holds a NUL character"
    try:
        if isinstance(entry.get("time"), str):
            entry["time"] = zoned(entry["time"], reading.zone, reading.dates)
        if reason is None:
            return Kept(HistoryItem.model_validate(entry), where)
    except ValidationError as error:
        reason = _reason(error)
    except (ValueError, OverflowError) as error:
        # a time that is none, or that its zone carries beyond the calendar
        reason = f"time: {error if type(error) is ValueError else 'is out of range'}"
    return replace(where, reason=reason)


def conversation_place(file: str, number: int) -> str:
    """Return what a conversation of a file is called where one of its messages stands."""
    return f"{file}, conversation {number}" if file else f"conversation {number}"


def stable_id(app: str, key: str) -> str:
    """Return the id of an item that its app names, whatever becomes of its text."""
    return hashlib.sha256(json.dumps([app, key]).encode()).hexdigest()[:16]


def each_file(
    files: Sequence[ExportFile], read: Callable[[ExportFile], Iterator[_Read]]
) -> Iterator[_Read | Refused]:
    """Read files one after the other; one that cannot be read is refused, and the others are read.

    Raises:
        HistoryItemError: There is but one, which cannot be read; so do the errors of `DAMAGED`.
    """
    for file in files:
        try:
            yield from read(file)
        except (HistoryItemError, *DAMAGED) as error:
            if len(files) == 1:
                raise
            yield Refused(1, f"or what follows cannot be read ({error})", file=file.name)


def same_name(first: str, second: str) -> bool:
    """Whether two names look the same: case, spaces and how the letters are put together aside."""
    return _looks(first[:LONGEST_NAME]) == _looks(second[:LONGEST_NAME])


@lru_cache(maxsize=1024)
def _looks(name: str) -> str:
    """Return a name as it looks: composed letters, plain spaces, and no invisible characters."""
    visible = _UNSEEN.sub("", unicodedata.normalize("NFKC", name).casefold())
    return " ".join("".join(char for char in visible if unicodedata.category(char) != "Cf").split())


def _reason(error: ValidationError) -> str:
    """Say what is wrong without the values, which may be history."""
    parts = []
    for found in error.errors(include_url=False, include_context=False, include_input=False):
        words = _REASONS.get(found["type"], found["msg"].removeprefix("Value error, "))
        parts.append(f"{'.'.join(map(str, found['loc']))}: {words}")
    return "; ".join(parts)
