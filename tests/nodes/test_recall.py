import pytest

from guided_profile.graph.state import HistoryItem
from guided_profile.nodes.recall import cut


def history(count: int) -> list[HistoryItem]:
    return [HistoryItem(text=f"item {n}", source=("a", "b")[n % 2]) for n in range(count)]


@pytest.mark.parametrize("parts", ["size", "source"])
def test_what_fits_is_left_whole(parts: str) -> None:
    items = history(4)
    assert cut(items, parts, 1000) == [items]
    assert cut([], parts, 1000) == []


@pytest.mark.parametrize("parts", ["size", "source"])
@pytest.mark.parametrize("budget", [1, 20, 35])
def test_every_item_is_in_exactly_one_part(parts: str, budget: int) -> None:
    items = history(9)
    chunks = cut(items, parts, budget)
    assert sorted(i.id for chunk in chunks for i in chunk) == sorted(i.id for i in items)
    assert all(chunks)


def test_an_item_over_the_budget_is_a_part_of_its_own() -> None:
    items = [HistoryItem(text="x" * 500), *history(2)]
    assert [len(chunk) for chunk in cut(items, "size", 60)] == [1, 2]
