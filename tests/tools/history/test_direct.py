"""What is read from a folder's files is what Chroma has, and Chroma is asked where it is not."""

import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from digested import DigestEmbedder

from guided_profile.graph.context import Recall
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.history import direct
from guided_profile.tools.history.cache import UserItems
from guided_profile.tools.history.collection import ItemCollection
from guided_profile.tools.history.folder import Folder
from guided_profile.tools.history.index import IndexFiles
from guided_profile.tools.history.records import Filter
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.history.stored import Stored

START = datetime(2024, 1, 1, tzinfo=UTC)


def diary(user: str, count: int) -> list[HistoryItem]:
    """Return items with and without a time, of both roles, in several scripts."""
    said = ("rye bread %d", "Müßig über Äpfel %d", "мой кот %d", "我的猫 %d", "खाना %d")
    return [
        HistoryItem(
            id=f"{user} {n}",
            text=said[n % len(said)] % n,
            source="chat" if n % 3 else "posts",
            category="food" if n % 7 == 0 else None,
            time=None if n % 5 == 0 else START + timedelta(hours=n % 11),
            role="other" if n % 6 == 0 else "user",
        )
        for n in range(count)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with HistoryStore.open(DigestEmbedder(), path=tmp_path) as store:
        for user in ("anna", "ben \x00'\"ö"):
            store.add(user, diary(user, 61))
        for n in range(61, 66):
            store.add("anna", diary("anna", n + 1)[n:])
        store.delete("anna", ["anna 3", "anna 62"])
        store.withdraw("anna", ["anna 4"])
        store.release("anna", ["anna 8"])
    return tmp_path


def answers(store: HistoryStore, user: str) -> list[Any]:
    ids = [item.id for item in store.list(user, withdrawn=True)]
    vectors = store.vectors(user, ids)
    return [
        store.list(user, withdrawn=True),
        store.list(user, newest=7),
        store.list(user, source="posts", since=START),
        [store.search(user, query, limit=9) for query in ("rye 31", "кот", "猫", "über")],
        store.search(user, "Äpfel", limit=30, role="user", recall=Recall(half_life_days=3)),
        [vectors[id_].tolist() for id_ in ids],
        store.count(user),
    ]


def test_it_is_what_chroma_answers_with(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = ("anna", "ben \x00'\"ö", "nobody")
    with HistoryStore.open(DigestEmbedder(), path=folder) as store:
        read = {user: answers(store, user) for user in users}
    with (
        monkeypatch.context() as patched,
        HistoryStore.open(DigestEmbedder(), path=folder) as store,
    ):
        patched.setattr(ItemCollection, "_stored_in_files", lambda *_: None)
        patched.setattr(ItemCollection, "_matching_in_files", lambda *_: None)
        assert {user: answers(store, user) for user in users} == read
    assert read["anna"][-1] == 64


def test_chroma_hands_out_no_vector_that_is_in_the_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(ItemCollection, "_matching", never)
    with HistoryStore.open(DigestEmbedder(), path=folder) as store:
        assert len(store.search("anna", "rye", limit=99)) == 63


@pytest.mark.parametrize("missing", ["one", "all"])
def test_chroma_is_asked_for_vectors_that_are_not_in_the_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    read = IndexFiles.vectors_of

    def some(self: IndexFiles, name: str, dimension: int, records: Any) -> Any:
        rows = read(self, name, dimension, records)
        rows[5 if missing == "one" else slice(None)] = 0
        return rows

    with HistoryStore.open(DigestEmbedder(), path=folder) as store:
        before = answers(store, "anna")
        store._collection.connection.cache.clear()
        monkeypatch.setattr(IndexFiles, "vectors_of", some)
        assert answers(store, "anna") == before


def test_what_is_in_chromas_log_alone_is_asked_of_chroma(folder: Path) -> None:
    with HistoryStore.open(DigestEmbedder(), path=folder) as store:
        store.list("anna")
        opened, name = store._collection.connection, store._collection._name_for("anna")
        assert isinstance(opened, Folder)
        database = shutil.copy(opened.files.database, folder / "copy.sqlite3")
    assert direct.items_of(database, name, "anna")
    with closing(sqlite3.connect(database)) as changed, changed:
        changed.execute("UPDATE max_seq_id SET seq_id = 0")
    assert direct.items_of(database, name, "anna") is None
    assert direct.items_of(database, "none", "anna") is None


def test_a_file_that_would_make_something_makes_nothing(folder: Path) -> None:
    index = next(folder.glob("*-*/"))
    (index / "index_metadata.pickle").write_bytes(b"cos\nsystem\n(S'exit 1'\ntR.")
    assert not direct.vectors_of(index, 96, ["anna 1"]).any()


def stored(items: list[HistoryItem]) -> list[Stored]:
    return [Stored(item, int(item.id.split()[1]), 0) for item in items]


def test_words_are_kept_in_step_with_the_items() -> None:
    items = diary("anna", 40)
    few = UserItems.of(stored(items[:30]), np.zeros((30, 2), np.float32))
    first = few.searched(Filter(), None)
    grown = few.plus(stored(items[30:]), np.zeros((10, 2), np.float32)).minus(["anna 7"])
    again = UserItems.of(stored([item for item in items if item.id != "anna 7"]), None)
    assert grown.words
    assert not again.words
    made, wanted = grown.searched(Filter(), None), again.searched(Filter(), None)
    assert len(first.stored) == 30
    assert [entry.id for entry in made.stored] == [entry.id for entry in wanted.stored]
    np.testing.assert_array_equal(made.candidates.words.hashes, wanted.candidates.words.hashes)
    np.testing.assert_array_equal(made.candidates.words.lengths, wanted.candidates.words.lengths)
    np.testing.assert_array_equal(made.candidates.days, wanted.candidates.days)
    undated = [entry.item.time is None for entry in made.stored]
    assert np.isnan(made.candidates.days).tolist() == undated
