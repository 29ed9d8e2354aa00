"""An upload is read in a process of its own, whose memory and time are bounded.

Whatever a file holds, the server's own process is then neither blocked nor filled by reading it.
"""

import os
import pickle
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import IO, Any, BinaryIO

from guided_profile.graph.errors import ColumnsError, GuidedProfileError, HistoryItemError
from guided_profile.tools.readers.base import Entries, Reading, Refused
from guided_profile.tools.readers.detect import OpenFile, opened

MEGABYTES = 400
"""The memory that a file may take to be read, beyond what the process takes itself."""
SECONDS = 120
"""The seconds of a processor that a file may take to be read."""
_BATCH = 500
_TOO_MUCH = HistoryItemError(
    f"the file takes more than {MEGABYTES} MB of memory, or {SECONDS} s, to be read; send it in "
    "parts."
)
_FIELDS = {
    "name the columns with --column": "rename that column",
    "name it with --column text=COLUMN": "rename it to text",
    "add --column role=user": "rename that column",
    "--column": "the field `column`",
    "--format text": "the field `format` as text",
    "--format": "the field `format`",
    "--me": "the field `me`",
    "--dates dmy": "the field `dates` as dmy",
    "--dates mdy": "mdy",
    "--timezone": "the field `zone`",
    "--paragraphs": "the field `paragraphs`",
    "`guided-profile formats`": "`GET /history/formats`",
}
"""What the form of an upload has in the place of the command line's switches."""
_SWITCH = re.compile(rf"(?<!['\w-])(?:{'|'.join(map(re.escape, _FIELDS))})(?![\w-])")


class UploadReader:
    """Reads one file in another process."""

    def __init__(self) -> None:
        self.export: dict[str, Any] = {}
        """What the file holds beside items, if it is an export of ours; there once it is read."""

    @contextmanager
    def opened(self, path: Path, reading: Reading) -> Iterator[OpenFile]:
        """Do what `readers.detect.opened` does.

        Raises:
            HistoryItemError: The file cannot be read, or takes too much.
            SettingsError: Its kind needs an extra that is not installed.
        """
        command = [sys.executable, "-m", "guided_profile.apps.server.process.upload_reader"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                with suppress(BrokenPipeError), process.stdin:
                    pickle.dump((path, reading), process.stdin)
                formats: dict[str, int] = _received(process.stdout)
                first = next(iter(formats))
                entries = self._entries(process.stdout)
                yield OpenFile(first, entries, lambda: None, formats)
            finally:
                process.kill()

    def _entries(self, pipe: IO[bytes]) -> Entries:
        while batch := _received(pipe):
            for entry in batch:
                if isinstance(entry, Refused):
                    yield replace(entry, reason=_of_a_form(entry.reason))
                else:
                    yield entry
        self.export = _received(pipe)


def _received(pipe: IO[bytes]) -> Any:
    try:
        received = pickle.load(pipe)
    except (EOFError, pickle.UnpicklingError):
        raise _TOO_MUCH from None
    if isinstance(received, ColumnsError):
        raise HistoryItemError(_renamed(received))
    if isinstance(received, HistoryItemError):
        raise HistoryItemError(_of_a_form(str(received)))
    if isinstance(received, GuidedProfileError):
        raise received
    return received


def _renamed(error: ColumnsError) -> str:
    """Say how the columns of a file are renamed, where a form names none."""
    named = ", ".join(f"{column!r} to {field}" for field, column in error.columns.items())
    return (
        f"it is not sure what its columns hold; rename them in the file: {named}, if this is what "
        "they seem to hold, or others."
    )


def _of_a_form(words: str) -> str:
    """Name the form's fields where the command line's switches are named."""
    return _SWITCH.sub(lambda switch: _FIELDS[switch[0]], words)


def _main(source: BinaryIO, pipe: BinaryIO) -> None:
    """Send a file's kinds, its entries in batches, an empty batch, and what else it holds."""

    def send(what: Any) -> None:
        pickle.dump(what, pipe)
        pipe.flush()

    path, reading = pickle.load(source)
    _bound()
    try:
        _read(path, reading, send)
    except GuidedProfileError as error:
        send(error)
    except MemoryError:
        send(_TOO_MUCH)


def _read(path: Path, reading: Reading, send: Callable[[Any], None]) -> None:
    with opened(path, reading) as file:
        send(dict(file.formats))
        while batch := list(islice(file.entries, _BATCH)):
            send(batch)
    send(())
    export: dict[str, Any] = {}
    if file.format == "json":
        from guided_profile.tools.user_data.restore import read_export  # slow to import

        export = read_export(path, reading)
        export.pop("items", None)
    send(export)


def _bound() -> None:
    """Bound this process, and let others go first."""
    try:
        import resource
    except ImportError:  # Windows has no such bounds
        return
    os.nice(5)
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    with suppress(OSError):  # where there is no /proc, memory is not bounded
        pages = int(Path("/proc/self/statm").read_text().split()[5])
        most = pages * resource.getpagesize() + MEGABYTES * 2**20
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


if __name__ == "__main__":
    _main(sys.stdin.buffer, sys.stdout.buffer)
