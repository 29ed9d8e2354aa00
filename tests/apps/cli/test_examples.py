import pytest

from guided_profile.apps.cli.examples import authored
from guided_profile.graph.errors import InputError


@pytest.mark.parametrize(("task", "n", "missing"), [("preference", 24, 6), ("dialogue", 9, 3)])
def test_some_of_the_authored_questions_cannot_be_answered(task: str, n: int, missing: int) -> None:
    examples = authored(task)
    assert len(examples) == len({example.id for example in examples}) == n
    assert sum(not example.answerable for example in examples) == missing
    assert all(example.history for example in examples)


def test_neither_place_nor_length_gives_the_authored_options_away() -> None:
    examples = [example for example in authored("preference") if example.answerable]
    places = [example.options.index(example.reference) for example in examples]
    assert max(places.count(place) for place in range(4)) <= 6
    longest = [example.reference == max(example.options, key=len) for example in examples]
    shortest = [example.reference == min(example.options, key=len) for example in examples]
    assert 2 <= sum(longest) <= 8
    assert sum(shortest) <= 13


def test_a_task_without_authored_questions_says_what_to_do() -> None:
    with pytest.raises(InputError, match="name a file with --data"):
        authored("own")
