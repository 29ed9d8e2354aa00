"""What a method said to an example, as a line of `answers.jsonl`."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal, Self

from pydantic import ValidationError

from guided_profile.graph.errors import InputError
from guided_profile.graph.records import Cost, Record
from guided_profile.graph.state import Abstained, Answered


class Result(Record):
    """What a method said to an example, and what that cost."""

    example: str
    method: str
    kind: Literal["answered", "abstained", "error"]
    """An error is none of the other two: nothing was said."""
    text: str = ""
    option: int | None = None
    """For a choice: the index of the chosen option."""
    confidence: float | None = None
    """0 to 1, as the method gives it; None if it gives none."""
    reason: str = ""
    """Why there is no answer: the reason of the abstention, or the error in one line."""
    guidance: str = ""
    profile: tuple[str, ...] = ()
    """The sentences of the profile with evidence."""
    unsupported: tuple[str, ...] = ()
    """Those without; a response sees them only where the evidence filter is off."""
    tries: int = 0
    cost: Cost = Cost()
    """Of every call that it took, also of those that `Calls` had on record from another method
    or an earlier run, at what they cost then."""

    @classmethod
    def of(cls, example: str, method: str, said: Answered | Abstained, cost: Cost) -> Self:
        """Keep of an answer what a report needs."""
        supported = said.profile.supported if said.profile else ()
        written = said.profile.sentences if said.profile else ()
        kept = {
            "example": example,
            "method": method,
            "kind": said.kind,
            "guidance": said.guidance,
            "profile": tuple(one.text for one in supported),
            "unsupported": tuple(one.text for one in written if one not in supported),
            "tries": said.tries,
            "cost": cost,
        }
        if isinstance(said, Abstained):
            return cls.model_validate(kept | {"reason": said.reason, "text": said.reply})
        answer = {"text": said.text, "option": said.option, "confidence": said.confidence}
        return cls.model_validate(kept | answer)


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

    def close(self) -> None:
        """Close the file."""
        self._file.close()
