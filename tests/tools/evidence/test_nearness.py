from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.evidence.base import MOST_EVIDENCE
from guided_profile.tools.evidence.nearness import (
    GROUNDING,
    ON_TOPIC,
    behind,
    grounds,
    is_on_topic,
    nearness,
    speaking_for,
)


def item(id: str, text: str = "7", **given: str) -> HistoryItem:
    return HistoryItem.model_validate({"id": id, "text": text, **given})


def like(*rows: Sequence[float]) -> NDArray[np.float64]:
    return np.array(rows, np.float64)


CAT, BIKE, RYE = item("cat"), item("bike"), item("rye")
THREE = [CAT, BIKE, RYE]


def test_nearness_is_likeness_and_the_share_of_rare_words() -> None:
    items = [item("cat", "the cat Miso sleeps"), item("bus", "the bus"), item("dog", "the dog")]
    near = nearness(["Miso, the cat!"], items, like([0.2, 0.2, -0.1]))
    assert near[0, 0] == pytest.approx(1.2)
    assert 0.2 < near[0, 1] < 0.3, "small words count for little"
    assert near.shape == (1, 3)


def test_a_category_is_part_of_what_an_item_says() -> None:
    (bought,) = nearness(["kitchen"], [item("pan", "a pan", category="Kitchen")], like([0.0]))
    assert bought[0] == pytest.approx(1.0)


def test_what_others_wrote_is_near_to_nothing() -> None:
    items = [item("mine"), item("theirs", role="other")]
    asked = ["Boats?", "Yachts?"]
    assert nearness(asked, items, like([0.9, 0.9], [0.5, 0.5])).tolist() == [[0.9, 0], [0.5, 0]]
    assert behind(asked, items[1:], like([0.9], [0.9])) == ()
    assert not is_on_topic(asked, items[1:], like([0.9], [0.9]))


@pytest.mark.parametrize(("near", "on_topic"), [(ON_TOPIC, True), (ON_TOPIC - 0.01, False)])
def test_one_item_about_one_of_what_is_asked_is_on_topic(near: float, on_topic: bool) -> None:
    assert is_on_topic(["a", "b"], THREE, like([0, 0, 0], [0, near, 0])) is on_topic
    assert not is_on_topic(["a"], [], like([]))


def test_behind_an_answer_stand_the_items_that_each_sentence_is_about() -> None:
    far = like([0.9, 0.1, 0.8], [0.0, 0.5, 0.4])
    assert behind(["a", "b"], THREE, far) == ("cat", "rye", "bike")
    assert behind(["a"], THREE, far[:1]) == ("cat", "rye")  # nearly as near as the nearest
    assert behind(["a"], THREE, like([0.39, 0.3, 0.1])) == ()
    assert behind([], THREE, like([])) == behind(["a"], [], like([])) == ()


def test_no_answer_stands_on_more_items_than_can_be_shown() -> None:
    items = [item(str(n)) for n in range(9)]
    assert behind(["a"], items, like([1.0] * 9)) == ("0", "1", "2", "3", "4")
    assert MOST_EVIDENCE == 5


def test_for_an_option_speak_the_items_that_are_nearer_to_it_than_to_any_other() -> None:
    near = like([0.9, 0.5, 0.3], [0.2, 0.7, 0.2])
    options = ["a", "b"]
    assert speaking_for(0, options, THREE, near) == ("cat",)
    assert speaking_for(1, options, THREE, near) == ("bike",)
    assert speaking_for(0, options, [], like([], [])) == ()


def did(id: str, category: str | None = None) -> HistoryItem:
    return HistoryItem(id=id, text="7", kind="did", category=category)


def test_what_a_person_did_speaks_for_the_options_that_are_like_it() -> None:
    near = like([0.9, 0.2], [0.1, 0.5], [0.0, 0.0])
    found = grounds(3, [did("a"), did("b")], near, {})
    assert found == pytest.approx([GROUNDING * (0.9 - ON_TOPIC), GROUNDING * (0.5 - ON_TOPIC), 0])


def test_what_a_person_said_or_others_did_speaks_for_no_option() -> None:
    """ "I avoid seafood" is as near to a seafood restaurant as "I love seafood" is."""
    others = did("b").model_copy(update={"role": "other"})
    assert grounds(1, [item("a"), others], like([0.9, 0.9]), {}) == [0.0]


@pytest.mark.parametrize(
    ("leipzig", "hamburg", "holds"),
    [
        ([0.9, 0.1, 0.3], [0.6, 0.1, 0.7], "hamburg"),
        ([0.6, 0.1, 0.7], [0.9, 0.1, 0.3], "leipzig"),
        ([0.9, 0.6, 0.88], [0.5, 0.7, 0.5], "leipzig"),  # moved there, and back
        ([0.9, 0.6, 0.9], [0.5, 0.7, 0.5], "leipzig"),
        ([0.9, 0.6, 0.5], [0.5, 0.7, 0.4], "hamburg"),
    ],
)
def test_of_two_statements_the_one_that_rests_on_the_newer_item_holds(
    leipzig: list[float], hamburg: list[float], holds: str
) -> None:
    items = [item("one"), item("two"), item("three")]
    near = like(leipzig, hamburg, [0.4, 0.3, 0.2])
    names = ("leipzig", "hamburg", "boat")
    found = dict(zip(names, grounds(3, items, near, {}, newest=True), strict=True))
    assert max(found, key=found.__getitem__) == holds
    over = "hamburg" if holds == "leipzig" else "leipzig"
    as_near = GROUNDING * (max(leipzig if over == "leipzig" else hamburg) - ON_TOPIC)
    assert found[over] == pytest.approx(as_near / 2)


def test_statements_that_rest_on_the_same_item_or_on_none_are_as_near_as_they_are() -> None:
    (only,) = THREE[:1]
    same = grounds(2, [only], like([0.9], [0.8]), {}, newest=True)
    assert same == pytest.approx([GROUNDING * (near - ON_TOPIC) for near in (0.9, 0.8)])
    assert grounds(2, [only], like([0.9], [0.0]), {}, newest=True)[1] == 0.0


def test_half_of_it_is_the_categorys_where_there_is_one() -> None:
    found = grounds(2, [did("a", "Kitchen")], like([0.9], [0.3]), {"Kitchen": np.array([0.1, 0.9])})
    assert found == pytest.approx([GROUNDING * (0.5 - ON_TOPIC), GROUNDING * (0.6 - ON_TOPIC)])
