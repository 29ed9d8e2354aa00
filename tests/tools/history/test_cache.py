"""The users who are being served are in memory, within a bound, and never stale."""

import threading
from pathlib import Path

import numpy as np
import pytest
from digested import DigestEmbedder, named

from guided_profile.tools.history import folder as history_folder
from guided_profile.tools.history.cache import UserCache, UserItems
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.history.stored import Stored


def items_of(user: str, count: int) -> UserItems:
    stored = [
        Stored(item, n, 0) for n, item in enumerate(named(user, (str(n) for n in range(count))))
    ]
    return UserItems.of(stored, np.eye(count, 8, dtype=np.float32))


def test_whoever_was_served_longest_ago_goes_first() -> None:
    cache = UserCache(3 * items_of("anna", 4).size + 200)
    for user in ("anna", "ben", "cleo"):
        cache.keep(user, items_of(user, 4), cache.version(user))
    assert cache.get("anna")
    cache.keep("dora", items_of("dora", 4), cache.version("dora"))
    assert [user for user in ("anna", "ben", "cleo", "dora") if cache.get(user)] == [
        "anna",
        "cleo",
        "dora",
    ]
    cache.keep("ed", items_of("ed", 90), cache.version("ed"))
    assert cache.get("ed") is None  # alone it would take more than there is
    assert cache.get("anna")


def test_what_was_read_before_a_change_is_not_kept() -> None:
    cache = UserCache()
    version = cache.version("anna")
    cache.change("anna", lambda kept: kept)
    cache.keep("anna", items_of("anna", 2), version)
    assert cache.get("anna") is None


def test_what_a_reader_saw_before_the_write_was_confirmed_is_there_once() -> None:
    two, three = items_of("anna", 2), items_of("anna", 3)
    assert three.vectors is not None
    both = two.plus(three.stored, three.vectors)
    assert [stored.item.id for stored in both.stored] == ["0", "1", "2"]
    np.testing.assert_array_equal(both.vectors, three.vectors)
    less = both.minus(["1"])
    assert less.rows == {"0": 0, "2": 1}
    np.testing.assert_array_equal(less.vectors, three.vectors[[0, 2]])


def test_readers_beside_a_writer_see_each_item_once(tmp_path: Path) -> None:
    wrong: list[object] = []
    done = threading.Event()
    with HistoryStore.open(DigestEmbedder(), path=tmp_path) as store:

        def read() -> None:
            while not done.is_set():
                ids = [item.id for item in store.list("anna")]
                if len(ids) != len(set(ids)):
                    wrong.append(ids)
                found = store.search("anna", "anna did 3", limit=99)
                if len(found) != len({found_item.item.id for found_item in found}):
                    wrong.append(found)
                if len(ids) > 20:
                    store._collection.connection.cache.clear()  # as if others were served

        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        for start in range(0, 60, 3):
            store.add("anna", named("anna", (str(n) for n in range(start, start + 3))))
            if start % 9 == 0:
                store.delete("anna", [str(start)])
        done.set()
        for reader in readers:
            reader.join()
        assert not wrong
        assert store.count("anna") == 60 - 7


def test_chroma_lets_go_of_indexes_that_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history_folder, "LOADED", 3)
    users = [f"user {n}" for n in range(12)]
    with HistoryStore.open(DigestEmbedder(), path=tmp_path) as store:
        connection = store._collection.connection
        restarts: list[None] = []
        restart = connection.restart  # type: ignore[attr-defined]
        monkeypatch.setattr(connection, "restart", lambda: (restarts.append(None), restart()))
        for user in users:
            store.add(user, named(user, ["1"]))
        connection.cache.clear()
        for user in users:
            assert [item.text for item in store.list(user)] == [f"{user} did 1"]
            assert store.vectors(user, ["1"])
        assert len(restarts) >= 6


def test_what_was_made_of_texts_goes_with_any_of_them_and_stays_when_more_come() -> None:
    cache = UserCache()
    assert cache.beside("anna") is not cache.beside("anna"), "nothing of hers is kept"
    cache.keep("anna", items_of("anna", 2), cache.version("anna"))
    cache.beside("anna")["m", "idk"] = "I do not know."
    three = items_of("anna", 3)
    assert three.vectors is not None
    vectors = three.vectors
    cache.change("anna", lambda kept: kept.plus(three.stored, vectors))
    assert cache.beside("anna")
    cache.keep("anna", items_of("anna", 2), cache.version("anna"))  # another process deleted one
    assert not cache.beside("anna")
    cache.beside("anna")["m", "idk"] = "I do not know."
    cache.drop("anna")
    assert not cache.beside("anna")
