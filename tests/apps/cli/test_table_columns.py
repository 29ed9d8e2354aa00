"""Columns that are not sure: shown, confirmed once, remembered; without a terminal, said."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from guided_profile.apps.cli import table_columns
from guided_profile.apps.cli.table_columns import confirmed
from guided_profile.graph.errors import ColumnsError
from guided_profile.tools.readers.detect import Reading
from guided_profile.tools.readers.remembered import MOST, remember, remembered

COLUMNS = {"time": "Datum", "text": "Artikel"}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "a.csv"
    path.write_text("Datum;Artikel\n2024-05-14;Pfanne\n2024-05-15;Kessel\n", "utf-8")
    return path


@pytest.fixture
def notes() -> Console:
    return Console(file=io.StringIO(), width=200)


def said(notes: Console) -> str:
    assert isinstance(notes.file, io.StringIO)
    return notes.file.getvalue()


def test_what_is_confirmed_once_is_not_asked_again(
    table: Path, tmp_path: Path, notes: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_columns.sys, "stdin", Terminal("yes\n"))
    folder = tmp_path / "data"
    assert confirmed(table, Reading(), folder, notes).columns == COLUMNS
    assert "text: Artikel, as 'Pfanne'" in said(notes)
    monkeypatch.setattr(table_columns.sys, "stdin", io.StringIO())
    assert confirmed(table, Reading(me=None), folder, notes).columns == COLUMNS
    assert "as confirmed before: --column time=Datum --column text=Artikel" in said(notes)
    other = tmp_path / "b.csv"
    other.write_text("Datum;Artikel;Preis\n2024-05-14;Pfanne;3\n", "utf-8")
    with pytest.raises(ColumnsError):
        confirmed(other, Reading(), folder, notes)


def test_without_a_terminal_or_a_yes_the_switches_are_said(
    table: Path, tmp_path: Path, notes: Console, monkeypatch: pytest.MonkeyPatch
) -> None:
    for stdin in (io.StringIO("yes\n"), Terminal("no\n")):
        monkeypatch.setattr(table_columns.sys, "stdin", stdin)
        with pytest.raises(ColumnsError, match="add --column time=Datum --column text=Artikel,"):
            confirmed(table, Reading(), tmp_path, notes)
    assert confirmed(table, Reading(), tmp_path, notes, yes=True).columns == COLUMNS


def test_columns_that_are_named_or_sure_are_not_asked_about(
    table: Path, tmp_path: Path, notes: Console
) -> None:
    named = Reading(columns={"text": "Datum"})
    assert confirmed(table, named, tmp_path, notes) == named
    table.write_text("date,text\n2024-05-14,a pan\n")
    assert confirmed(table, Reading(), tmp_path, notes) == Reading()
    assert not (tmp_path / "columns.json").exists()


def test_the_last_tables_are_remembered_and_a_broken_file_costs_a_question(tmp_path: Path) -> None:
    for number in range(MOST + 2):
        if number < 3 or number > MOST - 2:
            remember(tmp_path, f"s{number}", {"text": "a"})
    assert remembered(tmp_path, f"s{MOST + 1}") == {"text": "a"}
    assert remembered(tmp_path, "none") is None
    (tmp_path / "columns.json").write_text("{")
    assert remembered(tmp_path, "s1") is None
    remember(tmp_path, "s1", {"text": "b"})
    assert remembered(tmp_path, "s1") == {"text": "b"}
