from collections.abc import Iterator
from random import Random

import pytest

from guided_profile.evals.datasets import sampling
from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.sampling import chosen, sample_users

ROWS = [(f"u{user}", item) for user in range(40) for item in range(user % 7 + 1)]


def drawn(rows: list[tuple[str, int]], **more: int) -> dict[str, set[int]]:
    def read() -> Iterator[tuple[str, int]]:
        yield from rows

    found = sample_users(read, **{"at_least": 4, "seed": 1} | more)  # type: ignore[arg-type]
    return {user: set(items) for user, items in found}


def test_users_of_enough_rows_come_with_all_of_them() -> None:
    enough = {f"u{user}": set(range(user % 7 + 1)) for user in range(40) if user % 7 >= 3}
    assert drawn(ROWS) == enough


def test_users_counted_together_are_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    every = drawn(ROWS)
    monkeypatch.setattr(sampling, "_SLOTS", 1)
    assert drawn(ROWS) == every


def test_the_draw_does_not_depend_on_the_order_and_grows_with_its_size() -> None:
    mixed = ROWS.copy()
    Random(0).shuffle(mixed)
    few = drawn(ROWS, candidates=5)
    assert len(few) == 5
    assert drawn(mixed, candidates=5) == few
    assert list(drawn(mixed, candidates=9))[:5] == list(few)
    assert drawn(ROWS, candidates=5, seed=2).keys() != few.keys()


def example(number: int) -> Example:
    return Example(id=str(number), user_id="u", task="dialogue", question="?", reference="!")


def test_examples_are_chosen_by_the_seed_and_keep_their_order() -> None:
    every = [example(number) for number in range(50)]
    some = [int(example.id) for example in chosen(every, 10, 0)]
    assert len(some) == 10
    assert some == sorted(some)
    assert some != [int(example.id) for example in chosen(every, 10, 1)]
    assert sorted(some) == sorted(int(example.id) for example in chosen(reversed(every), 10, 0))
    assert len(list(chosen(every, None, 0))) == 50
