"""Which other process has a file open: Chroma takes no lock, and a second one loses vectors."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

from guided_profile.graph.errors import StoreInUseError

_PROCESSES = Path("/proc")
PATIENCE = 0.5
"""Seconds that are waited for another process to let go."""


def check_alone(file: Path) -> None:
    """Refuse a database that a Chroma server, or whatever else, has open.

    Linux shows which files a process has open, and elsewhere `lsof` does, if it is there. Processes
    of other users and of other machines are not found. A process that is closing the file, or was
    forked with it and has not begun its own program yet, is waited for.

    Raises:
        StoreInUseError: Another process has it open.
    """
    until = monotonic() + PATIENCE
    while (process := next((n for n in _openers(file) if n != os.getpid()), None)) is not None:
        if monotonic() >= until:
            raise StoreInUseError(
                f"process {process} has the history's database {file} open, as a Chroma server "
                "does, and two on it would lose items; stop it, or reach the server by its URL "
                "(GUIDED_PROFILE_CHROMA_URL)."
            )
        sleep(0.05)


def _openers(file: Path) -> Iterator[int]:
    if _PROCESSES.is_dir():
        wanted = file.stat()
        for process in _PROCESSES.iterdir():
            if process.name.isdigit() and _has_open(process / "fd", file.name, wanted):
                yield int(process.name)
    elif lsof := shutil.which("lsof"):
        with suppress(subprocess.TimeoutExpired):
            listing = subprocess.run(
                [lsof, "-t", "--", file], capture_output=True, text=True, timeout=5, check=False
            )
            yield from map(int, listing.stdout.split())


def _has_open(descriptors: Path, name: str, wanted: os.stat_result) -> bool:
    with suppress(OSError), os.scandir(descriptors) as found:  # else another user's, or ended
        for descriptor in found:
            with suppress(OSError):
                opened = os.readlink(descriptor.path)
                if opened.endswith(name) and os.path.samestat(os.stat(descriptor.path), wanted):
                    info = (descriptors.with_name("fdinfo") / descriptor.name).read_text()
                    flags = next(line for line in info.splitlines() if line.startswith("flags:"))
                    if int(flags.split()[1], 8) & os.O_ACCMODE != os.O_RDONLY:  # as a backup has it
                        return True
    return False
