"""What is deleted from a folder is in none of its files; what is another's stays."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from digested import DigestEmbedder

from guided_profile.graph.errors import HistoryError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history import collection, shards
from guided_profile.tools.history.folder import ERASING
from guided_profile.tools.history.store import HistoryStore


@pytest.fixture(params=[1, 512])
def store(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[HistoryStore]:
    """A store whose users share one collection, or have 512."""
    monkeypatch.setattr(shards, "SHARDS", request.param)
    with HistoryStore.open(DigestEmbedder(), path=tmp_path) as opened:
        yield opened


def history_of(user: str, count: int) -> list[HistoryItem]:
    return [
        HistoryItem(
            id=f"{user}-id-{n}",
            text=f"{user} Quartermain söt number {n} xyzzy",
            source=f"{user} source",
        )
        for n in range(count)
    ]


def traces(folder: Path, wanted: dict[str, bytes]) -> set[tuple[str, str]]:
    """Return what is in which file."""
    files = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {
        (name, path.name)
        for path, data in files.items()
        for name, value in wanted.items()
        if value in data
    }


def what_is_kept(store: HistoryStore, user: str) -> dict[str, bytes]:
    """Return the bytes that tell of a user: who, ids, texts, words and vectors, as f32."""
    listed = store.list(user)
    vectors = store.vectors(user, [item.id for item in listed])
    kept = {"user": user.encode(), "source": f"{user} source".encode()}
    kept |= {f"word {user}": f"{user} Quartermain".encode()}
    kept |= {item.id: item.id.encode() for item in listed}
    kept |= {f"text of {item.id}": item.text.encode() for item in listed}
    for id_, vector in vectors.items():
        kept[f"vector of {id_}"] = vector.tobytes()
        kept[f"a part of the vector of {id_}"] = vector[40:44].tobytes()
    return kept


@pytest.mark.parametrize("batches", [1, 7])
def test_nothing_of_a_deleted_user_is_in_any_file(
    store: HistoryStore, tmp_path: Path, batches: int
) -> None:
    for part in range(batches):
        for user in ("Xanthippe", "Yolanda"):
            store.add(user, history_of(user, 140)[part * 20 : (part + 1) * 20])
    gone, stays = what_is_kept(store, "Xanthippe"), what_is_kept(store, "Yolanda")
    there = {name for name, _ in traces(tmp_path, gone)}
    assert there == set(gone)  # else what is looked for is not how it is kept
    assert store.delete_user("Xanthippe") == 20 * batches
    assert traces(tmp_path, gone) == set()
    assert {name for name, _ in traces(tmp_path, stays)} == set(stays)
    assert store.list("Xanthippe") == []
    store.add("Yolanda", history_of("Yolanda", 200)[190:])
    store.close()
    assert traces(tmp_path, gone) == set()
    with HistoryStore.open(DigestEmbedder(), path=tmp_path) as again:
        assert again.count("Yolanda") == 20 * batches + 10
        assert len(again.vectors("Yolanda", [item.id for item in history_of("Yolanda", 5)])) == 5
        assert again.users() == ["Yolanda"]
    assert traces(tmp_path, gone) == set()


def test_nothing_of_a_deleted_item_is_in_any_file(store: HistoryStore, tmp_path: Path) -> None:
    items = history_of("Xanthippe", 40)
    store.add("Xanthippe", items)
    kept = what_is_kept(store, "Xanthippe")
    ids = [item.id for item in items[10:13]]
    of_them = {
        name: data
        for name, data in kept.items()
        if any(f"{name} ".find(f"{id_} ") >= 0 for id_ in ids)
    }
    assert len(of_them) == 12
    assert {name for name, _ in traces(tmp_path, of_them)} == set(of_them)
    assert store.delete("Xanthippe", ids) == tuple(ids)
    assert traces(tmp_path, of_them) == set()
    assert store.count("Xanthippe") == 37
    assert len(store.vectors("Xanthippe", [item.id for item in items])) == 37


def test_a_deletion_that_was_cut_short_is_ended_when_the_store_is_opened(
    store: HistoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add("Xanthippe", history_of("Xanthippe", 30))
    kept = what_is_kept(store, "Xanthippe")
    text = {name: data for name, data in kept.items() if name.startswith("text")}

    def killed(self: object) -> None:
        raise HistoryError("killed")

    with monkeypatch.context() as patched:
        patched.setattr("guided_profile.tools.history.folder.Folder.scrub", killed)
        with pytest.raises(HistoryError, match="killed"):
            store.delete_user("Xanthippe")
    store.close()
    assert traces(tmp_path, text)  # Chroma alone leaves the text in its file
    assert (tmp_path / ERASING).exists()
    HistoryStore.open(DigestEmbedder(), path=tmp_path).close()
    assert traces(tmp_path, kept) == set()
    assert not (tmp_path / ERASING).exists()


@pytest.mark.parametrize("whole", [True, False])
def test_a_deletion_that_failed_is_finished_by_doing_it_again(
    store: HistoryStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    store.add("Xanthippe", history_of("Xanthippe", 30))
    kept = what_is_kept(store, "Xanthippe")

    def delete() -> None:
        if whole:
            store.delete_user("Xanthippe")
        else:
            store.delete("Xanthippe", [f"Xanthippe-id-{n}" for n in range(30)])

    def full(self: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("guided_profile.tools.history.index.IndexFiles.scrub", full)
        for _ in range(2):
            with pytest.raises(HistoryError, match="disk is full; make room"):
                delete()
    assert traces(tmp_path, kept)
    delete()
    assert traces(tmp_path, kept) == set()
    assert not (tmp_path / ERASING).exists()


def test_what_is_not_there_rewrites_no_file(
    store: HistoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(self: object) -> None:
        raise AssertionError

    store.add("Yolanda", history_of("Yolanda", 3))
    monkeypatch.setattr("guided_profile.tools.history.index.IndexFiles.scrub", never)
    assert store.delete("Yolanda", ["none"]) == ()
    assert store.delete_user("Xanthippe") == 0


def test_the_memory_forgets_too(store: HistoryStore) -> None:
    store.add("Xanthippe", history_of("Xanthippe", 3))
    store.search("Xanthippe", "number", limit=1)
    store.delete("Xanthippe", ["Xanthippe-id-1"])
    cache = store._collection.connection.cache
    kept = cache.get("Xanthippe")
    assert kept is None or "Xanthippe-id-1" not in kept.rows
    store.delete_user("Xanthippe")
    assert cache.get("Xanthippe") is None
    assert np.isfinite(cache.limit)


def test_who_reads_while_a_deletion_fails_keeps_nothing_of_what_went(
    store: HistoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collection, "PAGE", 2)
    store.add("Xanthippe", history_of("Xanthippe", 4))
    ids = [f"Xanthippe-id-{n}" for n in range(4)]
    assert store.list("Xanthippe")
    ask, asked = store._collection._ask, []

    def fails(name: str, done: str, call: Any, **more: Any) -> Any:
        asked.append(done)
        if asked == 2 * ["deleted from"]:  # the first page is about to go
            assert len(store.list("Xanthippe")) == 4
        if asked.count("deleted from") == 3:  # the second one
            raise HistoryError("Chroma failed.")
        return ask(name, done, call, **more)

    with monkeypatch.context() as patched:
        patched.setattr(store._collection, "_ask", fails)
        assert len(store.get("Xanthippe", ids)) == 4
        assert not asked, "what is in memory is not asked for"
        with pytest.raises(HistoryError):
            store.delete("Xanthippe", ids)
    assert [item.id for item in store.get("Xanthippe", ids)] == ids[2:]
    assert [item.id for item in store.list("Xanthippe")] == ids[2:]


def test_an_index_file_holds_nothing_of_the_memory(store: HistoryStore, tmp_path: Path) -> None:
    for part in range(3):
        store.add("Xanthippe", history_of("Xanthippe", 30)[part * 10 : (part + 1) * 10])
        (lengths,) = tmp_path.glob("*-*/length.bin")
        data = (lengths.parent / "data_level0.bin").read_bytes()
        assert not any(lengths.read_bytes())
        assert len(data) % 100 == 0  # Chroma's new index has room for 100
        assert not any(data[len(data) // 100 * 10 * (part + 1) :])
