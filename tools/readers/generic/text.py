"""Plain text: an item on each line, or in each paragraph."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import Entries, Reader, Reading, Refused, Skipped, item
from guided_profile.tools.readers.generic.plain import reads_as_notes
from guided_profile.tools.readers.heads import head_of
from guided_profile.tools.readers.lines import LONGEST_LINE, numbered_lines
from guided_profile.tools.readers.times import AROUND_DATE, date_order, is_date_line, read_time


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    """Read an item from each line that is not blank, or from each paragraph.

    A line that is nothing but a date, as diaries have them, is the day of those below it.

    Raises:
        HistoryItemError: It holds other bytes than text, or dates that may be read in two ways.
    """
    if not head_of(files[0]).text:
        raise HistoryItemError(
            f"{files[0].name or 'the file'!r} holds no text, but other bytes; give a file of text."
        )
    order = reading.dates or date_order(_days(files[0]))
    day: dict[str, datetime] = {}
    for entry in (_paragraphs if reading.paragraphs else _lines)(files[0]):
        if isinstance(entry, Refused):
            yield entry
            continue
        where, text = entry
        first, _, rest = text.partition("\n")
        if is_date_line(first):
            try:
                day = {"time": read_time(first.strip(AROUND_DATE), reading.zone, order)}
            except ValueError:
                day = {}  # without a year, it is no date
            if not rest:
                yield Skipped("lines of dates")
                continue
            text = rest
        yield item({"text": text} | day, where, reading)


def _days(file: ExportFile) -> Iterator[str]:
    for _, line in numbered_lines(file, any_encoding=True):
        if not isinstance(line, Refused) and is_date_line(line):
            yield line.strip(AROUND_DATE)


def _lines(file: ExportFile) -> Iterator[tuple[Refused, str] | Refused]:
    for number, line in numbered_lines(file, any_encoding=True):
        yield line if isinstance(line, Refused) else (Refused(number), line.strip())


def _paragraphs(file: ExportFile) -> Iterator[tuple[Refused, str] | Refused]:
    lines: list[str] = []
    size = 0
    begun = last = 0
    for number, line in numbered_lines(file, any_encoding=True):
        if isinstance(line, Refused):
            yield line
            continue
        if lines and number > last + 1:
            yield Refused(begun), "\n".join(lines)[:LONGEST_LINE]
            lines, size = [], 0
        begun = begun if lines else number
        last = number
        if size < LONGEST_LINE:  # beyond it, the item is too long anyway
            lines.append(line.rstrip())
            size += len(line)
    if lines:
        yield Refused(begun), "\n".join(lines)


READER = Reader(
    format="text", title="notes, a line each", read=_read, recognises=reads_as_notes, generic=True
)
