"""Histories and profiles brought to another place, and compared there."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from langgraph.store.base import Op, Result
from langgraph.store.memory import InMemoryStore

from guided_profile.graph.errors import HistoryError, HistoryItemError, ProfilesError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.embedders.lexical import LexicalEmbedder
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.profiles.store import REQUESTS, ROOT
from guided_profile.tools.user_data.migrate import CarriedVectors, move_histories, move_records

WHERE = (*ROOT, "anna", "dialogue", "wishes")


class Counting(LexicalEmbedder):
    asked = 0

    def embed_documents(self, texts: list[str], /) -> list[list[float]]:
        type(self).asked += len(texts)
        return super().embed_documents(texts)


@pytest.fixture
def vectors() -> CarriedVectors:
    Counting.asked = 0
    return CarriedVectors(Counting())


@pytest.fixture
def other(tmp_path: Path, vectors: CarriedVectors) -> Iterator[HistoryStore]:
    with HistoryStore.open(vectors, path=tmp_path / "other") as store:
        yield store


def items(*texts: str) -> list[HistoryItem]:
    return [HistoryItem(id=text, text=text, source="chat") for text in texts]


def test_items_come_with_their_marks_and_vectors_and_none_is_embedded(
    history: HistoryStore, other: HistoryStore, vectors: CarriedVectors
) -> None:
    history.add("anna", items("a cat", "a dog", "a wok"))
    history.add("ben", items("a cat"))
    history.withdraw("anna", ["a dog"])
    history.release("anna", ["a wok"])
    moved = move_histories(history, other, vectors)
    assert (moved.there, moved.new, moved.only_there) == (4, 4, 0)
    for user in ("anna", "ben"):
        assert other.list(user, withdrawn=True) == history.list(user, withdrawn=True)
        assert other.vectors(user, ["a cat"])["a cat"].tolist() == pytest.approx(
            history.vectors(user, ["a cat"])["a cat"].tolist()
        )
    assert Counting.asked == 0
    again = move_histories(history, other, vectors)
    assert (again.there, again.new, again.digest) == (4, 0, moved.digest)


def test_a_run_that_was_ended_goes_on(
    history: HistoryStore, other: HistoryStore, vectors: CarriedVectors
) -> None:
    for user in ("anna", "ben"):
        history.add(user, items("a cat", "a dog"))

    def ends(done: int, of: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move_histories(history, other, vectors, ends)
    other.add("cleo", items("a bird"))
    moved = move_histories(history, other, vectors)
    assert (moved.there, moved.new) == (4, 2)


def test_an_id_that_says_something_else_there_is_an_error(
    history: HistoryStore, other: HistoryStore, vectors: CarriedVectors
) -> None:
    history.add("anna", [HistoryItem(id="1", text="a cat", source="chat")])
    other.add("anna", [HistoryItem(id="1", text="a dog", source="chat")])
    with pytest.raises((HistoryError, HistoryItemError)):
        move_histories(history, other, vectors)
    assert [item.text for item in other.list("anna")] == ["a dog"]


async def test_records_are_brought_once_and_what_was_changed_there_since_stays() -> None:
    here, there = InMemoryStore(), InMemoryStore()
    for number in range(250):
        await here.aput(WHERE, f"{number}", {"text": f"no. {number}"}, index=False)
    await here.aput((*REQUESTS, "anna"), "1", {"a": 1}, index=False)
    await here.aput(("guided_profile", "keys"), "1", {"a": 1}, index=False)
    moved = await move_records(here, there)
    assert (moved.there, moved.new, moved.newer_there, moved.only_there) == (251, 251, 0, 0)
    await there.aput(WHERE, "7", {"text": "later"}, index=False)
    await there.aput(WHERE, "new", {"text": "new"}, index=False)
    again = await move_records(here, there)
    assert (again.there, again.new, again.newer_there, again.only_there) == (251, 0, 1, 1)
    kept = await there.aget(WHERE, "7")
    assert kept
    assert kept.value == {"text": "later"}
    back = await move_records(there, here)
    assert (back.there, back.new) == (252, 2)
    assert await there.aget(("guided_profile", "keys"), "1") is None


async def test_what_came_otherwise_than_it_was_sent_is_an_error() -> None:
    class Losing(InMemoryStore):
        async def abatch(self, ops: Iterable[Op]) -> list[Result]:
            return await super().abatch([op for op in ops if getattr(op, "key", "") != "2"])

    here = InMemoryStore()
    for key in ("1", "2"):
        await here.aput(WHERE, key, {"text": key}, index=False)
    with pytest.raises(ProfilesError, match="not the same at both places"):
        await move_records(here, Losing())
