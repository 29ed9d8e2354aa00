from collections.abc import Callable, Iterable
from math import log

import numpy as np
import pytest
from numpy.typing import NDArray

from guided_profile.tools.search.bm25 import K1, B, Words, _slots, bm25, share_of_words
from guided_profile.tools.text.words import terms


def test_the_scores_are_those_of_the_formula() -> None:
    texts = ["猫猫犬", "犬", "猫馬 7 9", "鳥"]  # single characters and pairs stand for themselves
    length = [5, 1, 5, 1]
    mean = sum(length) / 4

    def score(row: int, frequency: int, holding: int) -> float:
        rarity = log(1 + (4 - holding + 0.5) / (holding + 0.5))
        damping = K1 * (1 - B + B * length[row] / mean)
        return rarity * frequency * (K1 + 1) / (frequency + damping)

    expected = [score(0, 2, 2) + score(0, 1, 2), score(1, 1, 2), score(2, 1, 2), 0]
    np.testing.assert_allclose(bm25("犬 猫 猫", Words.of(texts)), expected)


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("Where is the Weissach?", 0),
        ("order 48213", 1),
        ("猫", 2),
        ("мурзика Мурзик", 3),
        ("is it the", 4),
        ("Which drivers?", 5),
    ],
)
def test_the_rare_word_decides(query: str, best: int) -> None:
    texts = [
        "we walked along the Weißach",
        "order 48213 came late",
        "我的猫很可爱",
        "мой кот Мурзик",
        "is it the one? it is the one",
        "where is the bus, is the driver there",
    ]
    assert int(np.argmax(bm25(query, Words.of(texts)))) == best


def scores(query: str, texts: list[str]) -> NDArray[np.float64]:
    return bm25(query, Words.of(texts))


def shares(query: str, texts: Iterable[str]) -> NDArray[np.float64]:
    return share_of_words(query, Words.of(list(texts)))


@pytest.mark.parametrize("score", [scores, shares])
def test_words_that_nobody_wrote_match_nothing(score: Callable[..., NDArray[np.float64]]) -> None:
    assert not score("zebra", ["apple", "!?"]).any()
    assert not score("!?", ["apple", "!?"]).any()
    assert not score("zebra", ["!?", "😀"]).any()
    assert score("zebra", []).shape == (0,)


def test_a_word_that_shares_its_slot_alone_matches_nothing() -> None:
    # of the inner table: few words do, and none that a test would name
    numbers = [str(number) for number in range(2000)]
    slots = _slots(terms(numbers)[0]).tolist()
    first, second = next(
        (number, numbers[slots.index(slot)])
        for number, slot in zip(numbers, slots, strict=True)
        if numbers[slots.index(slot)] != number
    )
    assert near(first, [first, second]) == [1, 0]


def near(query: str, texts: Iterable[str]) -> list[float]:
    return shares(query, texts).tolist()


def test_a_text_that_has_all_of_a_querys_words_has_the_whole_share() -> None:
    texts = ["the cat Miso sleeps", "a bus", "rain again"]
    assert near("Miso the cat", texts) == pytest.approx([1, 0, 0])
    assert near("Miso the cat, Miso!", texts) == pytest.approx([1, 0, 0])


def test_what_texts_share_in_small_words_alone_is_little() -> None:
    texts = ["the cat is in the box", "the bus is in the rain", "the dog is in the park"]
    small, rare = near("the zebra is in the opera", texts), near("is the cat there", texts)
    assert max(small) < 0.1
    assert rare[0] > 2 * max(rare[1:])


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("Katzen", "unsere Katze schläft"),
        ("кошки", "моя кошка спит"),
        ("猫が好き", "猫は可愛い"),
        ("القطط", "عندي قطط كثيرة"),
    ],
)
def test_forms_of_a_word_share_part_of_it_in_any_script(query: str, text: str) -> None:
    of_it, of_another = near(query, [text, "7 9"])
    assert 0 < of_it < 1
    assert of_another == 0
