from functools import cache

import pytest

from guided_profile.evals.bench_evidence import (
    LABELS,
    Outcome,
    Person,
    Share,
    labelled_people,
    outcomes,
    scores,
)
from guided_profile.tools.embeddings import LexicalEmbedder


@cache
def people(half: str) -> list[Person]:
    return labelled_people(half)


@cache
def found() -> list[Outcome]:
    return outcomes(people("dev"), LexicalEmbedder())


def test_the_halves_are_large_enough_and_share_nobody() -> None:
    both = [*people("dev"), *people("test")]
    assert len({person.key for person in both}) == len(both) >= 12
    assert sum(len(person.sentences) for person in both) >= 240
    texts = {half: {item.text for one in people(half) for item in one.items} for half in HALVES}
    assert not texts["dev"] & texts["test"]


HALVES = ("dev", "test")


@pytest.mark.parametrize("half", HALVES)
def test_gold_items_exist_and_are_the_users_own(half: str) -> None:
    for person in people(half):
        assert 8 <= len(person.items) <= 40
        assert len({one.text for one in person.sentences}) == len(person.sentences)
        own = {item.id for item in person.items if item.role == "user"}
        for one in person.sentences:
            assert one.label in LABELS
            assert bool(one.gold) == (one.label == "supported")
            assert one.gold <= own, f"{person.key}: {one.text}"


def test_intervals_are_wilsons() -> None:
    low, high = Share(81, 263).interval  # Newcombe 1998, table I
    assert (round(low, 4), round(high, 4)) == (0.2553, 0.3662)
    assert Share(0, 20).interval[0] == 0
    assert Share(29, 29).interval[1] == 1
    assert str(Share(0, 0)) == "none of 0"


def test_words_alone_keep_precision_on_the_half_that_the_rules_were_set_on() -> None:
    measured = scores(found())
    assert measured["precision"].hits >= 0.95 * measured["precision"].of
    assert measured["recall"].hits >= 0.65 * measured["recall"].of
    assert measured["cited"].hits >= 0.95 * measured["cited"].of


def test_scores_count_what_they_say() -> None:
    some = [one for one in found() if one.person == "keyboard-runner"]
    measured = scores(some)
    assert measured["recall"].of == sum(one.given.label == "supported" for one in some)
    assert measured["precision"].of == sum(bool(one.tied.evidence) for one in some)
    assert measured["kept invented"] == Share(0, 8)
