from math import log

import numpy as np
import pytest

from guided_profile.tools.bm25 import K1, B, bm25, words


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Café, E-Mail 3.5!", ["cafe", "e", "mail", "3", "5"]),
        ("Über Straße", ["uber", "strasse"]),
        ("Мой кот Мурзик", ["мои", "кот", "мурзик"]),
        ("मेरी बिल्ली", ["मेरी", "बिल्ली"]),
        ("قطتي", ["قطتي"]),
        ("我的猫 Miso", ["我", "的", "猫", "我的", "的猫", "miso"]),
        ("고양이", ["고", "양", "이", "고양", "양이"]),
        ("แมว", ["แ", "ม", "ว", "แม", "มว"]),
        ("!? 😀", []),
    ],
)
def test_words_are_found_in_every_script(text: str, found: list[str]) -> None:
    assert list(words(text)) == found


def test_the_scores_are_those_of_the_formula() -> None:
    texts = ["zebra zebra apple", "apple", "zebra banana cherry grape", "plum"]
    length = [3, 1, 4, 1]
    mean = sum(length) / 4

    def score(row: int, frequency: int, holding: int) -> float:
        rarity = log(1 + (4 - holding + 0.5) / (holding + 0.5))
        damping = K1 * (1 - B + B * length[row] / mean)
        return rarity * frequency * (K1 + 1) / (frequency + damping)

    expected = [score(0, 2, 2) + score(0, 1, 2), score(1, 1, 2), score(2, 1, 2), 0]
    np.testing.assert_allclose(bm25("Apples? zebra zebra", texts), expected)


@pytest.mark.parametrize(
    ("query", "best"),
    [
        ("Where is the Weissach?", 0),
        ("order 48213", 1),
        ("猫", 2),
        ("мурзика Мурзик", 3),
        ("is it the", 4),
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
    assert int(np.argmax(bm25(query, texts))) == best


def test_words_that_nobody_wrote_match_nothing() -> None:
    assert not bm25("zebra", ["apple", "!?"]).any()
    assert not bm25("!?", ["apple", "!?"]).any()
    assert not bm25("zebra", ["!?", "😀"]).any()
    assert bm25("zebra", []).shape == (0,)
