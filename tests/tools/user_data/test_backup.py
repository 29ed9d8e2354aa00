"""A copy of all that is kept, made while others write."""

import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import forked
import pytest
from postgres_server import postgres_server

from guided_profile.graph.errors import SettingsError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.corrections import pin
from guided_profile.tools.profiles.sqlite import open_profiles
from guided_profile.tools.profiles.store import ProfileStore
from guided_profile.tools.user_data.backup import back_up, bring_back

COPY = (
    "import sys; from pathlib import Path; from guided_profile.tools.user_data.backup import "
    "back_up; back_up(Path(sys.argv[1]), Path(sys.argv[2]))"
)
"""As the command does it: in another process than the one that has the folder."""


def listed(folder: Path) -> list[str]:
    with HistoryStore.open(LexicalEmbedder(), path=folder / "history") as history:
        items = history.list("anna")
        assert len(history.vectors("anna", [item.id for item in items])) == len(items)
        return [item.text for item in items]


async def test_it_holds_what_was_acknowledged_while_others_write(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    now = datetime(2026, 1, 1, tzinfo=UTC)
    with HistoryStore.open(LexicalEmbedder(), path=data / "history") as history:
        async with open_profiles(data / "profiles.db") as store:
            await pin(ProfileStore(store, "anna", "dialogue"), "I sail.", now=now)
            for number in range(3):
                before = len(history.list("anna"))
                copying = forked.start(
                    [sys.executable, "-c", COPY, str(data), str(tmp_path / f"copy {number}")]
                )
                while copying.poll() is None:
                    history.add("anna", [HistoryItem(text=f"item {len(history.list('anna'))}")])
                assert copying.returncode == 0
                copied = listed(tmp_path / f"copy {number}")
                assert before <= len(copied) <= len(history.list("anna"))
                assert copied == [f"item {n}" for n in range(len(copied))]
    async with open_profiles(tmp_path / "copy 2" / "profiles.db") as store:
        kept = await ProfileStore(store, "anna", "dialogue").overrides()
    assert [override.text for override in kept] == ["I sail."]


def test_it_is_the_owners_alone_and_has_all_but_locks(tmp_path: Path) -> None:
    data, copy = tmp_path / "data", tmp_path / "copy"
    with HistoryStore.open(LexicalEmbedder(), path=data / "history") as history:
        history.add("anna", [HistoryItem(text="rye bread")])
    (data / "tasks").mkdir()
    (data / "tasks" / "own.yaml").write_text("name: own")
    (data / "keys.json").write_text("{}")
    assert back_up(data, copy) == len([path for path in copy.rglob("*") if path.is_file()])
    assert (copy / "tasks" / "own.yaml").read_text() == "name: own"
    assert not any(path.name.startswith(".guided_profile") for path in copy.rglob("*"))
    assert {path.stat().st_mode & 0o077 for path in (copy, *copy.rglob("*"))} == {0}
    assert listed(copy) == ["rye bread"]


@pytest.mark.parametrize("target", ["data/copy", "data", "."])
def test_a_folder_that_is_there_is_refused(tmp_path: Path, target: str) -> None:
    (tmp_path / "data").mkdir()
    with pytest.raises(SettingsError, match="name a new folder elsewhere"):
        back_up(tmp_path / "data", tmp_path / target)
    with pytest.raises(SettingsError, match="is not there"):
        back_up(tmp_path / "nowhere", tmp_path / "copy")


def two_folders(path: Path) -> tuple[Path, Path]:
    """Make a data folder, and the folder that a Chroma server has."""
    data, chroma = path / "data", path / "chroma"
    with HistoryStore.open(LexicalEmbedder(), path=data / "history") as history:
        history.add("anna", [HistoryItem(text="rye bread")])
    (data / "keys.json").write_text("[]")
    with HistoryStore.open(LexicalEmbedder(), path=chroma) as history:
        history.add("anna", [HistoryItem(text="a wok")])
    return data, chroma


def test_it_is_put_back_into_empty_folders(tmp_path: Path) -> None:
    data, chroma = two_folders(tmp_path)
    backup, new = tmp_path / "backup", tmp_path / "new"
    copied = back_up(data, backup, chroma=chroma)
    (new / "data").mkdir(parents=True)
    assert bring_back(backup, new / "data", chroma=new / "chroma") == copied
    assert not [path for path in new.glob("*/**/*") if path.stat().st_mode & 0o077]
    assert listed(new / "data") == ["rye bread"]
    assert (new / "data" / "keys.json").read_text() == "[]"
    assert not (new / "data" / "chroma-server").exists()
    with HistoryStore.open(LexicalEmbedder(), path=new / "chroma") as history:
        assert [item.text for item in history.list("anna")] == ["a wok"]


def test_what_is_there_is_not_replaced_and_no_part_is_forgotten(tmp_path: Path) -> None:
    data, chroma = two_folders(tmp_path)
    backup, new = tmp_path / "backup", tmp_path / "new"
    back_up(data, backup, chroma=chroma)
    for given, words in (
        ((backup, data, chroma, None), f"{data} holds something; move it away first"),
        ((backup, new, chroma, None), f"{chroma} holds something; move it away first"),
        ((backup, new, None, None), "holds chroma-server; give --chroma FOLDER too"),
        ((backup, new, new, "postgresql://x"), "holds no postgres.dump; leave GUIDED_PROFILE_DATA"),
        ((tmp_path / "nothing", new, None, None), "there is no backup"),
    ):
        source, target, server, database = given
        with pytest.raises(SettingsError, match=words):
            bring_back(source, target, chroma=server, database=database)
    assert not new.exists()
    with pytest.raises(SettingsError, match="is no folder of a Chroma server"):
        back_up(data, tmp_path / "other", chroma=data)


def test_what_fails_leaves_the_folder_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, chroma = two_folders(tmp_path)
    backup, new = tmp_path / "backup", tmp_path / "new"
    back_up(data, backup, chroma=chroma)
    copytree = shutil.copytree

    def failing(source: Path, *args: Any, **given: Any) -> Any:
        if source.name == "chroma-server":
            raise OSError("the disk is full")
        return copytree(source, *args, **given)

    monkeypatch.setattr(shutil, "copytree", failing)
    with pytest.raises(SettingsError, match="was not put back: the disk is full"):
        bring_back(backup, new, chroma=tmp_path / "server")
    assert list(new.iterdir()) == []
    monkeypatch.undo()
    assert bring_back(backup, new, chroma=tmp_path / "server") > 3


@pytest.mark.live
def test_a_postgres_is_copied_beside_it_and_put_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_server() as server:
        import psycopg

        with psycopg.connect(server.url, autocommit=True) as there:
            there.execute("create table kept (text text primary key)")
            there.execute("insert into kept values ('rye bread')")
            there.execute("create database other")
        data, backup = tmp_path / "data", tmp_path / "backup"
        data.mkdir()
        (data / "keys.json").write_text("[]")
        assert back_up(data, backup, database=server.url) == 2
        assert (backup / "postgres.dump").stat().st_mode & 0o077 == 0
        other = server.url.removesuffix("/postgres") + "/other"
        for url in (other, server.url):  # an empty one, and one that has what is older or newer
            with psycopg.connect(url, autocommit=True) as there:
                if url == server.url:
                    there.execute("delete from kept")
            new = tmp_path / url.rpartition("/")[2]
            assert bring_back(backup, new, database=url) == 2
            with psycopg.connect(url) as there:
                assert there.execute("select text from kept").fetchall() == [("rye bread",)]
        wrong = server.url.replace("postgres@", "postgres:SECRET@").replace("/postgres", "/none")
        with pytest.raises(SettingsError, match=r"pg_dump failed: .*none") as failed:
            back_up(data, tmp_path / "second", database=wrong)
        assert "SECRET" not in str(failed.value)
        assert not (tmp_path / "second").exists()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SettingsError, match="pg_dump is not installed"):
        back_up(data, tmp_path / "second", database=server.url)
