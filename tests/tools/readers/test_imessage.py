"""The database of Messages on a Mac, which langchain-community's loader reads."""

import sqlite3
import tempfile
import zipfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guided_profile.graph.errors import HistoryItemError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.base import Kept, Reading, Refused, Skipped
from guided_profile.tools.readers.detect import opened, read_items

SECONDS = 757_543_292  # since 2001: 2025-01-02 20:41:32
NANOSECONDS = SECONDS * 10**9
TIME = datetime(2025, 1, 2, 20, 41, 32, tzinfo=UTC)
TABLES = """
    CREATE TABLE message (
        ROWID INTEGER PRIMARY KEY, date INTEGER, handle_id INTEGER, text TEXT, is_from_me INTEGER,
        attributedBody BLOB, associated_message_type INTEGER DEFAULT 0
    );
    CREATE TABLE handle (ROWID INTEGER PRIMARY KEY, id TEXT);
    CREATE TABLE chat_message_join (chat_id INTEGER, message_id INTEGER);
    INSERT INTO handle VALUES (1, '+4915100001'), (2, '+4915100002');
    CREATE TRIGGER gone AFTER DELETE ON message BEGIN SELECT only_messages_has_this(); END;
"""
GROUPS = """
    CREATE TABLE chat_handle_join (chat_id INTEGER, handle_id INTEGER);
    INSERT INTO chat_handle_join VALUES (1, 1), (1, 2);
"""


def packed(text: str) -> bytes:
    """Return a text as macOS packs it since its version 13."""
    data = text.encode()
    return b"\x04streamtyped NSString\x01\x94\x84\x01+" + bytes([len(data)]) + data + b"\x86"


def database(path: Path, script: str, *messages: tuple[object, ...]) -> Path:
    with closing(sqlite3.connect(path)) as made, made:
        made.executescript(script)
        for number, message in enumerate(messages, start=1):
            made.execute("INSERT INTO message VALUES (?, ?, 1, ?, ?, ?, ?)", (number, *message))
            made.execute("INSERT INTO chat_message_join VALUES (1, ?)", (number,))
    return path


@pytest.mark.parametrize("script", [TABLES, TABLES + GROUPS], ids=["two people", "a group"])
def test_messages_are_read_once_and_reactions_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    path = database(
        tmp_path / "chat.db",
        script,
        (NANOSECONDS, "I ran 5 km", 1, None, 0),
        (NANOSECONDS + 1, None, 0, packed("schön ☕"), 0),
        (NANOSECONDS + 2, "Loved “I ran 5 km”", 0, None, 2000),
        (NANOSECONDS + 3, "\ufffc", 1, None, 0),
    )
    before = path.read_bytes()
    made: list[object] = []
    monkeypatch.setattr(tempfile, "mkdtemp", lambda *given, **how: made.append(given))
    with opened(path, Reading()) as file:
        mine, theirs, picture = file.entries
    assert made == [], "a copy would stay where a program is killed"
    assert file.format == "imessage"
    assert isinstance(mine, Kept)
    assert isinstance(theirs, Kept)
    assert mine.item == HistoryItem(text="I ran 5 km", source="imessage", time=TIME)
    assert (theirs.item.text, theirs.item.role) == ("schön ☕", "other")
    assert theirs.where == Refused(2, unit="message")
    assert isinstance(picture, Skipped)
    assert path.read_bytes() == before


def test_what_an_archive_holds_is_read_even_if_it_had_a_log(tmp_path: Path) -> None:
    path = database(tmp_path / "chat.db", TABLES, (NANOSECONDS, "hi", 1, None, 0))
    with closing(sqlite3.connect(path)) as made:
        made.execute("PRAGMA journal_mode = WAL")
    for place in (path, tmp_path / "export.zip"):
        if place != path:
            with zipfile.ZipFile(place, "w") as archive:
                archive.write(path, "Messages/chat.db")
        assert [item.text for item in read_items(place) if isinstance(item, HistoryItem)] == ["hi"]


def test_old_phones_count_seconds(tmp_path: Path) -> None:
    path = database(tmp_path / "chat.db", TABLES, (SECONDS, "hi", 1, None, 0))
    (item,) = read_items(tmp_path)
    assert item == HistoryItem(text="hi", source="imessage", time=TIME)
    assert path.exists()


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE notes (text TEXT)",
        "CREATE VIEW message AS SELECT 1",
        TABLES.replace("text TEXT", "text TEXT AS (hex(is_from_me))"),
    ],
)
def test_another_database_is_refused(tmp_path: Path, script: str) -> None:
    with pytest.raises(HistoryItemError, match="is no database of Messages that can be read"):
        list(read_items(database(tmp_path / "chat.db", script)))


@pytest.mark.parametrize("column", ["date_retracted", "item_type", "is_service_message"])
def test_what_was_taken_back_and_notices_are_known_by_their_columns(
    tmp_path: Path, column: str
) -> None:
    own, other = (NANOSECONDS, "I ran", 1, None, 0), (NANOSECONDS, "I smoke", 1, None, 0)
    path = database(tmp_path / "chat.db", TABLES, own, other)
    with closing(sqlite3.connect(path)) as made, made:
        made.execute(f"ALTER TABLE message ADD COLUMN {column} INTEGER DEFAULT 0")
        made.execute(f"UPDATE message SET {column} = {NANOSECONDS} WHERE ROWID = 2")
    assert [item.text for item in read_items(path) if isinstance(item, HistoryItem)] == ["I ran"]


def test_a_row_that_is_no_message_is_refused_and_the_others_are_read(tmp_path: Path) -> None:
    rows = [
        (NANOSECONDS, "I ran", 1, None, 0),
        ("soon", "no date", 1, None, 0),
        (2**62, "beyond the calendar", 1, None, 0),
        (NANOSECONDS, 7.5, 1, None, 0),
        (NANOSECONDS, None, 1, b"cut short NSString", 0),
        (NANOSECONDS, None, 1, 5, 0),
        (NANOSECONDS + 1, "I swam", 1, None, 0),
    ]
    path = database(tmp_path / "chat.db", TABLES.replace("text TEXT", "text"), *rows)
    with closing(sqlite3.connect(path)) as made, made:
        made.execute("UPDATE message SET text = CAST(X'FF41' AS TEXT) WHERE ROWID = 7")
    entries = list(read_items(path))
    assert [entry.text for entry in entries if isinstance(entry, HistoryItem)] == [
        "I ran",
        "\ufffdA",
    ]
    assert [entry.line for entry in entries if isinstance(entry, Refused)] == [2, 3, 4, 5, 6]
