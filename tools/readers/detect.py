"""Files of history: the kind of a file is found out, and its items are read one by one."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, get_args

from guided_profile.graph.errors import HistoryItemError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers import (
    chatgpt,
    csv_table,
    imessage,
    json_files,
    jsonl,
    messenger,
    slack,
    telegram,
    text,
    transcript,
    whatsapp,
)
from guided_profile.tools.readers.archive import DAMAGED, ExportFile, export_files
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

__all__ = ["FIELDS", "Format", "OpenFile", "Reading", "Refused", "opened", "read_items"]

READERS: list[Reader] = [
    module.READER
    for module in (
        jsonl,
        csv_table,
        chatgpt,
        json_files,
        messenger,
        telegram,
        slack,
        whatsapp,
        transcript,
        text,
        imessage,
    )
]
"""All readers; of those that recognise a file, the first one reads it."""

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
    with ExitStack() as open_:
        with _named(path):  # and not what is done with the file
            found = open_.enter_context(export_files(path))
            files = [file for file in found if not file.name.startswith("__MACOSX/")]
            if not any(file.size for file in files) and (path.is_file() or path.is_dir()):
                raise HistoryItemError(
                    f"{path.name or str(path)!r} is empty; there is nothing to add."
                )
            reader = _reader(path, files, reading.format)
            if reading.me and reader.format == "text":
                raise HistoryItemError(
                    f"{path.name!r} is no chat that can be read, so it does not say what "
                    f"{reading.me!r} wrote; leave out --me for a file that the user alone wrote."
                )
            chosen = _chosen(reader, files)
            if not chosen:
                raise HistoryItemError(
                    f"{path.name!r} holds no file of a {reader.format} export; see --format."
                )
            watched = _Watched(chosen[0]) if reader.streamed and len(chosen) == 1 else None
            entries = reader.read([watched.file] if watched else chosen, reading)
        fraction = watched.fraction if watched else lambda: None
        yield OpenFile(reader.format, _guarded(path, entries), fraction)


class _Watched:
    """A file of which it is known how much has been read."""

    def __init__(self, file: ExportFile) -> None:
        self.file = replace(file, open=self._open)
        self._source = file
        self._opened: BinaryIO | None = None

    def _open(self) -> BinaryIO:
        self._opened = self._source.open()
        return self._opened

    def fraction(self) -> float:
        if self._opened is None or self._opened.closed:
            return float(self._opened is not None)
        return min(1.0, self._opened.tell() / max(1, self.file.size))


@contextmanager
def _named(path: Path) -> Iterator[None]:
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
    with _named(path):
        yield from entries


def _reader(path: Path, files: Sequence[ExportFile], named: Format) -> Reader:
    """Return the reader that was named, or the one that recognises the file."""
    if named != "auto":
        return next(reader for reader in READERS if reader.format == named)
    if path.is_dir() or path.suffix.lower() == ".zip":
        recognised = _of_export(files)
        advice = "give one file, or the folder or zip that an app exported, or say"
    else:
        recognised = _of_file(path.suffix.lower(), files[0])
        advice = "say"
    for reader in recognised:
        return reader
    raise HistoryItemError(
        f"{path.name or str(path)!r} is no kind of file that history is read from, by its name "
        f"and beginning; {advice} with --format which it is: {', '.join(get_args(Format)[1:])}."
    )


def _of_export(files: Sequence[ExportFile]) -> Iterator[Reader]:
    for reader in READERS:
        marked = [file for file in files if reader.marks and reader.marks.fullmatch(file.stem)]
        if reader.format in ("whatsapp", "chat"):  # any text file may be named so
            marked = [file for file in marked if reader.begins(_head(file))]
        if marked:
            yield reader


def _of_file(suffix: str, file: ExportFile) -> Iterator[Reader]:
    head = _head(file)
    for reader in READERS:
        if suffix in reader.suffixes and reader.begins(head):
            yield reader


def _head(file: ExportFile) -> str:
    with file.open() as opened:
        return opened.read(_HEAD).decode("utf-8-sig", errors="replace").lstrip()


def _chosen(reader: Reader, files: Sequence[ExportFile]) -> list[ExportFile]:
    """Return the files of an export that hold what its kind is read from."""
    if len(files) == 1 and not files[0].name:
        return list(files)
    for pattern in reader.holds:
        found = [file for file in files if pattern.fullmatch(file.stem)]
        if found:
            return found
    return []
