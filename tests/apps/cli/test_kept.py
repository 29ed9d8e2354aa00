"""What is kept of a user, by the commands that need no model: exported, forgotten, copied."""

import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import forked
import pytest
from endpoint import Endpoint

from guided_profile.apps.cli.main import main

ANNA = ["--user", "anna"]


@pytest.fixture(autouse=True)
def for_everybody() -> Iterator[None]:
    """Files are made for everybody to read, unless somebody sees to it."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture
def data(added: type[Endpoint], tmp_path: Path) -> Path:
    return tmp_path / "data"


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_an_export_is_its_owners_alone(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "anna.json"
    assert main(["export", *ANNA, "--out", str(out)]) == 0
    assert (len(json.loads(out.read_text())["items"]), mode(out)) == (2, 0o600)
    assert main(["export", *ANNA, "--out", str(tmp_path / "no" / "folder")]) == 2
    for name, before, after in (("new", None, 0o600), ("log", "kept\n", 0o644)):
        path = tmp_path / name
        if before:
            path.write_text(before)
        with path.open("a") as stream:
            command = [sys.executable, "-m", "guided_profile.apps.cli.main", "export", *ANNA]
            assert forked.start(command, stdout=stream).wait(60) == 0
        assert mode(path) == after, name


def test_all_that_commands_make_is_its_owners_alone(data: Path, tmp_path: Path) -> None:
    assert main(["backup", str(tmp_path / "copy")]) == 0
    assert main(["profile", *ANNA]) == 0
    for folder in (data, tmp_path / "copy"):
        assert {mode(path) & 0o077 for path in (folder, *folder.rglob("*"))} == {0}
    assert os.umask(0o022) == 0o022, "whoever calls `main` has theirs again"


@pytest.mark.parametrize(
    ("servers", "left"),
    [
        ({"CHROMA_URL": "http://127.0.0.1:9"}, {"history"}),
        ({"DATABASE_URL": "postgresql://127.0.0.1:9/x"}, {"profiles.db", "keys.json"}),
    ],
)
def test_a_backup_has_no_copies_of_what_servers_have_now(
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    servers: dict[str, str],
    left: set[str],
) -> None:
    names = {"history", "profiles.db", "keys.json", "own.txt"}
    for name in names - {"history"}:
        (data / name).touch()
    for name, value in servers.items():
        monkeypatch.setenv(f"GUIDED_PROFILE_{name}", value)
    monkeypatch.setattr("guided_profile.tools.user_data.backup.dump", lambda *given: None)
    assert main(["backup", str(tmp_path / "copy")]) == 0
    assert {path.name for path in (tmp_path / "copy").iterdir()} & names == names - left
    notes = capsys.readouterr().err
    assert all(name in notes for name in left)
    assert "before `guided-profile migrate`" in notes


def test_another_embedder_keeps_nobody_from_their_data(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GUIDED_PROFILE_EMBEDDER", "multilingual")
    assert main(["profile", *ANNA, "--wishes"]) == 0
    capsys.readouterr()
    assert main(["export", *ANNA]) == 0
    assert len(json.loads(capsys.readouterr().out)["items"]) == 2
    assert main(["forget", *ANNA, "--yes"]) == 0
    assert "deleted 2 items" in capsys.readouterr().out


def test_an_item_of_a_newer_version_is_reported_in_a_line_and_can_be_deleted(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with sqlite3.connect(data / "history" / "chroma.sqlite3") as database:
        database.execute(
            'UPDATE embedding_metadata SET string_value = replace(string_value, \'"role": '
            '"user"\', \'"role": "agent"\') WHERE key = \'item\''
        )
    database.close()
    for command in (["ask", "Which pet?", *ANNA], ["profile", *ANNA], ["export", *ANNA]):
        assert main(command) == 1
        assert "a newer version of this package wrote it" in capsys.readouterr().err
    assert main(["forget", *ANNA, "--yes"]) == 0
    assert "deleted 2 items" in capsys.readouterr().out


def test_a_history_is_embedded_again_with_the_embedder_in_use(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GUIDED_PROFILE_EMBEDDER", "endpoint")
    monkeypatch.setenv("OPENAI_EMBEDDING_MODEL", "e")
    assert main(["ask", "Which pet do I have?", *ANNA]) == 1
    assert "guided-profile reindex" in capsys.readouterr().err
    monkeypatch.setenv("GUIDED_PROFILE_EMBEDDER", "lexical")
    assert main(["reindex", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"items": 2, "embedder": "lexical-512"}
    assert main(["ask", "Which pet do I have?", *ANNA]) == 0
    monkeypatch.setenv("GUIDED_PROFILE_CHROMA_URL", "http://127.0.0.1:9")
    assert main(["reindex"]) == 2
