"""What one request reads of a history that others write to: once, and all that was there before."""

from collections.abc import Iterator
from contextvars import copy_context
from pathlib import Path
from typing import Any

import chromadb
import pytest
from histories import WordEmbedder, item, texts

from guided_profile.tools.history import within_request
from guided_profile.tools.history.collection import ItemCollection
from guided_profile.tools.history.connection import Connection, settings_of_chroma
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.history.within_request import HOLDS, begin_request

FIRST = [item("a wok of steel", 1, id="wok"), item("a kettle", 2, id="kettle")]


class Asked(list[dict[str, Any]]):
    """What Chroma was asked to read."""

    def embeddings_of(self) -> list[Any]:
        """Return the ids of which vectors were wanted; None: of all."""
        return [query.get("ids") for query in self if "embeddings" in query["include"]]


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[HistoryStore, HistoryStore]]:
    """Stores of two processes on one server, which both have read what anna has."""
    client: Any = chromadb.PersistentClient(tmp_path, settings_of_chroma())
    one, other = (HistoryStore(WordEmbedder(), Connection(client, "server")) for _ in range(2))
    one.add("anna", FIRST)
    for store in (one, other):
        store.search("anna", "wok", limit=1)
    yield one, other
    client.close()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    queries, get = Asked(), ItemCollection._get

    def counting(self: ItemCollection, user_id: str, **query: Any) -> Any:
        queries.append(query)
        return get(self, user_id, **query)

    monkeypatch.setattr(ItemCollection, "_get", counting)
    return queries


@pytest.fixture(autouse=True)
def _no_request_stays() -> Iterator[None]:
    """Let no test's request be another's."""
    before = within_request._began.get()
    yield
    within_request._began.set(before)


def everything_of(store: HistoryStore) -> None:
    """Read as an answer does."""
    store.search("anna", "wok", limit=2)
    store.list("anna", newest=10)
    store.vectors("anna", ["wok"])
    store.get("anna", ["kettle"], now=False)


def test_a_request_reads_a_users_items_once(
    two: tuple[HistoryStore, HistoryStore], asked: Asked
) -> None:
    one, _ = two
    everything_of(one)
    assert len(asked) == 4, "outside of a request, each read asks the server"
    asked.clear()
    begin_request()
    everything_of(one)
    assert [query["include"] for query in asked] == [["metadatas"]]
    begin_request()
    everything_of(one)
    assert len(asked) == 2


def test_a_request_sees_what_another_process_did_before_it(
    two: tuple[HistoryStore, HistoryStore],
) -> None:
    one, other = two
    begin_request()
    everything_of(one)
    other.add("anna", [item("a globe", 3, id="globe")])
    other.delete("anna", ["wok"])
    other.withdraw("anna", ["kettle"])
    begin_request()
    assert texts(one.list("anna")) == ["a globe"]
    assert [found.item.id for found in one.search("anna", "kettle globe", limit=9)] == ["globe"]
    assert [kept.withdrawn for kept in one.get("anna", ["kettle"], now=False)] == [True]
    assert one.vectors("anna", ["wok", "globe"]).keys() == {"globe"}


def test_who_needs_it_sees_what_another_process_did_meanwhile(
    two: tuple[HistoryStore, HistoryStore],
) -> None:
    one, other = two
    begin_request()
    everything_of(one)
    other.delete("anna", ["kettle"])
    assert texts(one.get("anna", ["kettle"], now=False)) == ["a kettle"]
    assert one.get("anna", ["kettle"]) == []


def test_what_this_process_does_in_a_request_is_seen_in_it(
    two: tuple[HistoryStore, HistoryStore], asked: Asked
) -> None:
    one, _ = two
    begin_request()
    everything_of(one)
    one.add("anna", [item("a globe", 3, id="globe")])
    asked.clear()
    assert texts(one.list("anna", newest=1)) == ["a globe"]
    assert asked == []
    one.delete("anna", ["globe"])
    assert one.get("anna", ["globe"], now=False) == []


def test_what_a_request_read_holds_for_a_while(
    two: tuple[HistoryStore, HistoryStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    begin_request()
    everything_of(one)
    other.delete("anna", ["kettle"])
    assert len(one.list("anna")) == 2
    later = within_request.monotonic() + HOLDS
    monkeypatch.setattr(within_request, "monotonic", lambda: later)
    assert texts(one.list("anna")) == ["a wok of steel"]


def test_a_request_is_of_its_own_task(two: tuple[HistoryStore, HistoryStore]) -> None:
    one, other = two
    copy_context().run(begin_request)
    everything_of(one)
    other.delete("anna", ["kettle"])
    assert texts(one.list("anna")) == ["a wok of steel"]


def test_of_what_another_process_added_the_vectors_are_fetched_and_of_nothing_else(
    two: tuple[HistoryStore, HistoryStore], asked: Asked
) -> None:
    one, other = two
    other.add("anna", [item("a globe", 3, id="globe")])
    other.delete("anna", ["wok"])
    found = one.search("anna", "globe", limit=2)
    assert [match.item.id for match in found] == ["globe", "kettle"]
    assert found[0].score == pytest.approx(2**-0.5)
    (ids,) = asked.embeddings_of()
    assert len(ids) == 1
    one.list("anna")
    one.search("anna", "kettle", limit=2)
    assert len(asked.embeddings_of()) == 1, "the vectors stay in memory"


def test_an_item_that_came_and_went_meanwhile_is_not_there(
    two: tuple[HistoryStore, HistoryStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = two
    other.add("anna", [item("a globe", 3, id="globe")])
    vectors_of = ItemCollection._vectors_of

    def too_late(self: ItemCollection, *given: Any) -> Any:
        other.delete("anna", ["globe"])
        return vectors_of(self, *given)

    monkeypatch.setattr(ItemCollection, "_vectors_of", too_late)
    assert {match.item.id for match in one.search("anna", "globe wok", limit=9)} == {
        "wok",
        "kettle",
    }
