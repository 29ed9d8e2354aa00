"""What was deleted leaves SQLite's file where it stands, and all else in it stays as it was."""

import random
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from guided_profile.tools.history import scrub as scrubbing
from guided_profile.tools.history.scrub import scrub

SCHEMA = """
CREATE TABLE held (id INTEGER PRIMARY KEY, owner TEXT, text TEXT, vector BLOB);
CREATE INDEX by_text ON held (owner, text);
CREATE TABLE other (name TEXT PRIMARY KEY, text TEXT) WITHOUT ROWID;
"""


def text_of(owner: str, number: int, chance: random.Random) -> str:
    size = chance.choice((1, 5, 40, 120, 300, 1000, 2500))
    return "".join(f"<{owner}{number:04}{n:03}>" for n in range(size))


def filled(path: Path, size: int, seed: int) -> Callable[[], list[tuple[object, ...]]]:
    """Make a database of which much has come and gone; return what reads it whole."""
    chance = random.Random(seed)
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        opened.execute("PRAGMA secure_delete = OFF")
        opened.execute(f"PRAGMA page_size = {size}")
        opened.executescript(SCHEMA)
    write(path, 60, chance)
    scrub(path, notes(path))
    write(path, 12, chance)
    return lambda: whole(path)


def notes(path: Path) -> Path:
    return path.with_name("pages")


def write(path: Path, steps: int, chance: random.Random) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        opened.execute("PRAGMA secure_delete = OFF")
        for step in range(steps):
            owner = "ab"[chance.random() < 0.4]
            number = chance.randrange(10_000)
            text = text_of(owner, number, chance)
            opened.execute("BEGIN")
            opened.execute(
                "INSERT INTO held (owner, text, vector) VALUES (?, ?, ?)",
                (owner, text, f"[{owner}]".encode() * chance.randrange(1, 900)),
            )
            opened.execute("INSERT OR REPLACE INTO other VALUES (?, ?)", (f"{owner}{step}", text))
            if chance.random() < 0.3:
                opened.execute("DELETE FROM held WHERE id % 7 = ?", (chance.randrange(7),))
            opened.execute("COMMIT")


def whole(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [
            *opened.execute("SELECT * FROM held ORDER BY id"),
            *opened.execute("SELECT * FROM other ORDER BY name"),
            *opened.execute("SELECT text FROM held INDEXED BY by_text ORDER BY owner, text"),
        ]


def deleted(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        opened.execute("PRAGMA secure_delete = OFF")
        opened.execute("BEGIN")
        opened.execute("DELETE FROM held WHERE owner = 'a'")
        opened.execute("DELETE FROM other WHERE name LIKE 'a%'")
        opened.execute("COMMIT")


@pytest.mark.parametrize("size", [512, 4096, 65536])
@pytest.mark.parametrize("seed", range(6))
def test_nothing_of_what_was_deleted_is_in_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, seed: int
) -> None:
    monkeypatch.setattr(scrubbing, "MANY", 0)  # clean, however much has changed
    path = tmp_path / "held.sqlite3"
    read = filled(path, size, seed)
    deleted(path)
    kept, before = read(), path.stat().st_ino
    assert b"<a" in path.read_bytes(), "SQLite alone leaves it"
    scrub(path, notes(path))
    data = path.read_bytes()
    assert read() == kept
    assert path.stat().st_ino == before
    for trace in (b"<a", b"[a]"):
        assert trace not in data
    if kept:
        assert b"<b" in data
    write(path, 5, random.Random(seed))  # and SQLite goes on with it
    assert read() != kept


def test_the_file_is_written_anew_only_where_much_of_it_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, cleaned = tmp_path / "held.sqlite3", list[int]()
    clean = scrubbing._Pages.clean

    def counted(self: scrubbing._Pages, changed: Sequence[int]) -> set[int]:
        cleaned.append(len(changed))
        return clean(self, changed)

    monkeypatch.setattr(scrubbing._Pages, "clean", counted)
    read = filled(path, 512, 1)
    assert not cleaned
    scrub(path, notes(path))
    assert not cleaned, "many pages are new"
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        opened.execute("DELETE FROM held WHERE id = (SELECT max(id) FROM held)")
    kept = read()
    scrub(path, notes(path))
    assert len(cleaned) == 1
    assert read() == kept
    scrub(path, notes(path))
    assert cleaned[1] == 1, "the page that says that something changed"


def test_others_read_again_what_they_have_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "held.sqlite3"
    filled(path, 4096, 2)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA secure_delete = OFF")
        other.execute("DELETE FROM held WHERE owner = 'a'")
        other.execute("DELETE FROM other WHERE name LIKE 'a%'")
        other.execute("SELECT count(*), max(text) FROM held").fetchall()
        scrub(path, notes(path))
        scrub(path, notes(path))
        for number in range(30):
            other.execute("INSERT INTO held (owner, text) VALUES ('b', ?)", ("c" * number * 50,))
    assert b"<a" not in path.read_bytes()


def test_a_damaged_file_is_left_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scrubbing, "MANY", 0)
    path = tmp_path / "held.sqlite3"
    filled(path, 4096, 3)
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\x0d\x0f\xff\xff\xff\x00\x10")
    before = path.read_bytes()
    with pytest.raises(sqlite3.DatabaseError):
        scrub(path, notes(path))
    changed = [n for n, (a, b) in enumerate(zip(before, path.read_bytes(), strict=True)) if a != b]
    assert all(n < 100 for n in changed)
