"""Which texts are taken for a person's notes: examples that were written before the rule."""

from pathlib import Path

import pytest

from guided_profile.graph.errors import HistoryItemError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.detect import Reading, opened, read_items

EXAMPLES = Path(__file__).parents[2] / "data/plain"
PIXELS = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\2\0\0\0\x90wS\xde"
BINARY = {"picture.png": PIXELS, "picture.txt": PIXELS, "junk.txt": bytes(range(256)) * 9}


def names(kind: str) -> list[str]:
    return sorted(path.name for path in (EXAMPLES / kind).iterdir())


@pytest.mark.parametrize("name", names("notes"))
def test_notes_are_taken(name: str) -> None:
    with opened(EXAMPLES / "notes" / name, Reading()) as file:
        assert file.format in ("text", "markdown")
    assert all(isinstance(entry, HistoryItem) for entry in read_items(EXAMPLES / "notes" / name))


@pytest.mark.parametrize("name", names("none"))
def test_what_is_no_history_is_refused_with_what_to_do(name: str) -> None:
    with pytest.raises(HistoryItemError, match=r"--format text|--me"):
        list(read_items(EXAMPLES / "none" / name))


@pytest.mark.parametrize("name", BINARY)
def test_bytes_are_never_items(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(BINARY[name])
    with pytest.raises(HistoryItemError, match="is no kind of file that history is read from"):
        list(read_items(path))
    with pytest.raises(HistoryItemError, match="holds no text"):
        list(read_items(path, Reading(format="text")))
