"""The authored questions: nothing but the histories tells which of them can be answered."""

from collections import Counter

import pytest

from guided_profile.apps.cli.demo import people
from guided_profile.evals.benches.labelled import AUTHORED, authored
from guided_profile.evals.datasets.abstention import SPLITS, abstention, asked_again
from guided_profile.evals.datasets.examples import Example
from guided_profile.graph.errors import InputError

ALL = abstention()


def _asked(examples: list[Example], answerable: bool) -> Counter[tuple[str, tuple[str, ...]]]:
    return Counter((one.question, one.options) for one in examples if one.answerable == answerable)


def test_there_are_sixty_of_each_and_the_halves_share_nobody() -> None:
    assert Counter(one.answerable for one in ALL) == {True: 60, False: 60}
    halves = [{one.user_id for one in abstention(split)} for split in SPLITS]
    assert [len(half) for half in halves] == [6, 6]
    assert not halves[0] & halves[1]


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize(("task", "n"), [("dialogue", 20), ("preference", 10)])
def test_each_is_asked_of_somebody_who_can_tell_and_somebody_who_cannot(
    split: str, task: str, n: int
) -> None:
    examples = abstention(split, task)
    can, cannot = _asked(examples, True), _asked(examples, False)
    assert can == cannot
    assert can.total() == n


def test_a_person_has_one_history_of_a_fitting_length_that_nobody_else_here_has() -> None:
    histories: dict[str, set[tuple[str, ...]]] = {}
    for one in ALL:
        histories.setdefault(one.user_id, set()).add(tuple(item.text for item in one.history))
        assert all(item.time for item in one.history)
        assert [item.time for item in one.history] == sorted(i.time for i in one.history if i.time)
    assert all(len(one) == 1 for one in histories.values())
    texts = [text for one in histories.values() for text in next(iter(one))]
    assert len(set(texts)) == len(texts)
    assert all(8 <= len(next(iter(one))) <= 20 for one in histories.values())
    others = {item.text for person in people() for item in person.items}
    others |= {i.text for name in AUTHORED for one in authored(name) for i in one.items}
    assert not others & set(texts)


def test_what_tells_an_answer_is_the_persons_own_item_and_stands_in_the_labels() -> None:
    for one in ALL:
        own = {item.id for item in one.history if item.role == "user"}
        assert bool(one.about.get("told_by")) == one.answerable, one.id
        assert set(one.about.get("told_by", ())) <= own, one.id
        assert set(one.about.get("near", ())) <= {item.id for item in one.history}, one.id


def test_near_misses_and_both_forms_of_question_are_there() -> None:
    assert sum("near" in one.about for one in ALL if not one.answerable) >= 15
    assert not any("near" in one.about for one in ALL if one.answerable)
    forms = Counter(one.about["form"] for one in ALL if one.task == "dialogue")
    assert abs(forms["yes_no"] - forms["open"]) <= 8
    yes = [one.reference.startswith("Yes") for one in ALL if one.about.get("form") == "yes_no"]
    assert 0.3 <= sum(yes) / (len(yes) / 2) <= 0.7


def test_neither_place_nor_length_gives_the_options_away() -> None:
    choices = [one for one in ALL if one.options and one.answerable]
    places = Counter(one.options.index(one.reference) for one in choices)
    assert max(places.values()) <= 7
    for pick in (min, max):
        assert sum(one.reference == pick(one.options, key=len) for one in choices) <= 6


def test_a_half_that_is_none_is_named() -> None:
    with pytest.raises(InputError, match="dev, test"):
        abstention("train")


@pytest.mark.parametrize("split", SPLITS)
def test_of_two_people_asked_the_same_each_told_half(split: str) -> None:
    found = asked_again(split)
    assert Counter(one.answerable for one in found) == {True: 16, False: 16}
    assert len({one.about["language"] for one in found}) == 8
    people = [found[n : n + 4] for n in range(0, len(found), 4)]
    for one, other in zip(people[::2], people[1::2], strict=True):
        assert [asked.answerable for asked in one] == [not asked.answerable for asked in other]
    for asked in found:
        telling = asked.about["told_by" if asked.answerable else "near"]
        assert set(telling) < {item.id for item in asked.history if item.role == "user"}


def test_the_halves_of_what_is_asked_again_share_nobody() -> None:
    people = [{one.user_id for one in asked_again(split)} for split in SPLITS]
    assert not people[0] & people[1]
    assert not {one.user_id for one in ALL} & (people[0] | people[1])
    with pytest.raises(InputError, match="dev, test"):
        asked_again("train")
