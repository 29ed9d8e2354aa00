"""Which folders and servers a history may be opened in, and by whom."""

import errno
import multiprocessing
import os
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

import pytest
from histories import WordEmbedder, item, texts
from ports import free_port
from processes import open_elsewhere

from guided_profile.graph.errors import (
    EmbedderMismatchError,
    HistoryError,
    SettingsError,
    StoreInUseError,
)
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.history import binding, connect
from guided_profile.tools.history.store import HistoryStore


def test_two_stores_of_a_process_share_a_folder(tmp_path: Path) -> None:
    first = HistoryStore.open(WordEmbedder(), path=tmp_path / "history")
    two = HistoryStore.open(WordEmbedder(), path=tmp_path / "." / "history")
    first.add("anna", [item("cat")])
    assert texts(two.list("anna")) == ["cat"]
    first.close()
    assert two.add("anna", [item("dog")]).added
    two.close()


def test_a_first_write_counts_although_a_reader_found_nothing_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HistoryStore.open(WordEmbedder(), path=tmp_path) as store:
        find = binding.found

        def slowly(*given: Any) -> Any:
            nothing = find(*given)
            store._collection.binding.decide(dimension=8, shards=4)
            return nothing

        monkeypatch.setattr(binding, "found", slowly)
        store._collection.binding.find()
        assert store._collection.binding.shards == 4


def test_a_second_process_is_refused(tmp_path: Path) -> None:
    processes = multiprocessing.get_context("spawn")
    ours, theirs = processes.Pipe()
    process = processes.Process(target=open_elsewhere, args=(theirs,))
    process.start()

    def elsewhere() -> str:
        ours.send(tmp_path)
        assert ours.poll(60)
        return str(ours.recv())

    with HistoryStore.open(WordEmbedder(), path=tmp_path):
        assert f"chroma run --path {tmp_path}" in elsewhere()
    assert elsewhere() == "opened"
    ours.send(None)
    process.join(60)
    process.close()
    ours.close()
    theirs.close()


def test_a_fork_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with HistoryStore.open(WordEmbedder(), path=tmp_path) as store:
        with monkeypatch.context() as forked:
            forked.setattr("os.getpid", lambda: -1)
            with pytest.raises(StoreInUseError):
                store.list("anna")
            with pytest.raises(StoreInUseError):
                HistoryStore.open(WordEmbedder(), path=tmp_path)
        assert store.list("anna") == []


def test_a_refused_opening_holds_nothing(tmp_path: Path) -> None:
    with HistoryStore.open(WordEmbedder(), path=tmp_path) as store:
        store.add("anna", [item("cat")])
    with pytest.raises(EmbedderMismatchError):
        HistoryStore.open(WordEmbedder("other"), path=tmp_path)
    shutil.rmtree(tmp_path)
    with HistoryStore.open(WordEmbedder("other"), path=tmp_path) as store:
        assert store.list("anna") == []


def test_a_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(HistoryError, match="file cannot be used"):
        HistoryStore.open(WordEmbedder(), path=tmp_path / "file")
    (tmp_path / "chroma.sqlite3").write_text("this is no database" * 99)
    with pytest.raises(HistoryError, match=r"could not be opened: its database .* is damaged"):
        HistoryStore.open(WordEmbedder(), path=tmp_path)
    (tmp_path / "chroma.sqlite3").unlink()
    HistoryStore.open(WordEmbedder(), path=tmp_path).close()  # the folder was let go of


@pytest.mark.skipif(sys.platform == "win32", reason="Windows locks otherwise")
@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_named_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def no_locks(descriptor: int, operation: int) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patched:
        patched.setattr("fcntl.flock", no_locks)
        with pytest.raises(HistoryError, match="has no file locks"):
            HistoryStore.open(WordEmbedder(), path=tmp_path)
    HistoryStore.open(WordEmbedder(), path=tmp_path).close()


def test_no_server_is_named_with_what_to_start() -> None:
    port = free_port()
    with pytest.raises(
        HistoryError, match=f"at http://127.0.0.1:{port}; .*--port {port}`"
    ) as caught:
        HistoryStore.open(WordEmbedder(), url=f"http://name:password@127.0.0.1:{port}")
    assert "password" not in str(caught.value)


@pytest.mark.parametrize(
    "where",
    [{}, {"path": Path("a"), "url": "http://a"}, {"url": "127.0.0.1:8000"}, {"url": "http://"}],
)
def test_a_place_that_is_none_is_refused(where: Any) -> None:
    with pytest.raises(SettingsError):
        HistoryStore.open(WordEmbedder(), **where)


def test_a_server_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setattr(connect, "OPENS_WITHIN", 0.2)
        with pytest.raises(HistoryError, match="does not answer; see whether it is overloaded"):
            HistoryStore.open(LexicalEmbedder(), url=url)


@pytest.mark.parametrize("share", [None, 0, 0.5])
def test_a_database_that_is_missing_or_cut_does_not_open_as_empty(
    tmp_path: Path, share: float | None
) -> None:
    with HistoryStore.open(WordEmbedder(), path=tmp_path) as store:
        store.add("anna", [item("cat")])
    database = tmp_path / "chroma.sqlite3"
    whole = database.read_bytes()
    if share is None:
        database.unlink()
    else:
        os.truncate(database, int(share * len(whole)))
    with pytest.raises(HistoryError, match=r"missing or empty|is damaged"):
        HistoryStore.open(WordEmbedder(), path=tmp_path)
    database.write_bytes(whole)
    with HistoryStore.open(WordEmbedder(), path=tmp_path) as store:
        assert texts(store.list("anna")) == ["cat"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such rights")
def test_what_holds_a_history_is_its_owners_alone(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)  # a folder that was there
    before = os.umask(0)
    try:
        with HistoryStore.open(WordEmbedder(), path=tmp_path) as store:
            store.add("anna", [item("cat")])
            outside = list(tmp_path.iterdir())
    finally:
        os.umask(before)
    assert len(outside) >= 4
    assert [path.name for path in outside if path.stat().st_mode & 0o077] == []
