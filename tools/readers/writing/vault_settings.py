"""What a vault of notes says of itself: its templates, and how its days are written."""

import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from pydantic_core import from_json

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.times import DateOrder


class Vault:
    """An Obsidian vault, by the settings in its folder `.obsidian`."""

    def __init__(self, files: Sequence[ExportFile]) -> None:
        """Read the settings among the files; without any, nothing is known of it."""
        self.templates: list[str] = []
        self.order: DateOrder | None = None
        for file in files:
            if not file.name.endswith(".json") or ".obsidian/" not in file.name:
                continue
            try:
                settings = from_json(file.read())
            except ValueError:
                continue
            if not isinstance(settings, dict):
                continue
            root = file.name.partition(".obsidian/")[0]
            if file.stem == "daily-notes.json":
                self.order = _order(str(settings.get("format", "")))
                self._leave_out(root, settings.get("template"), file=True)
            elif file.stem == "templates.json":
                self._leave_out(root, settings.get("folder"))
            elif "/templater-obsidian/" in file.name:
                self._leave_out(root, settings.get("templates_folder"))

    def _leave_out(self, root: str, path: Any, *, file: bool = False) -> None:
        if isinstance(path, str) and path.strip("/"):
            name = root + path.strip("/")
            self.templates.append(name.removesuffix(".md") + ".md" if file else f"{name}/")

    def leaves_out(self, name: str) -> str:
        """Return why a file of it is left out; empty: it is not."""
        if any(part.startswith(".") for part in PurePosixPath(name).parts):
            return "files of the app"
        return "templates" if name.startswith(tuple(self.templates)) else ""


def _order(pattern: str) -> DateOrder | None:
    letters = "".join(dict.fromkeys(re.sub("[^dmy]", "", pattern.lower())))
    orders: dict[str, DateOrder] = {"dmy": "dmy", "mdy": "mdy", "ymd": "ymd"}
    return orders.get(letters)
