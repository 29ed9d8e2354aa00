"""What a run leaves in files: profiles by user, and failures, a line each, as they come."""

import json
import os
import re
from pathlib import Path
from typing import Any, BinaryIO

from pydantic import ValidationError

from guided_profile.apps.bulk.base import BuildResult, Failed
from guided_profile.graph.errors import InputError
from guided_profile.graph.records import Standing

_USER = re.compile(rb'\{"user_id": "(?:[^"\\]|\\.)*')
"""How every line of ours begins, up to the end of the user's id."""


class Results:
    """Profiles in a file that is only ever appended to; a user's last line counts.

    Memory holds where each user's last line begins, and no profile.
    """

    def __init__(self, path: Path, task: str, *, writes: bool = True) -> None:
        """Open the file, or begin it; a last line that a kill cut off is dropped.

        Args:
            path: Of the file.
            task: The name of the task, whose profiles alone it may hold.
            writes: Whether profiles will be added; else the file is left as it is.

        Raises:
            InputError: It cannot be read or written, or holds something else; it is as it was.
        """
        self._path, self._task = path, task
        self._at: dict[str, int] = {}
        try:
            if not writes:
                self._read()
                self._file: BinaryIO = path.open("rb")
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            end, ended = self._read() if path.exists() else (0, True)
            self._file = path.open("a+b")
            self._file.truncate(end)
            if not ended:
                self._file.write(b"\n")
        except OSError as error:
            raise InputError(f"the results {str(path)!r} cannot be used: {error}.") from error

    def _read(self) -> tuple[int, bool]:
        """Note where each user's last line begins.

        Returns:
            Where the last whole line ends, and whether a line end stands there.
        """
        end, ended = 0, True
        with self._path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                ended = line.endswith(b"\n")
                if not ended and self._is_cut_off(line):
                    return end, True
                self._at[self._user_of(line, number)] = end
                end += len(line)
        return end, ended

    def standing(self, user_id: str) -> Standing | None:
        """Return the last profile of a user; None if there is none, or none that can be read."""
        if user_id not in self._at:
            return None
        self._file.seek(self._at[user_id])
        try:
            return Standing.model_validate(json.loads(self._file.readline())["standing"])
        except ValidationError:  # null, or written by another version of this package
            return None

    def add(self, made: BuildResult) -> None:
        """Append what was made; it is on the disk when this returns."""
        standing = made.standing.model_dump(mode="json") if made.standing else None
        line = {
            "user_id": made.user_id,
            "task": self._task,
            "standing": standing,
            "cost": made.cost.model_dump(),
        }
        self._file.seek(0, os.SEEK_END)
        self._at[made.user_id] = self._file.tell()
        self._file.write(_line(line))
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _is_cut_off(self, line: bytes) -> bool:
        """Whether a last line without an end is the beginning of one of ours, and no whole one."""
        found = _USER.match(line)
        if found is None:
            return b'{"user_id": "'.startswith(line)
        after = line[found.end() :].removeprefix(b"\\")  # an escape that was cut in two
        begins = f'", "task": {json.dumps(self._task)}, "standing": '.encode()
        return begins.startswith(after) or (after.startswith(begins) and not _is_json(line))

    def _user_of(self, line: bytes, number: int) -> str:
        try:
            record = json.loads(line)
            user_id, task, _ = record["user_id"], record["task"], record["standing"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise InputError(
                f"line {number} of {str(self._path)!r} is no profile; name another file with --out."
            ) from error
        if task != self._task:
            raise InputError(
                f"{str(self._path)!r} holds profiles of the task {task!r}; name another file with "
                "--out."
            )
        return str(user_id)


class Failures:
    """The failures of a run; the file of the run before gives way, and there is none without."""

    def __init__(self, path: Path) -> None:
        """Take the path.

        Raises:
            InputError: A file cannot stand there.
        """
        self.path = path
        self.count = 0
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> InputError:
        return InputError(
            f"the failures {str(self.path)!r} cannot be written: {error}; name another file with "
            "--failures."
        )

    def add(self, failed: Failed) -> None:
        """Write a failure down."""
        record = {"user_id": failed.user_id, "error": failed.error, "message": failed.message}
        if failed.place:
            record["place"] = failed.place
        try:
            with self.path.open("ab") as file:
                file.write(_line(record))
        except OSError as error:
            raise self._unwritable(error) from error
        self.count += 1


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ValueError:
        return False
    return True


def _line(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False) + "\n").encode()
