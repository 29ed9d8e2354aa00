"""A history that is bound to one embedder, read without it and embedded again with another."""

from pathlib import Path

import pytest
from digested import DigestEmbedder
from histories import WordEmbedder, item, texts

from guided_profile.graph.errors import EmbedderMismatchError, HistoryError, ModelError
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.history import exchange
from guided_profile.tools.history.reindex import reindex
from guided_profile.tools.history.store import HistoryStore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A history of two users, embedded by words."""
    path = tmp_path / "history"
    with HistoryStore.open(WordEmbedder(), path=path) as store:
        for user in ("anna", "ben"):
            store.add(user, [item(f"{user} has a cat"), item("a dog")])
    return path


def test_without_its_embedder_it_is_read_and_deleted(folder: Path) -> None:
    with HistoryStore.open(None, path=folder) as store:
        assert texts(store.list("anna")) == ["anna has a cat", "a dog"]
        with pytest.raises(HistoryError, match="without an embedder"):
            store.add("anna", [item("a horse")])
        with pytest.raises(HistoryError, match="without an embedder"):
            store.search("anna", "cat", limit=1)
        assert store.delete_user("anna") == 2
    with HistoryStore.open(WordEmbedder(), path=folder) as store:
        assert store.users() == ["ben"]


def test_it_is_embedded_again_for_another_embedder(folder: Path) -> None:
    progress: list[tuple[int, int]] = []
    with HistoryStore.open(WordEmbedder(), path=folder) as store:
        store.release("anna", [item("a dog").id])
    assert reindex(folder, LexicalEmbedder(), lambda *done: progress.append(done)) == 4
    assert progress == [(0, 2), (1, 2)]
    assert [path.name for path in folder.parent.iterdir()] == ["history"]
    with pytest.raises(EmbedderMismatchError, match="guided-profile reindex"):
        HistoryStore.open(WordEmbedder(), path=folder)
    with HistoryStore.open(LexicalEmbedder(), path=folder) as store:
        assert texts(store.list("anna")) == ["anna has a cat", "a dog"]
        assert [kept.text for kept in store.list("anna") if kept.released] == ["a dog"]
        assert store.search("anna", "cat", limit=1)[0].item.text == "anna has a cat"
        assert len(next(iter(store.vectors("ben", [store.list("ben")[0].id]).values()))) == 512


def test_what_failed_leaves_the_history_and_nothing_of_who_is_forgotten_then(folder: Path) -> None:
    class Fails(LexicalEmbedder):
        def embed_documents(self, texts: list[str], /) -> list[list[float]]:
            if any("ben" in text for text in texts):
                raise ModelError("the endpoint is gone.")
            return super().embed_documents(texts)

    with pytest.raises(ModelError):
        reindex(folder, Fails())
    with HistoryStore.open(WordEmbedder(), path=folder) as store:
        store.delete_user("anna")
    files = [path for path in folder.parent.rglob("*") if path.is_file()]
    assert not any(b"anna has" in path.read_bytes() for path in files)
    assert reindex(folder, LexicalEmbedder()) == 2


@pytest.mark.parametrize("opened_meanwhile", [True, False])
def test_an_exchange_that_was_interrupted_is_said_and_ended(
    folder: Path, opened_meanwhile: bool
) -> None:
    with HistoryStore.open(DigestEmbedder(), path=exchange.new_of(folder)) as store:
        store.add("anna", [item("a horse")])
    folder.rename(exchange.old_of(folder))
    if opened_meanwhile:
        with pytest.raises(HistoryError, match="give `guided-profile reindex` once more"):
            HistoryStore.open(WordEmbedder(), path=folder)
    assert reindex(folder, LexicalEmbedder()) == 1
    with HistoryStore.open(LexicalEmbedder(), path=folder) as store:
        assert texts(store.list("anna")) == ["a horse"]
    assert [path.name for path in folder.parent.iterdir()] == ["history"]


def test_where_there_is_no_history_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="there is no history"):
        reindex(tmp_path / "history", LexicalEmbedder())
    assert list(tmp_path.iterdir()) == []
