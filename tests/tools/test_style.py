import pytest

from guided_profile.tools.style import claimed_habits, observed


def names(sentence: str) -> set[str]:
    return {habit.name for habit in claimed_habits(sentence)}


@pytest.mark.parametrize(
    ("sentence", "habits"),
    [
        ("This person writes in lower case.", {"have no capital letter"}),
        ("This person never uses capital letters.", {"have no capital letter"}),
        ("They capitalize the first letter.", {"begin with a capital letter"}),
        ("They use all-caps words for emphasis.", {"have a word in capitals"}),
        ("This person uses emojis often.", {"have emoji"}),
        ("This person does not use emoji.", {"have no emoji"}),
        (
            "This person uses no capitals, emoji or full stops.",
            {"have no capital letter", "have no emoji", "end without punctuation"},
        ),
        (
            "They write in lowercase and often use abbreviations.",
            {"have no capital letter", "have an abbreviation"},
        ),
        ("This person likes coffee.", set()),
    ],
)
def test_claims_of_style_are_read_from_a_sentence(sentence: str, habits: set[str]) -> None:
    assert names(sentence) == habits


def test_what_is_typical_of_texts_is_observed_without_their_links_and_handles() -> None:
    texts = ["@Anna ngl that was good", "see https://X.example/ABC", "idk tbh", "ok then"]
    said = observed(texts)
    assert "- everything in lower case (4 of 4 texts)" in said
    assert "- no full stop at the end (4 of 4 texts)" in said
    assert "abbreviations such as ngl, idk, tbh (2 of 4 texts)" in said
    assert "no emoji (4 of 4 texts)" in said
    assert "emphasise" not in said


def test_what_is_observed_of_capitals_is_read_as_the_habit_that_was_counted() -> None:
    said = observed(["That is SO good.", "Never AGAIN.", "Home."])
    assert "- sentence case (3 of 3 texts)" in said
    assert "- capitals to emphasise a word (2 of 3 texts)" in said
    assert names("This person writes in sentence case.") == {"begin with a capital letter"}
    assert names("They use capitals to emphasise a word.") == {"have a word in capitals"}


def test_emoji_of_both_kinds_are_seen() -> None:
    assert "emoji (2 of 2 texts)" in observed(["so good 🎉", "haha :)"]).replace("no emoji", "")
