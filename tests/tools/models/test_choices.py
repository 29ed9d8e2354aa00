from math import exp

import pytest

from guided_profile.tools.models.choices import (
    Tally,
    average,
    far_apart_first,
    grounded,
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


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 12])
def test_the_two_rotations_that_come_first_are_far_apart_and_none_is_lost(count: int) -> None:
    orders = rotations(count, 6)
    sorted_out = far_apart_first(orders)
    assert sorted(sorted_out) == sorted(orders)
    assert sorted_out[0] == orders[0]
    firsts = [order[0] for order in sorted_out[:2]]
    assert len(firsts) < 2 or firsts[1] - firsts[0] == count // 2


@pytest.mark.parametrize(
    ("probabilities", "on_options", "clear"),
    [
        ([0.1, 0.7, 0.2], 1.0, True),
        ([0.1, 0.7, 0.2], 0.6, False),
        ([0.3, 0.38, 0.32], 1.0, False),
        ([0.0, 1.0, 0.0], 1.0, True),
        ([0.0, 0.0, 0.0], 0.0, False),
    ],
)
def test_a_choice_is_clear_where_one_option_is_well_ahead(
    probabilities: list[float], on_options: float, clear: bool
) -> None:
    assert Tally(probabilities, on_options).is_clear is clear


def test_the_history_speaks_beside_the_model_and_not_over_what_it_never_names() -> None:
    tally = vote([0, 0, 1, 1], 3)
    tilted = grounded(tally, [0.3, 0.5, 0.5], 10)
    assert tilted.probabilities[1] / tilted.probabilities[0] == pytest.approx(exp(2))
    assert tilted.probabilities.index(max(tilted.probabilities)) == 1
    assert grounded(tally, [0.3, 0.5, 0.9], 0).probabilities == pytest.approx(
        tally.probabilities, abs=1e-3
    )
    silent = vote([None], 2)
    assert grounded(silent, [0.1, 0.9], 10) == silent


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
