"""Plain text: an item on each line, or in each paragraph."""

from collections.abc import Sequence

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import Entries, Reader, Reading, Refused, item
from guided_profile.tools.readers.lines import LONGEST_LINE, numbered_lines
from guided_profile.tools.readers.plain import reads_as_notes


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    """Read an item from each line that is not blank, or from each paragraph."""
    if reading.paragraphs:
        yield from _paragraphs(files[0], reading)
        return
    for number, line in numbered_lines(files[0]):
        if isinstance(line, Refused):
            yield line
        else:
            yield item({"text": line.strip()}, Refused(number), reading)


def _paragraphs(file: ExportFile, reading: Reading) -> Entries:
    lines: list[str] = []
    size = 0
    begun = last = 0
    for number, line in numbered_lines(file):
        if isinstance(line, Refused):
            yield line
            continue
        if lines and number > last + 1:
            yield item({"text": "\n".join(lines)[:LONGEST_LINE]}, Refused(begun), reading)
            lines, size = [], 0
        begun = begun if lines else number
        last = number
        if size < LONGEST_LINE:  # beyond it, the item is too long anyway
            lines.append(line.rstrip())
            size += len(line)
    if lines:
        yield item({"text": "\n".join(lines)}, Refused(begun), reading)


READER = Reader(
    format="text", title="notes, a line each", read=_read, recognises=reads_as_notes, generic=True
)
