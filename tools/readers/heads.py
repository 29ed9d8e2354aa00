"""The beginning of a file, by which its kind is recognised."""

import codecs
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic_core import from_json

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.encodings import encoding_of
from guided_profile.tools.readers.layouts import layout

SIZE = 2**16
"""How many bytes of a file are looked at."""
_FIRST = 4096
"""Of a picture or a film no more is read."""
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_WRONG_AT = re.compile(r"at line (\d+) column (\d+)$")
MOST_RECORDS = 50


@dataclass(frozen=True)
class Head:
    """What a file is recognised by."""

    name: str
    """Its path within the export, or the file's own name."""
    size: int
    raw: bytes
    """The first 64 KiB."""

    @cached_property
    def text(self) -> str:
        """The beginning as text; empty if it is none."""
        return decoded(self.raw) if self.raw else ""

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, as written, if it is a table of two or more; else empty."""
        if self.text.lstrip()[:1] in ("", "{", "[", "<"):
            return ()
        found = layout(self.text)
        return found.columns if found and len(found.columns) > 1 else ()

    @cached_property
    def json(self) -> Any:
        """The beginning read as JSON, up to where it ends or is broken; None: it is none."""
        return _partial(self.raw) if self.text.lstrip()[:1] in ("{", "[") else None

    @cached_property
    def records(self) -> tuple[dict[str, Any], ...]:
        """The objects of its first lines, if it is JSON Lines; empty: it is none."""
        if not self.text.lstrip().startswith("{"):
            return ()
        lines = [line for line in self.text.splitlines() if line.strip()]
        if len(self.raw) < self.size:
            lines = lines[:-1]
        found = [_object(line) for line in lines[:MOST_RECORDS]]
        return tuple(record for record in found if record is not None)

    @cached_property
    def lines(self) -> tuple[str, ...]:
        """Its first lines, the blank ones too; without the last one, if it goes on."""
        lines = self.text.splitlines()
        return tuple(lines[:-1] if len(self.raw) < self.size and len(lines) > 1 else lines)


def head_of(file: ExportFile, name: str = "") -> Head:
    """Return the beginning of a file; `name` is the one it goes by if it is alone."""
    with file.open() as opened:
        raw = opened.read(_FIRST)
        if decoded(raw) or not raw or raw.startswith(b"SQLite format 3\0"):
            raw += opened.read(SIZE - len(raw))
    return Head(file.name or name, file.size, raw)


def decoded(raw: bytes) -> str:
    """Return the beginning of a text file as text; empty: it is no text."""
    encoding = encoding_of(raw if _is_text(raw.decode("latin-1")) else raw[:_FIRST])
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    text = decoder.decode(raw)  # a letter may be cut off at the end
    return text.removeprefix("\ufeff") if _is_text(text) else ""


def _is_text(text: str) -> bool:
    return len(_CONTROL.findall(text)) <= max(1, len(text) // 500)


def _partial(raw: bytes) -> Any:
    """Read JSON as far as it is there and whole; None: it is none."""
    data = decoded(raw).encode("utf-8", errors="replace").strip()
    for again in range(3):
        try:
            read = from_json(data, allow_partial=True)
            return read if read or not again else None  # of `[notes]` no more than a bracket
        except ValueError as error:
            if str(error).startswith("trailing characters"):
                return None
            if "surrogate" in str(error):
                data = _SURROGATE.sub(rb"\\ufffd", data)
            elif wrong := _WRONG_AT.search(str(error)):
                line, column = int(wrong[1]), int(wrong[2])
                lines = data.split(b"\n")[:line]
                lines[-1] = lines[-1][: max(0, column - 1)]
                data = b"\n".join(lines)
    return None


def _object(line: str) -> dict[str, Any] | None:
    try:
        read = from_json(line)
    except ValueError:
        return None
    return read if isinstance(read, dict) else None
