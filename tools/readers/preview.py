"""What a file of history would add, without adding it."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.base import Format, Kept, Reading, Refused, Skipped
from guided_profile.tools.readers.detect import opened
from guided_profile.tools.safety.secrets import without_secrets

SHOWN = 10


@dataclass(frozen=True, slots=True)
class Preview:
    """What reading a file came to."""

    formats: Mapping[Format, int]
    """The kinds of files that it holds, each with the number of its files."""
    items: int
    shown: tuple[HistoryItem, ...]
    """The first `SHOWN` items, as they would be kept."""
    masked: int
    """How many secrets in the items were masked."""
    left_out: Mapping[str, int]
    refused: int
    refusals: tuple[Refused, ...]
    """The first `SHOWN` of them."""
    sources: Mapping[str, int]
    """How many items there are of each source."""


def preview(
    path: Path,
    reading: Reading,
    on_formats: Callable[[Mapping[Format, int]], object] = lambda formats: None,
) -> Preview:
    """Read a file to its end, and keep nothing of it.

    Args:
        path: A file, folder or archive of one of the kinds in `detect.FORMATS`.
        reading: How to read it.
        on_formats: Called with the kinds of files that were found, before they are read.

    Raises:
        HistoryItemError: The file cannot be read as a whole.
        SettingsError: The kind of file needs an extra that is not installed.
    """
    shown: list[HistoryItem] = []
    refusals: list[Refused] = []
    sources, left_out = Counter[str](), Counter[str]()
    refused = 0
    masked = 0
    with opened(path, reading) as file:
        on_formats(file.formats)
        for entry in file.entries:
            if isinstance(entry, Kept):
                (item,), secrets = without_secrets([entry.item])
                masked += secrets
                sources[item.source] += 1
                if len(shown) < SHOWN:
                    shown.append(item)
            elif isinstance(entry, Skipped):
                left_out[entry.reason] += entry.count
            else:
                refused += 1
                if len(refusals) < SHOWN:
                    refusals.append(entry)
        return Preview(
            formats=file.formats,
            items=sources.total(),
            shown=tuple(shown),
            masked=masked,
            left_out=left_out,
            refused=refused,
            refusals=tuple(refusals),
            sources=dict(sources.most_common()),
        )
