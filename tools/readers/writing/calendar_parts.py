"""A calendar's file read in parts, each a calendar of some of its events, however long it is."""

import io
from collections.abc import Iterator, Sequence
from typing import Any

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import Refused
from guided_profile.tools.readers.encodings import as_utf8

_BEGINS = ("BEGIN:VEVENT", "BEGIN:VTODO", "BEGIN:VJOURNAL")
_AT_ONCE = 500
_END = "END:VCALENDAR\n"


def calendars(file: ExportFile) -> Iterator[Any | Refused]:
    """Yield calendars of the events in a file, in their order; or which event cannot be read."""
    number = 0
    common: list[str] = []
    blocks: list[str] = []
    for block in _blocks(file):
        if isinstance(block, Refused):
            yield from _parsed(common, blocks, number, file.name)
            yield Refused(number + len(blocks) + 1, block.reason, "item", file.name)
            return
        if not block.startswith(_BEGINS):
            if block.upper().startswith("BEGIN:VCALENDAR"):  # one more in the same file
                yield from _parsed(common, blocks, number, file.name)
                number, blocks, common = number + len(blocks), [], []
            common.append(block)
            continue
        blocks.append(block)
        if len(blocks) == _AT_ONCE:
            yield from _parsed(common, blocks, number, file.name)
            number, blocks = number + len(blocks), []
    yield from _parsed(common, blocks, number, file.name)


def _blocks(file: ExportFile) -> Iterator[str | Refused]:
    """Yield the lines of a calendar itself, and each of its parts as a whole."""
    block: list[str] = []
    inside = ""
    ended = False
    with file.open() as opened:
        for raw in io.TextIOWrapper(as_utf8(opened), "utf-8", errors="replace"):
            line = raw.rstrip("\r\n") + "\n"
            name = line.strip().upper()
            if not inside and name.startswith("BEGIN:") and name != "BEGIN:VCALENDAR":
                inside = name.removeprefix("BEGIN:")
                line = name + "\n"
            if inside:
                block.append(line)
                if name == f"END:{inside}":
                    yield "".join(block)
                    block, inside = [], ""
            elif line.strip() and name != "END:VCALENDAR":
                yield line
            ended = name == "END:VCALENDAR" if name else ended
    if not ended:
        yield Refused(0, "the file is cut short here")


def _parsed(
    common: Sequence[str], blocks: Sequence[str], before: int, name: str
) -> Iterator[Any | Refused]:
    """Yield events as one calendar; if that cannot be read, each that can, and why one cannot."""
    from icalendar import Calendar

    if not blocks:
        return
    try:
        yield Calendar.from_ical("".join([*common, *blocks, _END]))
    except (ValueError, IndexError, KeyError):
        if len(blocks) == 1:
            yield Refused(before + 1, "is no event that can be read", "item", name)
            return
        for index, block in enumerate(blocks):
            yield from _parsed(common, [block], before + index, name)
