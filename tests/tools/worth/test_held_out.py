"""Which items are held out, and which sentences may stand beside them."""

from workflows import items

from guided_profile.graph.records import Sentence
from guided_profile.tools.worth.held_out import held_out, spread

PAST = items(*(f"on day number {n} something happened to me" for n in range(20)))


def sentence(text: str, *evidence: int) -> Sentence:
    return Sentence(text=text, evidence=tuple(PAST[n].id for n in evidence))


def test_items_that_no_sentence_rests_on_come_first_spread_over_time() -> None:
    only = sentence("One.", 0, 1, 2, 3)
    held = held_out(PAST, [only], 4)
    assert [PAST.index(each.item) for each in held] == [6, 10, 14, 18]
    assert all(each.sentences == (only,) for each in held)


def test_where_they_are_too_few_others_come_without_the_sentences_that_rest_on_them() -> None:
    first, second = sentence("One.", 0, 1, 2), sentence("Other.", 2, 3)
    held = held_out(PAST[:5], [first, second], 8)
    assert [PAST.index(each.item) for each in held] == [0, 1, 3, 4]  # on 2 both rest
    assert [each.sentences for each in held] == [(second,), (second,), (first,), (first, second)]


def test_what_anybody_says_is_not_held_out_and_the_same_text_only_once() -> None:
    past = [*items("thanks!", "ok"), *PAST[:2], *items(PAST[0].text, source="posts")]
    held = held_out(past, [sentence("One.", 9)], 8)
    assert sorted(each.item.text for each in held) == [PAST[0].text, PAST[1].text]


def test_a_few_are_spread_evenly() -> None:
    assert spread(range(10), 3) == [1, 5, 8]
    assert spread(range(2), 3) == [0, 1]
    assert spread(range(2), 0) == []
