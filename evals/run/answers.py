"""The answers of a run, kept as lines of `answers.jsonl`."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from guided_profile.evals.scorers.result import Result
from guided_profile.graph.errors import InputError


class Answers:
    """The answers of a run, in a file that outlives the process: one line each, as they come."""

    def __init__(self, path: Path) -> None:
        """Read what the file holds; a last line that was cut off by a kill is dropped.

        Raises:
            InputError: The file cannot be read or written, or a line of it is no answer.
        """
        self.path = path
        self._results: dict[tuple[str, str], Result] = {}
        try:
            whole = path.read_bytes() if path.exists() else b""
            kept = whole[: whole.rfind(b"\n") + 1]
            for number, line in enumerate(kept.decode("utf-8").split("\n")[:-1], 1):
                self._remember(self._parsed(line, number))
            self._file = path.open("ab")
            if len(kept) < len(whole):
                self._file.truncate(len(kept))
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"the answers in {str(path)!r} cannot be used: {error}.") from error

    def _parsed(self, line: str, number: int) -> Result:
        try:
            return Result.model_validate_json(line)
        except ValidationError as error:
            raise InputError(
                f"line {number} of {str(self.path)!r} is no answer; delete the file to start over."
            ) from error

    def _remember(self, result: Result) -> None:
        self._results[result.example, result.method] = result

    def add(self, result: Result) -> None:
        """Append an answer; it is on the disk when this returns."""
        line = json.dumps(result.model_dump(mode="json"), ensure_ascii=False) + "\n"
        self._file.write(line.encode())
        self._file.flush()
        os.fsync(self._file.fileno())
        self._remember(result)

    def settled(self, example: str, method: str) -> bool:
        """Whether that was answered or abstained from; an error is tried again."""
        found = self._results.get((example, method))
        return found is not None and found.kind != "error"

    def of(self, examples: Iterable[str], methods: Iterable[str]) -> list[Result]:
        """Return the answers of these methods to these examples, in that order."""
        names = list(methods)
        pairs = ((example, name) for example in examples for name in names)
        return [self._results[pair] for pair in pairs if pair in self._results]

    @property
    def all(self) -> list[Result]:
        """Return all answers, in the order in which they came first."""
        return list(self._results.values())

    @property
    def methods(self) -> list[str]:
        """Who answered so far."""
        return list(dict.fromkeys(method for _, method in self._results))

    def close(self) -> None:
        """Close the file."""
        self._file.close()
