"""The files that an export is made of: one file, those of a folder, or those of a zip archive."""

import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from guided_profile.graph.errors import HistoryItemError

WHOLE = 512 * 2**20
"""The largest file, in bytes, that is read as a whole: exports of one JSON object. Larger ones are
refused; the formats of lines, and `conversations.json`, have no limit."""


DAMAGED = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, NotImplementedError)
"""What reading a damaged archive raises, beside OSError without a number."""


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file of an export."""

    name: str
    """Its path within the folder or archive, with slashes; empty if the export is one file."""
    size: int
    """In bytes."""
    open: Callable[[], BinaryIO]

    @property
    def stem(self) -> str:
        """The last part of its path."""
        return self.name.rpartition("/")[2]

    def read(self) -> bytes:
        """Return the whole of it.

        Raises:
            HistoryItemError: It is larger than `WHOLE`.
        """
        if self.size > WHOLE:
            raise HistoryItemError(
                f"{self.name or 'the file'!r} has {self.size // 2**20} MiB, and exports of this "
                f"kind are read up to {WHOLE // 2**20}; export a shorter span of time."
            )
        with self.open() as file:
            return file.read()


@contextmanager
def export_files(path: Path) -> Iterator[list[ExportFile]]:
    """Open an export, and yield its files by name.

    Raises:
        HistoryItemError: An archive is damaged.
        OSError: There is no such file, or it may not be read.
    """
    if path.is_dir():
        found = sorted(file for file in path.rglob("*") if file.is_file())
        yield [_on_disk(file, file.relative_to(path).as_posix()) for file in found]
    elif path.suffix.lower() == ".zip":
        try:
            archive = zipfile.ZipFile(path)
        except zipfile.BadZipFile as error:
            raise HistoryItemError(
                f"{path.name!r} is no zip archive ({error}); unpack it, and give its folder."
            ) from error
        with archive:
            files = sorted(archive.infolist(), key=lambda info: info.filename)
            if any(info.flag_bits & 1 for info in files):
                raise HistoryItemError(
                    f"{path.name!r} asks for a password; unpack it, and give its folder."
                )
            yield [_member(archive, info) for info in files if not info.is_dir()]
    else:
        yield [_on_disk(path, "")]


def _on_disk(path: Path, name: str) -> ExportFile:
    return ExportFile(name, path.stat().st_size, lambda: path.open("rb"))


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> ExportFile:
    # zipfile reads no more than the size that is declared here, whatever the data hold
    return ExportFile(info.filename, info.file_size, lambda: cast(BinaryIO, archive.open(info)))
