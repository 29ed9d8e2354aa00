from collections.abc import Sequence

import pytest

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.evidence.writing import NEAREST, NumberedItems, items_for_writer
from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.search.ranking import tokens_of

WALKS = [HistoryItem(id=f"{n:02}", text=f"walked about, number {n:02}") for n in range(1, 41)]
WALKS[4] = HistoryItem(id="05", text="i bake rye bread on sundays")
WALKS[29] = HistoryItem(id="30", text="my violin needs new strings, again")
ROOM_FOR_TEN = 10 * max(map(tokens_of, WALKS))


def shown(
    history: HistoryStore, material: Sequence[Sequence[HistoryItem]], guidance: str, tokens: int
) -> NumberedItems:
    history.add("anna", [item for part in material for item in part])
    return items_for_writer(history, "anna", material, guidance, tokens)


def two_parts() -> list[list[HistoryItem]]:
    return [WALKS[:20], WALKS[20:]]


def test_a_short_history_is_shown_whole(history: HistoryStore) -> None:
    whole = shown(history, [WALKS[:7]], "bakes [5]", 1)
    assert whole.items == WALKS[:7]
    assert whole.numbers == [1, 2, 3, 4, 5, 6, 7]
    assert whole.ids[5] == "05"
    assert shown(history, [], "", 1) == NumberedItems([], [])


def test_of_a_long_history_what_the_guidance_cites_is_shown_with_its_numbers(
    history: HistoryStore,
) -> None:
    some = shown(history, two_parts(), "walks [7, 12-13]\nbakes [5]", ROOM_FOR_TEN)
    assert {5, 7, 12, 13} <= set(some.numbers)
    assert some.numbers == sorted(some.numbers)
    assert [some.ids[n] for n in (5, 7, 12, 13)] == ["05", "07", "12", "13"]
    assert sum(map(tokens_of, some.items)) <= ROOM_FOR_TEN


@pytest.mark.parametrize("guidance", ["bakes rye bread", "plays the violin [2]"])
def test_what_the_guidance_is_nearest_to_is_shown_too(history: HistoryStore, guidance: str) -> None:
    some = shown(history, two_parts(), guidance, ROOM_FOR_TEN)
    assert (5 if "rye" in guidance else 30) in some.numbers


def test_what_room_is_left_goes_to_the_newest(history: HistoryStore) -> None:
    some = shown(history, two_parts(), "", ROOM_FOR_TEN)
    assert some.numbers == list(range(40 - len(some.items) + 1, 41))
    assert len(some.items) >= 10
    with_one_line = shown(history, two_parts(), "violin", ROOM_FOR_TEN)
    assert 40 in with_one_line.numbers
    assert len(with_one_line.numbers) > NEAREST


def test_an_item_that_does_not_fit_keeps_no_shorter_ones_out(history: HistoryStore) -> None:
    long = HistoryItem(id="long", text="rye bread " * 500)
    some = shown(history, [WALKS[:20], [long]], "rye bread [21, 3]", ROOM_FOR_TEN)
    assert 21 not in some.numbers
    assert {3, 5} <= set(some.numbers)


def test_an_item_that_was_deleted_meanwhile_breaks_nothing(history: HistoryStore) -> None:
    history.add("anna", WALKS)
    history.delete("anna", ["30"])
    some = items_for_writer(history, "anna", two_parts(), "violin, rye", ROOM_FOR_TEN)
    assert 5 in some.numbers


def test_guidance_of_marks_alone_is_near_to_nothing(history: HistoryStore) -> None:
    assert shown(history, two_parts(), "[3]\n---", ROOM_FOR_TEN).items
