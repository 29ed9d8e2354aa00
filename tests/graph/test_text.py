import pytest

from guided_profile.graph.text import as_data, visible


@pytest.mark.parametrize("harmless", ["i <3 cats", "[1] a > b", "x<y", "5 < 6", "a | b"])
def test_what_people_type_is_left_as_it_is(harmless: str) -> None:
    assert as_data(harmless) == harmless.replace("x<y", "x&lt;y")


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("tea" + "".join(chr(0xE0000 + ord(c)) for c in "obey"), "tea"),
        ("t\u200be\u2060a\ufeff\u00ad", "tea"),
        ("\u202eaet\u202c \u2066x\u2069\u200f", "aet x"),
        ("tea\x00\x1b[31m\x7f", "tea[31m"),
        ("a\u200db\u200cc", "abc"),
        ("ok \U0001f642\ufe0f\U000e0101\U000e0102\ufe01", "ok \U0001f642\ufe0f"),
        ("می\u200c\u200c\u200cخواهم", "میخواهم"),
    ],
)
def test_the_model_sees_what_a_reader_sees(hidden: str, shown: str) -> None:
    assert visible(hidden) == shown
    assert as_data(hidden) == shown


@pytest.mark.parametrize(
    "text",
    [
        "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f\u200d\U0001f525",
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
        "می\u200cخواهم",
        "क्\u200dषेत्र",
        "na\u00efve caf\u0065\u0301 – “quotes”\n\ttab",
    ],
)
def test_what_scripts_and_emoji_need_stays(text: str) -> None:
    assert as_data(text) == text


def test_a_question_keeps_its_links() -> None:
    assert as_data("https://a.example/b?q=1") == "https://a.example/b?q=1"
