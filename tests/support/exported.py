"""Exports that tests write, as a file, renamed, zipped or in a folder; and what is read of them."""

import zipfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.base import Kept, Reading, Refused
from guided_profile.tools.readers.detect import opened

Files = Mapping[str, str | bytes]


@dataclass
class Read:
    """What became of a file's entries."""

    formats: dict[str, int]
    items: list[HistoryItem] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)

    @property
    def lines(self) -> list[tuple[str, str, str]]:
        """The role, the source and the text of each item."""
        return [(item.role, item.source, item.text) for item in self.items]

    @property
    def texts(self) -> list[str]:
        return [item.text for item in self.items]


def read(path: Path, **reading: Any) -> Read:
    with opened(path, Reading(**reading)) as file:
        found = Read(dict(file.formats))
        for entry in file.entries:
            if isinstance(entry, Kept):
                found.items.append(entry.item)
            elif isinstance(entry, Refused):
                found.refused.append(entry)
            else:
                found.skipped[entry.reason] += entry.count
    return found


def folder_of(root: Path, files: Files) -> Path:
    """Write files into a folder, and return it."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def zip_of(path: Path, files: Files) -> Path:
    """Write files into an archive, and return it."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def in_every_form(root: Path, name: str, content: str | bytes, **reading: Any) -> Read:
    """Read a file alone, renamed, zipped and in a folder with another one; all come to the same."""
    alone = read(folder_of(root / "alone", {name: content}) / name, **reading)
    renamed = read(
        folder_of(root / "renamed", {"export (2).bin": content}) / "export (2).bin", **reading
    )
    zipped = read(zip_of(root / "any.name", {name: content}), **reading)
    folder = folder_of(
        root / "folder", {f"sub/{name}": content, "picture.png": b"\x89PNG\r\n\x1a\n\0"}
    )
    inside = read(folder, **reading)
    assert alone.lines == renamed.lines == zipped.lines == inside.lines
    assert alone.formats == renamed.formats == zipped.formats == inside.formats
    return alone
