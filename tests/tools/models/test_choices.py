import asyncio
from collections.abc import Sequence
from math import exp
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guided_profile.tools.models.choices import (
    Grounds,
    Tally,
    ask_until_clear,
    average,
    named_option,
    rotations,
    vote,
)


def biased(scores: list[float], bias: list[float], order: list[int]) -> dict[str, float]:
    """A model that knows the options' worth but multiplies each letter by its place's bias."""
    weights = [scores[option] * bias[place] for place, option in enumerate(order)]
    return {letter: w / sum(weights) for letter, w in zip("ABCD", weights, strict=False)}


def test_position_bias_cancels_out_over_all_rotations() -> None:
    worth, bias = [0.2, 0.35, 0.25, 0.2], [0.7, 0.2, 0.01, 0.09]
    orders = rotations(4, 6)
    tally = average(orders, [biased(worth, bias, order) for order in orders])
    assert tally.probabilities == pytest.approx(worth, abs=1e-6)
    assert tally.on_options == pytest.approx(1.0)


def test_one_order_alone_would_pick_the_favoured_place() -> None:
    worth, bias = [0.2, 0.35, 0.25, 0.2], [0.7, 0.2, 0.01, 0.09]
    orders = rotations(4, 1)
    tally = average(orders, [biased(worth, bias, order) for order in orders])
    assert tally.probabilities.index(max(tally.probabilities)) == 0


def test_a_letter_that_was_not_reported_does_not_break_the_average() -> None:
    tally = average([[0, 1], [1, 0]], [{"A": 0.9}, {"B": 0.8}])
    assert tally.probabilities[0] > 0.99
    assert tally.on_options == pytest.approx(0.85)


def test_many_options_are_rotated_in_evenly_spaced_steps() -> None:
    orders = rotations(12, 6)
    assert [order[0] for order in orders] == [0, 2, 4, 6, 8, 10]
    assert all(sorted(order) == list(range(12)) for order in orders)


def asked(
    content: list[float], places: list[float], *, on: float = 1.0, **more: Any
) -> tuple[Tally, int]:
    """Ask a model whose letters have a weight by their place besides; the choice, and the calls."""

    async def ask(order: Sequence[int]) -> dict[str, float]:
        weights = [exp(content[option] + places[n]) for n, option in enumerate(order)]
        letters = zip("ABCDEF", weights, strict=False)
        return {letter: on * weight / sum(weights) for letter, weight in letters}

    tally, replies = asyncio.run(ask_until_clear(rotations(len(content), 6), ask, average, **more))
    return tally, len(replies)


@pytest.mark.parametrize(
    ("content", "places", "calls"),
    [
        ([0.0, 3.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], 2),
        ([0.0, 3.0, 0.0, 0.0], [0.6, 0.0, 0.3, 0.1], 2),
        ([0.0, 0.2, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], 4),  # hardly ahead
        ([0.3, 0.0, 0.0, 0.6], [1.5, 0.0, 1.5, 0.0], 4),  # both orders say A, for its letter
        ([0.0, 1.0, 0.0, 0.0], [4.0, 0.0, 0.0, 0.0], 4),
        ([0.0, 0.0, 0.0, 2.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0, 0.0, 0.0], 2),
        ([0.0, 1.0], [3.0, 0.0], 2),
    ],
)
def test_the_other_orders_are_asked_where_places_might_decide(
    content: list[float], places: list[float], calls: int
) -> None:
    tally, count = asked(content, places)
    assert count == calls
    assert content[tally.likeliest] == max(content)


FOUR = st.lists(st.floats(-1.5, 1.5), min_size=4, max_size=4)
"""So that no letter is too unlikely to be reported (`_LEAST`)."""


@settings(deadline=None, max_examples=200)
@given(
    FOUR,
    FOUR,
)
def test_two_orders_decide_nothing_that_all_four_would_not(
    content: list[float], places: list[float]
) -> None:
    tally, _ = asked(content, places)
    assert content[tally.likeliest] == pytest.approx(max(content), abs=1e-6)


def test_a_choice_near_what_is_no_answer_or_with_little_on_options_is_asked_in_all_orders() -> None:
    content, places = [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0]
    assert asked(content, places, floor=1.05)[1] == 2
    assert asked(content, places, floor=1.8)[1] == 4
    assert asked(content, places, on=0.6)[1] == 4


def test_what_speaks_beside_a_model_does_not_make_its_orders_agree() -> None:
    """The history is for the second option; the model says A, whatever stands there."""
    content, places, near = [0.0] * 4, [1.0, 0.0, 0.0, 0.0], [0.0, 0.4, 0.0, 0.0]
    tally, calls = asked(content, places, grounds=Grounds(near, 8.0))
    assert (tally.likeliest, calls) == (1, 4)


@settings(deadline=None, max_examples=200)
@given(
    FOUR,
    FOUR,
    st.lists(st.floats(0, 0.8), min_size=4, max_size=4),
    st.sampled_from([1.0, 4.0]),
)
def test_two_orders_decide_nothing_beside_the_history_that_all_four_would_not(
    content: list[float], places: list[float], near: list[float], letters: float
) -> None:
    tally, _ = asked(content, places, grounds=Grounds(near, 8.0, letters))
    worth = [letters * said + 8.0 * item for said, item in zip(content, near, strict=True)]
    assert worth[tally.likeliest] == pytest.approx(max(worth), abs=1e-6)


def test_votes_are_asked_for_in_all_orders() -> None:
    async def ask(order: Sequence[int]) -> int:
        return 2

    def weigh(orders: Sequence[Sequence[int]], replies: Sequence[int]) -> Tally:
        return vote(replies, 4)

    _, replies = asyncio.run(ask_until_clear(rotations(4, 6), ask, weigh))
    assert len(replies) == 4


def test_the_history_speaks_beside_the_model_and_not_over_what_it_never_names() -> None:
    tally = vote([0, 0, 1, 1], 3)
    tilted = Grounds([0.3, 0.5, 0.5], 10).beside(tally)
    assert tilted.probabilities[1] / tilted.probabilities[0] == pytest.approx(exp(2))
    assert tilted.probabilities.index(max(tilted.probabilities)) == 1
    assert Grounds([0.3, 0.5, 0.9], 0).beside(tally).probabilities == pytest.approx(
        tally.probabilities, abs=1e-3
    )
    silent = vote([None], 2)
    assert Grounds([0.1, 0.9], 10).beside(silent) == silent


def test_flat_letters_count_for_more_beside_the_history() -> None:
    flat = average([[0, 1], [1, 0]], [{"A": 0.54, "B": 0.46}, {"A": 0.46, "B": 0.54}])
    near = [0.0, 0.05]
    assert Grounds(near, 8.0).beside(flat).likeliest == 1
    assert Grounds(near, 8.0, letters=4.0).beside(flat).likeliest == 0
    said = vote([0, 0, 1], 2)
    assert Grounds(near, 8.0, letters=4.0).beside(said) == Grounds(near, 8.0).beside(said), "votes"


def test_votes_are_shares_of_those_cast() -> None:
    tally = vote([2, 2, None, 0], 3)
    assert tally.probabilities == pytest.approx([1 / 3, 0, 2 / 3])
    assert tally.on_options == 0.75
    assert vote([None, None], 2).on_options == 0


@pytest.mark.parametrize(
    ("reply", "option"),
    [
        ("B", 0),
        ("B.", 0),
        ("(A)", 1),
        ("**A. a kettle", 1),
        ("The answer is B", 0),
        ("Answer: A", 1),
        ("a", 1),
        ("a TENT.", 0),
        ("I would say a TENT of course", None),  # who knows what stands around it, in any language
        ("A good question, but I cannot tell", None),
        ("a tent or a kettle", None),
        ("Sorry, I can't tell.", None),
        ("", None),
        ("Z", None),
    ],
)
def test_an_option_named_in_words_is_found(reply: str, option: int | None) -> None:
    assert named_option(reply, [1, 0], ["a tent", "a kettle"]) == option


@pytest.mark.parametrize(
    ("reply", "options", "option"),
    [
        ("Not a tent.", ["a tent", "a kettle"], None),
        ("I cannot say whether they would pick a tent", ["a tent", "a kettle"], None),
        ("Kein Zelt.", ["Zelt", "Kessel"], None),
        ("the tent for two, please", ["the tent for two", "a kettle"], None),
        ("So: the tent for two people", ["the tent for two people", "a kettle"], 0),
        ("I am bored of this", ["red", "blue"], None),
        ("I do not know.", ["Yes", "No"], None),
        ("Green tea", ["Tea", "Green tea"], 1),
        ("Tea, and no green tea", ["Tea", "Green tea"], None),
    ],
)
def test_an_option_is_named_by_whole_words_with_little_around_that_may_deny_them(
    reply: str, options: list[str], option: int | None
) -> None:
    assert named_option(reply, [1, 0], options) == option
