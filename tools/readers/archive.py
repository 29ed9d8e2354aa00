"""The files that an export is made of: one file, those of a folder, or those of an archive.

An archive is known by its first bytes, whatever its name. Nothing of it is written under a name
that it chooses, and what it says that it holds is bounded.
"""

import gzip
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import BinaryIO, Literal, cast

from guided_profile.graph.errors import HistoryItemError

WHOLE = 512 * 2**20
"""The largest file, in bytes, that is read as a whole: exports of one JSON object. Larger ones are
refused; the formats of lines, and `conversations.json`, have no limit."""
FLOOR, RATIO = 512 * 2**20, 200
"""An archive that holds more than so many bytes, and so many times its own size, is refused."""

DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
)
"""What reading a damaged archive raises, beside OSError without a number."""
Packing = Literal["zip", "tar", "gzip"]
_CHUNK = 2**20


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A file of an export."""

    name: str
    """Its path within the folder or archive, with slashes; empty if the export is one file."""
    size: int
    """In bytes; of a gzip file, as far as that is known before it is read."""
    open: Callable[[], BinaryIO]
    own_name: str = ""
    """What a file is called that is the export alone, unpacked; people rename files."""

    @property
    def path(self) -> str:
        """Its path within the folder or archive, or what it is called alone."""
        return self.name or self.own_name

    @property
    def stem(self) -> str:
        """The last part of its path."""
        return self.name.rpartition("/")[2]

    def read(self) -> bytes:
        """Return the whole of it.

        Raises:
            HistoryItemError: It is larger than `WHOLE`.
        """
        size, data = self.size, b""
        if size <= WHOLE:
            with self.open() as file:
                data = file.read(size + 1)
                if len(data) > size:  # a gzip file may hold more than it says
                    data += file.read(WHOLE + 1 - len(data))
        if max(size, len(data)) > WHOLE:
            raise HistoryItemError(
                f"{self.name or 'the file'!r} has more than {WHOLE // 2**20} MiB, and exports of "
                "this kind are read up to that; export a shorter span of time."
            )
        return data


@contextmanager
def export_files(path: Path) -> Iterator[list[ExportFile]]:
    """Open an export, and yield its files by name.

    Raises:
        HistoryItemError: An archive is damaged, asks for a password, or holds far more than its
            size.
        OSError: There is no such file, or it may not be read.
    """
    with ExitStack() as until:
        if path.is_dir():
            root = path.resolve()
            inside = (
                file
                for file in path.rglob("*")
                if file.is_file() and file.resolve().is_relative_to(root)
            )
            files = [_on_disk(file, file.relative_to(path).as_posix()) for file in sorted(inside)]
            yield _with_inner(files, until)
            return
        match packing(path):
            case "zip":
                yield _with_inner(_of_zip(path, until), until)
            case "tar":
                yield _of_tar(path.name, until.enter_context(path.open("rb")), until)
            case "gzip":
                yield _of_gzip(path, until)
            case _ if path.suffix.lower() in (".zip", ".gz", ".tgz", ".tar"):
                raise HistoryItemError(
                    f"{path.name!r} is no zip, gzip or tar archive; get it again, or unpack it, "
                    "and give its folder."
                )
            case _:
                yield [_on_disk(path, "")]


def holds_at_most(path: Path, most: int) -> bool:
    """Whether a file, unpacked if it is an archive, has no more bytes; a damaged one has none."""
    try:
        match packing(path):
            case "zip":
                with zipfile.ZipFile(path) as archive:
                    return sum(info.file_size for info in archive.infolist()) <= most
            case "gzip":
                with gzip.open(path) as file:
                    while file.read(_CHUNK):
                        if file.tell() > most:
                            return False
            case _:
                return True
    except (*DAMAGED, OSError):
        pass  # reading it says what is wrong
    return True


def _with_inner(files: list[ExportFile], until: ExitStack) -> list[ExportFile]:
    """Return files, and in the place of a zip archive among them, what it holds.

    Large exports come in several, and Notion's as an archive of archives. Deeper ones stay shut,
    and so does one that is damaged: it is a file of no kind.
    """
    found: list[ExportFile] = []
    held = 0
    most = _most(sum(file.size for file in files))
    for file in files:
        if not file.name.lower().endswith(".zip") or file.size > FLOOR:
            found.append(file)
            continue
        try:
            with file.open() as opened:
                archive = until.enter_context(zipfile.ZipFile(_copied(opened, until)))
        except DAMAGED:
            found.append(file)
            continue
        members = [info for info in archive.infolist() if _is_file(info)]
        held += sum(info.file_size for info in members)
        _check_size(file.name, held, most)
        if any(info.flag_bits & 1 for info in members):
            found.append(file)
        else:
            inner = [_zipped(archive, info) for info in members]
            found += [replace(part, name=f"{file.name}/{part.name}") for part in inner]
    return found


def packing(path: Path) -> Packing | None:
    """Return how a file is packed, by its first bytes; None: it is no archive that is read."""
    with path.open("rb") as file:
        found = _packing(file.read(512))
    return None if found == "zip" and _is_workbook(path) else found


def _is_workbook(path: Path) -> bool:
    """Whether a zip archive is a spreadsheet, which is one file to a person."""
    try:
        with zipfile.ZipFile(path) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                return False
            size = sum(info.file_size for info in archive.infolist())
    except zipfile.BadZipFile:
        return False
    _check_size(path.name, size, _most(path.stat().st_size))
    return True


def _packing(head: bytes) -> Packing | None:
    if head.startswith((b"PK\3\4", b"PK\5\6")):
        return "zip"
    if head.startswith(b"\x1f\x8b"):
        return "gzip"
    return "tar" if head[257:262] == b"ustar" else None


def _check_size(name: str, size: int, most: int) -> None:
    """Refuse an archive that holds far more than its own size."""
    if size > most:
        raise HistoryItemError(
            f"{name!r} holds far more than an archive of its size; unpack what you need of it, "
            "and give that."
        )


def _most(packed: int) -> int:
    """Return how many bytes an archive of a size may hold."""
    return max(FLOOR, RATIO * packed)


def _of_zip(path: Path, until: ExitStack) -> list[ExportFile]:
    try:
        archive = until.enter_context(zipfile.ZipFile(path))
    except zipfile.BadZipFile as error:
        raise HistoryItemError(
            f"{path.name!r} is no zip archive that can be read ({error}); unpack it, and give its "
            "folder, or get it again."
        ) from error
    members = sorted(archive.infolist(), key=lambda info: info.filename)
    if any(info.flag_bits & 1 for info in members):
        raise HistoryItemError(
            f"{path.name!r} asks for a password; unpack it, and give its folder."
        )
    _check_size(path.name, sum(info.file_size for info in members), _most(path.stat().st_size))
    return [_zipped(archive, info) for info in members if _is_file(info)]


def _of_tar(name: str, file: BinaryIO, until: ExitStack) -> list[ExportFile]:
    try:
        archive = until.enter_context(tarfile.TarFile(fileobj=file))
        members = [info for info in archive if info.isreg() and not info.issparse()]
    except (tarfile.TarError, EOFError) as error:
        raise HistoryItemError(
            f"{name!r} is no tar archive that can be read ({error}); unpack it, and give its "
            "folder, or get it again."
        ) from error
    files = [_tarred(archive, info) for info in members]
    return sorted(files, key=lambda file: file.name)


def _of_gzip(path: Path, until: ExitStack) -> list[ExportFile]:
    size = path.stat().st_size
    with path.open("rb") as raw:
        raw.seek(-4, 2)
        unpacked = int.from_bytes(raw.read(4), "little")

    def opened() -> BinaryIO:
        return cast(BinaryIO, _Gunzip(path, _most(size)))

    with opened() as file:
        inner = _packing(file.read(512))
        if inner != "tar":
            return [ExportFile("", max(unpacked, 1), opened)]
        file.seek(0)
        return _of_tar(path.name, _copied(file, until), until)


def _copied(file: BinaryIO, until: ExitStack) -> BinaryIO:
    """Copy what is unpacked, in which a member is found at once, to a file without a name."""
    copy = TemporaryFile()  # noqa: SIM115, the stack closes it
    until.callback(copy.close)
    while chunk := file.read(_CHUNK):
        copy.write(chunk)
    copy.seek(0)
    return cast(BinaryIO, copy)


class _Gunzip(gzip.GzipFile):
    """A gzip file that is read up to a limit."""

    def __init__(self, path: Path, most: int) -> None:
        super().__init__(path, "rb")
        self._path, self._most = path, most

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(self._most if size is None or size < 0 else size)
        _check_size(self._path.name, self.tell(), self._most)
        return data

    def readline(self, size: int | None = -1) -> bytes:
        data = super().readline(self._most if size is None or size < 0 else size)
        _check_size(self._path.name, self.tell(), self._most)
        return data


def _on_disk(path: Path, name: str) -> ExportFile:
    return ExportFile(name, path.stat().st_size, lambda: path.open("rb"), "" if name else path.name)


def _is_file(info: zipfile.ZipInfo) -> bool:
    return bool(info.filename) and not info.is_dir()  # of no name, zipfile raises an IndexError


def _zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> ExportFile:
    # zipfile reads no more than the size that is declared here, whatever the data hold
    name = info.filename.replace("\\", "/")
    return ExportFile(name, info.file_size, lambda: cast(BinaryIO, archive.open(info)))


def _tarred(archive: tarfile.TarFile, info: tarfile.TarInfo) -> ExportFile:
    name = info.name.removeprefix("./")
    return ExportFile(name, info.size, lambda: cast(BinaryIO, archive.extractfile(info)))
