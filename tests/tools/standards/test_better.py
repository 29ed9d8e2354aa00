"""Which of several texts is taken: the nearest in style, of those that say the same."""

from guided_profile.tools.history.store import HistoryStore
from guided_profile.tools.standards.better import best
from guided_profile.tools.standards.manner import Manner

SMALL = Manner(("idk man just fix the potholes", "i dont get the hype", "the cat sleeps there"))
SOURCE = "Nobody answers the phone today."


def test_the_nearest_in_style_is_taken(history: HistoryStore) -> None:
    texts = [SOURCE, "nobody answers the phone today"]
    assert best(texts, SOURCE, SMALL, history) == 1
    assert best(texts[::-1], SOURCE, SMALL, history) == 0


def test_a_text_that_says_something_else_is_not_taken_whatever_its_style(
    history: HistoryStore,
) -> None:
    assert best(["the cat sleeps on my desk", SOURCE], SOURCE, SMALL, history) == 1


def test_a_number_that_is_lost_or_made_up_is_not_the_same(history: HistoryStore) -> None:
    source = "Nobody answers the phone for 20 minutes."
    texts = ["nobody answers the phone for minutes", "Nobody answers the phone for 20 minutes"]
    assert best(texts, source, SMALL, history) == 1


def test_where_none_says_the_same_the_nearest_in_meaning_is_taken(history: HistoryStore) -> None:
    texts = ["the cat sleeps", "the phone rings in the hall all day and the cat sleeps there too"]
    assert best(texts, SOURCE, SMALL, history) == 1


def test_the_first_of_equals_is_taken(history: HistoryStore) -> None:
    assert best(["nobody answers", "nobody answers"], "nobody answers", SMALL, history) == 0
