import pytest

from guided_profile.nodes.profile import split_sentences


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("They run. They cook.", ["They run.", "They cook."]),
        ("1. They run.\n2) They cook.\n- They read.", ["They run.", "They cook.", "They read."]),
        ("# Profile\nProfile:\nThey run.", ["They run."]),
        ("They run. They run. They run.", ["They run."]),
        ("They say e.g. that 3.5 km is short.", ["They say e.g. that 3.5 km is short."]),
        ('They say "no." They mean it.', ['They say "no."', "They mean it."]),
        ("", []),
    ],
)
def test_a_profile_is_split_into_its_sentences(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


def test_a_sentence_that_the_token_limit_cut_off_is_left_out() -> None:
    text = "They run. They cook and they are also very"
    assert split_sentences(text, cut_off=True) == ["They run."]
    assert len(split_sentences(text)) == 2
