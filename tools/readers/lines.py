"""Lines of a file, read one by one, however long the file is."""

import io
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import Refused
from guided_profile.tools.readers.encodings import as_utf8, encoding_of

if TYPE_CHECKING:
    from typing_extensions import Buffer

LONGEST_LINE = 2**20
"""The longest line, in bytes, that is read; an item holds at most 20,000 characters."""
_HEAD = 2**16
_HIGH = re.compile(rb"[\x80-\xff]")
_IN_A_WORD = re.compile(rb"[A-Za-z][\x80-\xff]|[\x80-\xff][A-Za-z]")
_MANY = 8
"""Bytes that are not ASCII, which no accident wrote."""


def numbered_lines(
    file: ExportFile, *, any_encoding: bool = False
) -> Iterator[tuple[int, str | Refused]]:
    """Yield the lines that are not blank, or why one cannot be read.

    Args:
        file: The file, in UTF-8.
        any_encoding: Whether it may be in another encoding, as older programs write text.
    """
    other = any_encoding and _is_written_otherwise(file)
    with file.open() as opened:
        for number, data in enumerate(byte_lines(as_utf8(opened) if other else opened), start=1):
            if data is None:
                yield number, Refused(number, f"is longer than {LONGEST_LINE} bytes")
                continue
            try:
                line = data.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                yield number, Refused(number, "is not UTF-8")
                continue
            if line.strip():
                yield number, line


def _is_written_otherwise(file: ExportFile) -> bool:
    """Whether a file has letters in another encoding than UTF-8, and not only a broken line."""
    with file.open() as opened:
        head = opened.read(_HEAD)
    return not encoding_of(head).startswith("utf-") and (
        _IN_A_WORD.search(head) is not None or len(_HIGH.findall(head)) >= _MANY
    )


def byte_lines(file: BinaryIO) -> Iterator[bytes | None]:
    """Yield a file's lines as they end, None for one that is too long.

    They are split as bytes: a text file would also be split at a carriage return in an item.

    Raises:
        HistoryItemError: It is UTF-16.
    """
    first = True
    file = _with_line_feeds(file)
    while line := file.readline(LONGEST_LINE):
        if first and line[:2] in (b"\xff\xfe", b"\xfe\xff"):
            raise HistoryItemError("the file is UTF-16, not UTF-8; save it as UTF-8.")
        first = False
        if len(line) < LONGEST_LINE or line.endswith(b"\n"):
            yield line
            continue
        while (rest := file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
            pass
        yield None


def _with_line_feeds(file: BinaryIO) -> BinaryIO:
    """Return a file whose lines end with a carriage return alone as one with line feeds."""
    if file.seekable():
        head = file.read(_HEAD)
        file.seek(0)
    else:  # one whose encoding is changed while it is read
        head = file.peek(_HEAD)  # type: ignore[attr-defined]
    if b"\r" not in head or b"\n" in head:
        return file
    return io.BufferedReader(_LineFeeds(file))


class _LineFeeds(io.RawIOBase):
    """A file with a line feed for each carriage return; it is not closed with this."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "Buffer") -> int:
        view = memoryview(buffer)
        data = self._file.read(len(view)).replace(b"\r", b"\n")
        view[: len(data)] = data
        return len(data)
