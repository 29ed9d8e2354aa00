"""Files of history: the kind of a file is found out, and its items are read one by one."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from guided_profile.graph.errors import HistoryItemError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.activity import (
    amazon,
    apple_health,
    apple_store,
    bank,
    goodreads,
    imdb,
    lastfm,
    letterboxd,
    netflix,
    spotify,
    steam,
)
from guided_profile.tools.readers.archive import DAMAGED, export_files
from guided_profile.tools.readers.base import (
    FIELDS,
    Entries,
    Format,
    Kept,
    Reader,
    Reading,
    Refused,
    Skipped,
)
from guided_profile.tools.readers.chats import (
    chatgpt,
    chatgpt_page,
    claude,
    discord,
    imessage,
    imessage_export,
    messages,
    messenger,
    signal,
    slack,
    telegram,
    transcript,
    whatsapp,
)
from guided_profile.tools.readers.generic import (
    csv_table,
    html_table,
    json_table,
    jsonl,
    spreadsheets,
    text,
)
from guided_profile.tools.readers.google import chrome, google_activity, keep, play, youtube
from guided_profile.tools.readers.parts import found_parts, named_parts
from guided_profile.tools.readers.reading import (
    bookmarks,
    kindle,
    kindle_notebook,
    opml,
    read_later,
    readwise,
)
from guided_profile.tools.readers.social import (
    bluesky,
    facebook,
    instagram,
    linkedin,
    mastodon,
    meta_pages,
    reddit,
    twitter,
)
from guided_profile.tools.readers.watched import Watched
from guided_profile.tools.readers.writing import (
    apple_notes,
    calendars,
    diaries,
    evernote,
    mail,
    markdown_notes,
    memories,
    notion,
    simplenote,
    vault,
    wordpress,
)

__all__ = [
    "FIELDS",
    "FORMATS",
    "READERS",
    "Format",
    "OpenFile",
    "Reading",
    "Refused",
    "opened",
    "read_items",
    "title_of",
]

READERS: tuple[Reader, ...] = tuple(
    module.READER
    for module in (
        chatgpt,
        chatgpt_page,
        claude,
        messenger,
        telegram,
        slack,
        imessage,
        twitter,
        mastodon,
        bluesky,
        instagram,
        facebook,
        meta_pages,
        discord,
        reddit,
        linkedin,
        google_activity,
        chrome,
        keep,
        play,
        youtube,
        signal,
        imessage_export,
        messages,
        whatsapp,
        mail,
        bookmarks,
        opml,
        read_later,
        kindle,
        kindle_notebook,
        readwise,
        evernote,
        simplenote,
        wordpress,
        calendars,
        diaries,
        notion,
        vault,
        apple_notes,
        # what people bought, watched, read and played
        goodreads,
        letterboxd,
        imdb,
        netflix,
        amazon,
        spotify,
        lastfm,
        steam,
        apple_store,
        apple_health,
        bank,
        # any chat, then other texts, then what is generic
        transcript,
        memories,
        markdown_notes,
        jsonl,
        json_table,
        csv_table,
        spreadsheets,
        html_table,
        text,
    )
)
"""All readers; of those that recognise a file, the first one reads it."""
FORMATS: tuple[Format, ...] = ("auto", *(reader.format for reader in READERS))
_NOT_OF_THE_USER = ("__MACOSX", ".DS_Store", "Thumbs.db", "desktop.ini")
"""Files and folders that systems add to a person's."""


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file of history that is being read."""

    format: Format
    """Of several, the first one."""
    entries: Entries
    """Its entries; a bad one never ends the reading."""
    fraction: Callable[[], float | None]
    """How much of it has been read, 0 to 1; None if that is not known."""
    formats: Mapping[Format, int] = field(default_factory=dict)
    """The kinds of files that it holds, each with the number of its files."""


def title_of(format: Format) -> str:
    """Return what people call a kind of file."""
    return _named(format).title


def read_items(path: Path, reading: Reading | None = None) -> Iterator[HistoryItem | Refused]:
    """Read a file of history items.

    Args:
        path: A file, or the folder or archive of an export, of one of `FORMATS`.
        reading: How to read it; None: that is found out from what it holds.

    Yields:
        Each item, or why an entry is none; what is left out is not named.

    Raises:
        HistoryItemError: The file cannot be read as a whole: it is not there, of another kind,
            damaged, or its columns have other names.
        SettingsError: The kind of file needs an extra that is not installed.
    """
    with opened(path, reading or Reading()) as file:
        for entry in file.entries:
            if not isinstance(entry, Skipped):
                yield entry.item if isinstance(entry, Kept) else entry


@contextmanager
def opened(path: Path, reading: Reading) -> Iterator[OpenFile]:
    """Open a file of history; nothing is read before the first entry is asked for.

    Raises:
        HistoryItemError: It is not there, of no kind that history is read from, or plain text,
            though `me` says that several people wrote it.
    """
    shown = path.name or str(path)
    with ExitStack() as open_:
        with _naming(path):  # and not what is done with the file
            files = [
                file
                for file in open_.enter_context(export_files(path))
                if not set(file.name.split("/")) & set(_NOT_OF_THE_USER)
            ]
            if not any(file.size for file in files):
                raise HistoryItemError(f"{shown!r} is empty; there is nothing to add.")
            if reading.format == "auto":
                # columns are named only for generic kinds; the others know their own
                tried = [reader for reader in READERS if reader.generic or not reading.columns]
                parts = found_parts(tried, files, path.name)
            else:
                parts = named_parts(_named(reading.format), files, shown)
        if not parts:
            raise HistoryItemError(_of_no_kind(shown, len(files)))
        if reading.me and parts[0].reader.format == "text":
            raise HistoryItemError(
                f"{shown!r} is no chat that can be read, so it does not say what {reading.me!r} "
                "wrote; leave out --me for a file that the user alone wrote."
            )
        watched = Watched(parts)
        left = len(files) - sum(len(part.files) for part in parts)
        entries = _guarded(path, _entries(watched, reading, left))
        formats = {part.reader.format: len(part.files) for part in parts}
        yield OpenFile(next(iter(formats)), entries, watched.fraction, formats)


def _entries(watched: Watched, reading: Reading, left: int) -> Entries:
    """Read the parts one after the other; of several, one that cannot be read is refused."""
    parts = watched.parts
    for part in parts:
        watched.begin(part)
        try:
            yield from part.reader.read(part.files, reading)
        except (HistoryItemError, *DAMAGED) as error:
            if len(parts) == 1:
                raise
            yield Refused(1, f"or what follows cannot be read ({error})", file=part.files[0].name)
    if left:
        yield Skipped("files of other kinds", left)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Turn what a file system or archive may refuse into an error that names the file."""
    try:
        yield
    except OSError as error:
        raise HistoryItemError(
            f"{str(path)!r} cannot be read ({error.strerror or error}); give the path of a file "
            "that can."
        ) from error
    except DAMAGED as error:
        raise HistoryItemError(
            f"{path.name!r} is damaged, or packed in a way that is not read ({error}); unpack it, "
            "and give its folder."
        ) from error


def _guarded(path: Path, entries: Entries) -> Entries:
    with _naming(path):
        yield from entries


def _named(format: Format) -> Reader:
    for reader in READERS:
        if reader.format == format:
            return reader
    raise HistoryItemError(f"there is no format {format!r}; the formats are {', '.join(FORMATS)}.")


def _of_no_kind(name: str, count: int) -> str:
    if count > 1:
        return (
            f"none of the {count} files in {name!r} is of a kind that is known by what it holds; "
            "give one of them, and say with --format which it is."
        )
    return (
        f"{name!r} is no kind of file that history is read from, by what it holds; the kinds are "
        "listed by `guided-profile formats`. If the user wrote it as notes, a line each, say so "
        "with --format text."
    )
