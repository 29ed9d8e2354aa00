"""A full disk, a small real one, and a file of profiles that another process is writing to."""

import asyncio
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from endpoint import Endpoint
from host import Host, agent_of, ask, mark, said_by
from server_client import ANNA, served

from guided_profile.apps.assistants.companion import Companion
from guided_profile.apps.cli.main import main
from guided_profile.apps.settings import read_settings
from guided_profile.graph.errors import HistoryError, ProfilesError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools import reserve
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.history import collection
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.sqlite import open_profiles

ASK = ["ask", "Which pet do I have?", "--user", "anna"]
ASKED = {"question": "Which pet do I have?"}
MORE = {"items": [{"text": "my cat Miso likes fish"}]}


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    arguments = ["-t", "tmpfs", "-o", "size=64m", "none", str(folder)]
    if not mount or subprocess.run([mount, *arguments], capture_output=True).returncode:
        pytest.skip("a small disk can only be mounted by root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Take all the room that is left; delete the returned file to give it back."""
    filler = disk / "filler"
    descriptor = os.open(filler, os.O_CREAT | os.O_WRONLY)
    for size in (1 << 20, 1):  # to the last byte
        try:
            while True:
                os.write(descriptor, bytes(size))
        except OSError:
            pass
    os.close(descriptor)
    return filler


def items(name: str) -> list[HistoryItem]:
    return [HistoryItem(text=f"{name} {n} " + "cat " * 500) for n in range(10)]


def test_a_full_disk_loses_nothing_and_is_reported(disk: Path) -> None:
    with HistoryStore.open(LexicalEmbedder(), path=disk / "history") as history:
        confirmed = {id_ for n in range(5) for id_ in history.add("anna", items(str(n))).added}
        filler = fill(disk)
        for number in range(10):  # Chroma itself waits for ever from some failure on
            with pytest.raises(HistoryError, match="0 MB left and 33 MB are needed; nothing was"):
                history.add("anna", items(f"more {number}"))
            with pytest.raises(HistoryError, match="make room on it"):
                history.delete("anna", list(confirmed)[:1])
            assert {item.id for item in history.list("anna")} == confirmed
            assert len(history.search("anna", "cat", limit=3)) == 3
        filler.unlink()
        confirmed |= set(history.add("anna", items("after")).added)
    with HistoryStore.open(LexicalEmbedder(), path=disk / "history") as history:
        assert {item.id for item in history.list("anna")} == confirmed
        assert len(history.vectors("anna", confirmed)) == len(confirmed)


def test_a_disk_that_others_fill_meanwhile_is_no_endless_wait(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There was room when it was looked for, and there is none when Chroma writes."""
    monkeypatch.setattr(collection, "ROOM", -(1 << 40))
    monkeypatch.setattr(collection, "ROOM_TO_DELETE", -(1 << 40))
    with HistoryStore.open(LexicalEmbedder(), path=disk / "history") as history:
        confirmed = set(history.add("anna", items("first")).added)
        filler = fill(disk)
        for number in range(10):
            with pytest.raises(HistoryError, match="room on it"):
                history.add("anna", items(f"more {number}"))
        filler.unlink()
        confirmed |= set(history.add("anna", items("after")).added)
        assert {item.id for item in history.list("anna")} == confirmed
    with HistoryStore.open(LexicalEmbedder(), path=disk / "history") as history:
        assert {item.id for item in history.list("anna")} == confirmed


def test_a_history_that_could_not_be_opened_is_opened_when_there_is_room(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection, "ROOM", -(1 << 40))
    with HistoryStore.open(LexicalEmbedder(), path=disk / "history") as history:
        confirmed = set(history.add("anna", items("first")).added)
        assert reserve.spend(disk / "history")  # without it, that is
        filler = fill(disk)
        with pytest.raises(HistoryError, match="room on it"):
            history.add("anna", items("more"))
    for _ in range(3):
        with pytest.raises(HistoryError, match="could not be opened: its disk is full"):
            HistoryStore.open(LexicalEmbedder(), path=disk / "history")
    filler.unlink()
    with HistoryStore.open(LexicalEmbedder(), path=disk / "history") as history:
        assert {item.id for item in history.list("anna")} == confirmed


async def test_a_full_disk_is_reported_and_profiles_are_kept(disk: Path) -> None:
    async with open_profiles(disk / "profiles.db") as store:
        await store.aput(("anna",), "before", {"text": "x" * 1000}, index=False)
        filler = await asyncio.to_thread(fill, disk)
        for _ in range(3):
            with pytest.raises(ProfilesError, match="the disk is full or fails; make room"):
                await store.aput(("anna",), "more", {"text": "x" * 100_000}, index=False)
        assert await store.aget(("anna",), "before")
        filler.unlink()
        await store.aput(("anna",), "more", {"text": "x" * 100_000}, index=False)
    async with open_profiles(disk / "profiles.db") as store:
        assert len(await store.asearch(("anna",))) == 2


def test_what_stands_is_read_by_a_program_that_starts_without_a_byte_free(
    endpoint: type[Endpoint], disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GUIDED_PROFILE_DATA", str(disk / "data"))
    path = tmp_path / "anna.jsonl"
    path.write_text('{"text": "my cat Miso"}\n{"text": "the bicycle commute"}\n')
    anna = ["--user", "anna"]
    assert main(["add", str(path), *anna]) == 0
    assert main(ASK) == 0
    for _ in range(2):  # others take what is left over
        fill(disk)
        for command in (["profile", *anna, "--wishes"], ["export", *anna], ["profile", *anna], ASK):
            assert main(command) == 0, command


def test_a_full_disk_by_each_way_in(
    disk: Path,
    endpoint: type[Endpoint],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GUIDED_PROFILE_DATA", str(disk / "data"))
    path = tmp_path / "anna.txt"
    path.write_text("my cat Miso sleeps on my desk\nthe bicycle commute took 20 minutes\n")
    assert main(["add", str(path), "--user", "anna"]) == 0
    with served() as (outside, _):
        filler = fill(disk)
        answer = outside.post("/v1/history", json=MORE, headers=ANNA)
        assert (answer.status_code, answer.json()["error"]) == (503, "history_unavailable")
        answer = outside.post("/v1/ask", json=ASKED, headers=ANNA)
        assert (answer.status_code, answer.json()["error"]) == (503, "profiles_unavailable")
        filler.unlink()
        assert outside.post("/v1/ask", json=ASKED, headers=ANNA).status_code == 200
        filler = fill(disk)
        answer = outside.post("/v1/ask", json=ASKED, headers=ANNA)  # its profile stands
        assert answer.json()["answer"]["text"] == "Miso, my cat."
        filler.unlink()
    with Companion.open(task="dialogue") as companion:
        filler = fill(disk)
        answered = ask(agent_of(companion, Host()), "Does my cat sleep?")
        assert answered["messages"][-1].text == "Gladly."
        assert mark(answered)["personalized"] is True
        assert len(said_by(companion, "anna")) == 2  # and the log says that it was not kept
        filler.unlink()
    fill(disk)
    capsys.readouterr()
    path.write_text("something else\n")
    assert main(ASK) == 0  # it is read, and nothing is written
    capsys.readouterr()
    assert main(["add", str(path), "--user", "anna"]) == 1
    shown = capsys.readouterr()
    said = [line for line in shown.err.splitlines() if line]
    assert said[0].startswith("found: "), shown.err
    assert "room on it" in said[1]
    assert len(said) == 2


def test_a_locked_file_of_profiles_by_each_way_in(
    added: type[Endpoint],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    waits = partial(sqlite3.connect, timeout=0.1)  # five seconds, else
    monkeypatch.setattr("guided_profile.tools.profiles.sqlite.sqlite3.connect", waits)
    assert main(["tasks"]) == 0
    with served() as (outside, _):
        file = read_settings().data / "profiles.db"
        other = sqlite3.connect(file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        for headers in (ANNA, ANNA | {"Accept": "text/event-stream"}):
            answer = outside.post("/v1/ask", json=ASKED, headers=headers)
            assert "profiles_unavailable" in answer.text
    capsys.readouterr()
    assert main(ASK) == 1
    shown = capsys.readouterr()
    assert "another process is writing to them; try again when it is done" in shown.err
    assert (shown.out, len(shown.err.strip().splitlines())) == ("", 1)
    with Companion.open(task="dialogue") as companion:
        agent = agent_of(companion, Host(), recall_tokens=0)
        with pytest.raises(ProfilesError):
            companion.refresh("anna").result(60)
        assert mark(ask(agent, "Is it far by bicycle?"))["personalized"] is False
        assert len(said_by(companion, "anna")) == 3
        assert "the profile is not made: ProfilesError" in caplog.text
        other.execute("ROLLBACK")
        other.close()
        companion.refresh("anna").result(60)
        assert mark(ask(agent, "And back?"))["personalized"] is True
    assert main(ASK) == 0
