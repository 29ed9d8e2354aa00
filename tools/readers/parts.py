"""What an export holds: which of its files are of which kind."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.archive import DAMAGED, ExportFile
from guided_profile.tools.readers.base import Reader
from guided_profile.tools.readers.heads import Head, head_of


class Part(NamedTuple):
    """The files of one kind, which are read together."""

    reader: Reader
    files: list[ExportFile]


Heads = Callable[[ExportFile], Head]


def found_parts(
    readers: Sequence[Reader], files: Sequence[ExportFile], name: str = ""
) -> list[Part]:
    """Find out what files are, by what they hold.

    Args:
        readers: All readers, the likelier ones first.
        files: The files of an export.
        name: The name of the export, which its only file goes by.

    Returns:
        The files of each kind; those of no kind are in none.
    """
    heads = _heads(name, alone=len(files) == 1)
    specific = [reader for reader in readers if not reader.generic]
    parts: dict[str, Part] = {}
    rest = list(files)
    if len(files) > 1:
        for reader in specific:
            if held := _together(reader, rest, heads):
                parts[reader.format] = Part(reader, held)
                taken = set(held)
                rest = [file for file in rest if file not in taken]
    for file in rest:
        head = heads(file)
        tried = [
            reader
            for reader in (readers if len(files) == 1 else specific)
            if len(files) == 1 or not reader.endings or file.name.lower().endswith(reader.endings)
        ]
        known = (reader for reader in tried if head.raw and reader.recognises(head))
        if found := next(known, None):
            parts.setdefault(found.format, Part(found, [])).files.append(file)
    return list(parts.values())


def named_parts(reader: Reader, files: Sequence[ExportFile], name: str) -> list[Part]:
    """Return the files of a kind that was named.

    Raises:
        HistoryItemError: There are several, and none is of this kind; or it reads one file alone.
    """
    if len(files) == 1:
        return [Part(reader, list(files))]
    heads = _heads(name, alone=False)
    if reader.generic:
        raise HistoryItemError(
            f"{name!r} holds {len(files)} files, and {reader.format} is read from one; give one of "
            "them."
        )
    held = _together(reader, files, heads) or [
        file for file in files if file.size and reader.recognises(heads(file))
    ]
    if not held:
        raise HistoryItemError(f"{name!r} holds no file of a {reader.format} export; see --format.")
    return [Part(reader, held)]


def _heads(name: str, *, alone: bool) -> Heads:
    @cache
    def head(file: ExportFile) -> Head:
        try:
            return head_of(file, name)
        except DAMAGED:
            if alone:
                raise
            return Head(file.name or name, file.size, b"")

    return head


def _together(reader: Reader, files: Sequence[ExportFile], heads: Heads) -> list[ExportFile]:
    """Return the files that belong together in exports of a kind, whose marks are recognised."""
    if reader.marks is None:
        return []
    held: dict[ExportFile, None] = {}
    known: set[str] = set()
    for file in files:
        root = _root(reader, file.name)
        if root is None or any(root.startswith(other) for other in known):
            continue
        if not (file.size and reader.recognises(heads(file))):
            continue
        known.add(root)
        inside = [other for other in files if other.name.startswith(root)]
        for pattern in reader.holds:
            found = [other for other in inside if pattern.fullmatch(other.stem)]
            if found:
                held |= dict.fromkeys(found)
                break
    return [file for file in files if file in held]


def _root(reader: Reader, name: str) -> str | None:
    """Return the folder of an export that a file marks, with its slash; None: it marks none."""
    if reader.marks is None:
        return None
    starts = [0, *(index + 1 for index, char in enumerate(name) if char == "/")]
    return next((name[:start] for start in starts if reader.marks.fullmatch(name, start)), None)
