import pytest

from guided_profile.tools.evidence.citations import cited, without_citations

LINES = {n: f"item{n}" for n in range(1, 31)}


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Likes trains [3].", [3]),
        ("Likes trains [3, 7-9] and tea [2; 3].", [3, 7, 8, 9, 2]),
        ("Likes trains (lines 3, 5)", [3, 5]),
        ("Likes trains (Item 3)", [3]),
        ("Likes trains [3 – 5]", [3, 4, 5]),
        ("電車が好き［3、5］。お茶も【7】", [3, 5, 7]),
        ("他喜欢火车（3，5）", [3, 5]),
        ("Likes trains [99].", []),
        ("Likes trains [1-30].", []),  # all of it is nothing in particular
        ("Likes trains [5-3].", []),
        ("Has 3 cats, and 2 dogs.", []),
        ("Was in Rome (2019) and Porto [1998].", []),
        ("Has a cat (Miso, 3).", []),
        ("", []),
    ],
)
def test_line_numbers_in_brackets_are_the_ids_of_the_items(text: str, ids: list[int]) -> None:
    assert cited(text, LINES) == tuple(f"item{n}" for n in ids)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Likes trains [3, 7-9].", "Likes trains."),
        ("Likes trains. [3]", "Likes trains."),
        ("Likes trains (lines 3, 5) and tea [2].", "Likes trains and tea."),
        ("電車が好き［3、5］。", "電車が好き。"),
        ("Likes trains [99].", "Likes trains."),
        ("Was in Rome (2019) with Miso (a cat).", "Was in Rome (2019) with Miso (a cat)."),
        ("[3]", ""),
    ],
)
def test_a_reader_sees_no_line_numbers(text: str, left: str) -> None:
    assert without_citations(text) == left


def test_a_long_text_without_citations_takes_no_time() -> None:
    text = "[1, " * 5_000 + "(" * 5_000
    assert without_citations(text) == text.strip()
    assert cited(text, LINES) == ()
