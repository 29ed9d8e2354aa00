"""The marks that a careful reader finds in texts of many languages."""

from collections.abc import Callable

import pytest

from guided_profile.tools.evidence.marks import (
    emoji,
    emoji_rows,
    emoticons,
    latin_words,
    laughter,
    length,
    own_words,
    stretched,
)


def test_links_and_handles_are_not_the_persons_own_words() -> None:
    assert own_words("@Anna see https://X.example/ABC and www.Y.example now") == "see  and  now"


def test_letters_count_alike_however_they_are_composed() -> None:
    assert stretched(own_words("ne\u0301e\u0301e\u0301")) == ["nééé"]


@pytest.mark.parametrize(
    ("find", "text", "found"),
    [
        (emoji, "so 😂❤️👍🏽 1️⃣ 🇫🇷 👩‍👩‍👧", ["😂", "❤️", "👍🏽", "1️⃣", "🇫🇷", "👩‍👩‍👧"]),
        (emoji, "#1 in 2024 *yes* © ™ → ▪", []),
        (emoji_rows, "😂😂 and 👩‍👧", ["😂😂"]),
        (
            emoticons,
            "ok :) ;-P =D xD <3 ^^ T_T",
            [":)", ";-P", "=D", "xD", "<3", "^^", "T_T"],
        ),
        (emoticons, "ごめん(>_<) (´・ω・`) ありがとう♪", ["(>_<)", "(´・ω・`)", "♪"]),
        (emoticons, "배고파ㅠㅠ", ["ㅠㅠ"]),
        (emoticons, "спасибо))", ["))"]),
        (emoticons, "at 10:30 (see b) a) x:y http://a", []),
        (laughter, "hahaha", ["hahaha"]),
        (laughter, "jajaja", ["jajaja"]),
        (laughter, "kkkk rsrs wkwk", ["kkkk", "rsrs", "wkwk"]),
        (laughter, "ХАХАХА", ["хахаха"]),
        (laughter, "χαχα", ["χαχα"]),
        (laughter, "ㅋㅋㅋ 하하", ["ㅋㅋㅋ", "하하"]),
        (laughter, "哈哈哈", ["哈哈哈"]),
        (laughter, "すごいww", ["ww"]),
        (laughter, "面白い笑", ["笑"]),
        (laughter, "ههههه", ["ههههه"]),
        (laughter, "חחח", ["חחח"]),
        (laughter, "हाहा", ["हाहा"]),
        (laughter, "ตลก 555", ["555"]),
        (laughter, "maharaja papa bonbon 555 妈妈 谢谢 笑った huh aha mother", []),
        (stretched, "sooo goood yesss NOOO", ["sooo", "goood", "yesss", "nooo"]),
        (stretched, "так дооолго", ["дооолго"]),
        (stretched, "جدااااا", ["جدااااا"]),
        (stretched, "すごーーい", ["すごーー"]),
        (stretched, "好的～", ["好的～"]),
        (stretched, "Schifffahrt good www hahaha Henry VIII 3～5", []),
        (latin_words, "आज meeting है", ["meeting"]),
        (latin_words, "只有 LINE 和 iPhone", []),
        (latin_words, "all in English", []),
    ],
)
def test_marks_are_found(find: Callable[[str], list[str]], text: str, found: list[str]) -> None:
    assert find(text) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("one two, three", 3),
        ("don't 3.5", 3),
        ("昨天和朋友一起去爬山", 5),
        ("วันนี้เหนื่อยมาก", 2.75),
        ("这个project很好", 3),
        ("", 0),
    ],
)
def test_length_is_in_words_or_about_as_many_where_none_are_spaced(text: str, words: float) -> None:
    assert length(text) == words
