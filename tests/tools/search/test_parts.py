"""What of a history goes into prompts: whose items, in which order, and in which parts."""

from datetime import UTC, datetime

import pytest

from guided_profile.graph.records import HistoryItem
from guided_profile.graph.tasks import Task, builtin_tasks
from guided_profile.tools.search.parts import cut, in_order, own
from guided_profile.tools.search.ranking import tokens_of

ONE_QUESTION = builtin_tasks()["dialogue"].model_copy(update={"sources": {}})


def history(count: int) -> list[HistoryItem]:
    return [HistoryItem(text=f"item {n:02}", source=("a", "b")[n % 2]) for n in range(count)]


def task(parts: str = "size") -> Task:
    return ONE_QUESTION.model_copy(update={"parts": parts})


@pytest.mark.parametrize("parts", ["size", "source"])
def test_what_fits_is_left_whole(parts: str) -> None:
    items = history(4)
    assert cut(items, task(parts), 1000) == [items]
    assert cut([], task(parts), 1000) == []


@pytest.mark.parametrize("parts", ["size", "source"])
@pytest.mark.parametrize("budget", [1, 20, 35])
def test_every_item_is_in_exactly_one_part(parts: str, budget: int) -> None:
    items = history(9)
    chunks = cut(items, task(parts), budget)
    assert sorted(i.id for chunk in chunks for i in chunk) == sorted(i.id for i in items)
    assert all(chunks)


def test_an_item_over_the_budget_is_a_part_of_its_own() -> None:
    items = [HistoryItem(text="x" * 500), *history(2)]
    assert [len(chunk) for chunk in cut(items, task(), 60)] == [1, 2]


def test_no_part_is_a_leftover() -> None:
    items = history(25)
    size = tokens_of(items[0])
    assert [len(chunk) for chunk in cut(items, task(), 12 * size)] == [8, 9, 8]
    assert [len(chunk) for chunk in cut(items, task(), 24 * size)] in ([12, 13], [13, 12])


def test_no_part_is_over_the_budget_and_the_order_of_time_is_kept() -> None:
    items = [HistoryItem(text=f"{n} " + "word " * (n * 7 % 40)) for n in range(60)]
    chunks = cut(items, task(), 150)
    assert [item for chunk in chunks for item in chunk] == items
    assert all(sum(map(tokens_of, chunk)) <= 150 for chunk in chunks)


def test_what_is_asked_another_question_is_cut_apart_where_the_whole_does_not_fit() -> None:
    said = [HistoryItem(text=f"said {n:02}") for n in range(6)]
    did = [HistoryItem(text=f"bought {n:02}", category="Baking") for n in range(6)]
    mixed = [item for pair in zip(said, did, strict=True) for item in pair]
    dialogue = builtin_tasks()["dialogue"]
    assert cut(mixed, dialogue, 1000) == [mixed]
    assert cut(mixed, dialogue, sum(map(tokens_of, mixed)) - 1) == [said, did]


def test_what_was_found_stands_as_the_history_lists_it_after_what_is_older() -> None:
    window = history(4)
    undated = HistoryItem(id="a", text="older, of no date")
    dated = HistoryItem(id="b", text="older", time=datetime(2020, 1, 1, tzinfo=UTC))
    found = [window[2], dated, window[0], undated]
    assert in_order(found, window) == [undated, dated, window[0], window[2]]


def test_what_others_wrote_is_left_out() -> None:
    mine, theirs = HistoryItem(text="i bake"), HistoryItem(text="you bake", role="other")
    assert own([theirs, mine]) == [mine]
