"""How much of an export has been read."""

from collections.abc import Sequence
from dataclasses import replace
from typing import BinaryIO

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.parts import Part


class Watched:
    """Parts of an export whose files tell how far they have been read."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = [
            Part(part.reader, [self._watched(file) for file in part.files]) for part in parts
        ]
        self._total = max(1, sum(file.size for part in parts for file in part.files))
        self._done = 0
        self._streamed = False
        self._part: Part | None = None
        self._open: tuple[ExportFile, BinaryIO] | None = None
        self._before: dict[str, int] = {}

    def begin(self, part: Part) -> None:
        """Note that a part is read now, and those before it are read."""
        if self._part is not None:
            self._done += sum(file.size for file in self._part.files)
        self._part, self._open = part, None
        sizes = [file.size for file in part.files]
        self._before = {file.name: sum(sizes[:index]) for index, file in enumerate(part.files)}

    def fraction(self) -> float | None:
        """Return how much has been read, 0 to 1; None if that is not known."""
        if self._part is None:
            return 0.0
        if not self._part.reader.streamed:
            return self._done / self._total if self._done else None
        return min(1.0, (self._done + self._position()) / self._total)

    def _position(self) -> int:
        if self._open is None:
            return 0
        file, opened = self._open
        return self._before.get(file.name, 0) + (file.size if opened.closed else opened.tell())

    def _watched(self, file: ExportFile) -> ExportFile:
        def opened() -> BinaryIO:
            source = file.open()
            self._open = (file, source)
            return source

        return replace(file, open=opened)
