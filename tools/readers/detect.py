"""Files of history: the kind of a file is found out, and its items are read one by one."""

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from guided_profile.graph.errors import HistoryItemError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers import chatgpt, json_files, lines, whatsapp
from guided_profile.tools.readers.archive import Part, parts
from guided_profile.tools.readers.base import (
    FIELDS,
    Entries,
    Format,
    Kept,
    Reading,
    Refused,
    Skipped,
)
from guided_profile.tools.readers.chats import App, messages
from guided_profile.tools.readers.messenger import messenger
from guided_profile.tools.readers.slack import slack
from guided_profile.tools.readers.telegram import telegram

__all__ = ["FIELDS", "Format", "OpenFile", "Reading", "Refused", "opened", "read_items"]

_SUFFIXES: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".html": "telegram",
}
_HEAD = 2**16


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file of history that is being read."""

    format: Format
    entries: Entries
    """Its entries; a bad one never ends the reading."""
    fraction: Callable[[], float | None]
    """How much of it has been read, 0 to 1; None if that cannot be told."""


def read_items(path: Path, reading: Reading | None = None) -> Iterator[HistoryItem | Refused]:
    """Read a file of history items.

    Args:
        path: A file, or the folder or zip archive of an export, of one of the kinds in `Format`.
        reading: How to read it; None: as its name and beginning tell.

    Yields:
        Each item, or why an entry is none; what holds no words is left out.

    Raises:
        HistoryItemError: The file cannot be read as a whole: it is not there, of another kind,
            damaged, or its columns have other names.
        SettingsError: It is a chat export, and langchain-community is not installed.
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
    with ExitStack() as open_:
        with _named(path):  # and not what is done with the file
            found = open_.enter_context(parts(path))
            files = [part for part in found if not part.name.startswith("__MACOSX/")]
            kind = _kind(path, files) if reading.format == "auto" else reading.format
            if reading.me and kind == "text":
                raise HistoryItemError(
                    f"{path.name!r} is no chat that can be read, so it does not say what "
                    f"{reading.me!r} wrote; leave out --me for a file that the user alone wrote."
                )
            chosen = _chosen(kind, files)
            if not chosen:
                raise HistoryItemError(
                    f"{path.name!r} holds no file of a {kind} export; see --format."
                )
            watched = _Watched(chosen[0]) if kind in _STREAMED and len(chosen) == 1 else None
            entries = _READERS[kind]([watched.part] if watched else chosen, reading)
        yield OpenFile(kind, _guarded(path, entries), watched.fraction if watched else lambda: None)


class _Watched:
    """A file of which it is known how much has been read."""

    def __init__(self, part: Part) -> None:
        self.part = Part(part.name, part.size, self._open)
        self._source = part
        self._file: BinaryIO | None = None

    def _open(self) -> BinaryIO:
        self._file = self._source.open()
        return self._file

    def fraction(self) -> float:
        if self._file is None or self._file.closed:
            return float(self._file is not None)
        return min(1.0, self._file.tell() / max(1, self.part.size))


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Turn what a file system or archive may refuse into an error that names the file."""
    try:
        yield
    except OSError as error:
        raise HistoryItemError(
            f"{str(path)!r} cannot be read ({error.strerror}); give the path of a file that can."
        ) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise HistoryItemError(
            f"{path.name!r} is damaged, or packed in a way that is not read ({error}); unpack it, "
            "and give its folder."
        ) from error


def _guarded(path: Path, entries: Entries) -> Entries:
    with _named(path):
        yield from entries


def _kind(path: Path, files: Sequence[Part]) -> Format:
    """Find out the kind of a file by its name and beginning, of an export by its files."""
    if path.is_dir() or path.suffix.lower() == ".zip":
        kind = _kind_of_export([part.name for part in files])
    else:
        kind = _SUFFIXES.get(path.suffix.lower()) or _kind_of_content(path, files[0])
    if kind is None:
        raise HistoryItemError(
            f"{path.name!r} is no kind of file that history is read from, by its name and "
            f"beginning; say with --format which it is: {', '.join(_READERS)}."
        )
    return kind


def _kind_of_export(names: Sequence[str]) -> Format | None:
    stems = {name.rpartition("/")[2] for name in names}
    if any(chatgpt.FILE.fullmatch(stem) for stem in stems):
        return "chatgpt"
    if "result.json" in stems or "messages.html" in stems:
        return "telegram"
    if "users.json" in stems or "channels.json" in stems:
        return "slack"
    if any(_MESSENGER.fullmatch(stem) for stem in stems):
        return "messenger"
    if any(stem.endswith(".txt") for stem in stems):
        return "whatsapp"
    return None


def _kind_of_content(path: Path, part: Part) -> Format | None:
    with part.open() as file:
        head = file.read(_HEAD).decode("utf-8-sig", errors="replace").lstrip()
    if path.suffix.lower() in (".txt", ".md", ".text"):
        return "whatsapp" if whatsapp.HEADER.match(head) else "text"
    if path.suffix.lower() != ".json":
        return None
    if '"mapping"' in head:
        return "chatgpt"
    if head.startswith("[") or json_files.EXPORT in head:
        return "json"
    if '"participants"' in head and re.search('"sender_?name"', head, re.IGNORECASE):
        return "messenger"
    return "telegram" if re.search('"(messages|chats)"', head) else None


_MESSENGER = re.compile(r"message_\d+\.json")


def _chosen(kind: Format, files: Sequence[Part]) -> list[Part]:
    """Return the files of an export that hold what its kind is read from."""
    if len(files) == 1 and not files[0].name:
        return list(files)
    if kind == "telegram":
        found = [part for part in files if part.stem == "result.json"]
        return found or [part for part in files if part.stem.endswith(".html")]
    if kind == "messenger":
        found = [part for part in files if _MESSENGER.fullmatch(part.stem)]
        return found or [part for part in files if part.stem.endswith(".json")]
    if kind == "chatgpt":
        return [part for part in files if chatgpt.FILE.fullmatch(part.stem)]
    ending = {"whatsapp": ".txt", "slack": ".json"}.get(kind)
    return [part for part in files if ending and part.stem.endswith(ending)]


Reader = Callable[[Sequence[Part], Reading], Entries]


def _of_one(reader: Callable[[Part, Reading], Entries]) -> Reader:
    return lambda files, reading: reader(files[0], reading)


def _of_app(app: Callable[[Sequence[Part], Reading], App]) -> Reader:
    return lambda files, reading: messages(app(files, reading), reading)


_READERS: dict[Format, Reader] = {
    "jsonl": _of_one(lines.json_lines),
    "csv": _of_one(lines.comma_separated),
    "text": _of_one(lines.plain_text),
    "json": _of_one(json_files.items),
    "chatgpt": chatgpt.conversations,
    "whatsapp": _of_app(whatsapp.whatsapp),
    "telegram": _of_app(telegram),
    "slack": _of_app(slack),
    "messenger": _of_app(messenger),
}

_STREAMED = ("jsonl", "csv", "text", "json", "chatgpt", "whatsapp")
"""What is read bit by bit, so that it can be told how much is left."""
