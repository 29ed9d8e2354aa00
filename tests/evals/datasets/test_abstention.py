"""The authored questions: only the histories show which of them can be answered."""

from collections import Counter

import pytest

from guided_profile.apps.cli.demo import people
from guided_profile.evals.benches.labelled import AUTHORED, authored
from guided_profile.evals.datasets.abstention import SPLITS, abstention, asked_again
from guided_profile.evals.datasets.examples import Example
from guided_profile.graph.errors import InputError

ALL = abstention()


def _asked(examples: list[Example], answerable: bool) -> Counter[tuple[str, tuple[str, ...]]]:
    return Counter(
        (example.question, example.options)
        for example in examples
        if example.answerable == answerable
    )


def test_there_are_sixty_of_each_and_the_halves_share_nobody() -> None:
    assert Counter(example.answerable for example in ALL) == {True: 60, False: 60}
    halves = [{example.user_id for example in abstention(split)} for split in SPLITS]
    assert [len(half) for half in halves] == [6, 6]
    assert not halves[0] & halves[1]


@pytest.mark.parametrize("split", SPLITS)
@pytest.mark.parametrize(("task", "n"), [("dialogue", 20), ("preference", 10)])
def test_each_is_asked_of_somebody_who_can_answer_and_somebody_who_cannot(
    split: str, task: str, n: int
) -> None:
    examples = abstention(split, task)
    can, cannot = _asked(examples, True), _asked(examples, False)
    assert can == cannot
    assert can.total() == n


def test_a_person_has_one_history_of_a_fitting_length_that_nobody_else_here_has() -> None:
    histories: dict[str, set[tuple[str, ...]]] = {}
    for example in ALL:
        histories.setdefault(example.user_id, set()).add(
            tuple(item.text for item in example.history)
        )
        assert all(item.time for item in example.history)
        assert [item.time for item in example.history] == sorted(
            i.time for i in example.history if i.time
        )
    assert all(len(versions) == 1 for versions in histories.values())
    texts = [text for versions in histories.values() for text in next(iter(versions))]
    assert len(set(texts)) == len(texts)
    assert all(8 <= len(next(iter(versions))) <= 20 for versions in histories.values())
    others = {item.text for person in people() for item in person.items}
    others |= {i.text for name in AUTHORED for person in authored(name) for i in person.items}
    assert not others & set(texts)


def test_what_tells_an_answer_is_the_persons_own_item_and_stands_in_the_labels() -> None:
    for example in ALL:
        own = {item.id for item in example.history if item.role == "user"}
        assert bool(example.about.get("told_by")) == example.answerable, example.id
        assert set(example.about.get("told_by", ())) <= own, example.id
        assert set(example.about.get("near", ())) <= {item.id for item in example.history}, (
            example.id
        )


def test_near_misses_and_both_forms_of_question_are_there() -> None:
    assert sum("near" in example.about for example in ALL if not example.answerable) >= 15
    assert not any("near" in example.about for example in ALL if example.answerable)
    forms = Counter(example.about["form"] for example in ALL if example.task == "dialogue")
    assert abs(forms["yes_no"] - forms["open"]) <= 8
    yes = [
        example.reference.startswith("Yes")
        for example in ALL
        if example.about.get("form") == "yes_no"
    ]
    assert 0.3 <= sum(yes) / (len(yes) / 2) <= 0.7


def test_neither_place_nor_length_gives_the_options_away() -> None:
    choices = [example for example in ALL if example.options and example.answerable]
    places = Counter(example.options.index(example.reference) for example in choices)
    assert max(places.values()) <= 7
    for pick in (min, max):
        assert sum(example.reference == pick(example.options, key=len) for example in choices) <= 6


def test_a_half_that_is_none_is_named() -> None:
    with pytest.raises(InputError, match="dev, test"):
        abstention("train")


@pytest.mark.parametrize("split", SPLITS)
def test_of_two_people_asked_the_same_each_can_answer_half(split: str) -> None:
    found = asked_again(split)
    assert Counter(example.answerable for example in found) == {True: 16, False: 16}
    assert len({example.about["language"] for example in found}) == 8
    people = [found[n : n + 4] for n in range(0, len(found), 4)]
    for first, second in zip(people[::2], people[1::2], strict=True):
        assert [asked.answerable for asked in first] == [not asked.answerable for asked in second]
    for asked in found:
        telling = asked.about["told_by" if asked.answerable else "near"]
        assert set(telling) < {item.id for item in asked.history if item.role == "user"}


def test_the_halves_of_what_is_asked_again_share_nobody() -> None:
    people = [{example.user_id for example in asked_again(split)} for split in SPLITS]
    assert not people[0] & people[1]
    assert not {example.user_id for example in ALL} & (people[0] | people[1])
    with pytest.raises(InputError, match="dev, test"):
        asked_again("train")
