from typing import Any

import pytest

from guided_profile.evals.datasets.judged import LABELS, OPEN, Form, labelled, of_labellers

ROWS = [{"id": "1"}, {"id": "2"}, {"id": "3"}]
ALLOWED = LABELS["replies"]


def by(blind: bool, *labels: str) -> dict[str, Any]:
    return {"blind": blind, "labels": dict(zip("123", labels, strict=False))}


@pytest.mark.parametrize("form", ["replies", "pairs"])
def test_forty_or_more_that_can_be_decided_ship_with_the_package(form: Form) -> None:
    found = labelled(form)
    assert [row["id"] for row in found.rows] == list(found.labels)
    decided = [label for label in found.labels.values() if label not in OPEN]
    assert len(decided) >= 40
    for label in LABELS[form][:2]:
        assert decided.count(label) >= 15
    assert len({row["language"] for row in found.rows}) >= 8
    assert all(row["question"] and row["known"] for row in found.rows)


def test_what_two_blind_labellers_differ_on_is_left_out() -> None:
    author = by(False, "follows", "follows", "follows")
    first, second = (
        by(True, "follows", "violates", "violates"),
        by(True, "follows", "violates", "follows"),
    )
    found = of_labellers(ROWS, [author, first, second], ALLOWED)
    assert found.blind
    assert found.labels == {"1": "follows", "2": "violates"}
    assert found.two == (("follows", "follows"), ("violates", "violates"), ("violates", "follows"))


def test_one_labeller_is_no_agreement_between_people() -> None:
    found = of_labellers(ROWS, [by(False, "follows", "violates"), by(True, "violates")], ALLOWED)
    assert (found.blind, found.two) == (False, ())
    assert found.labels == {"1": "follows", "2": "violates"}  # and the third has no label


def test_other_labels_are_another_check() -> None:
    first = of_labellers(ROWS, [by(False, "follows", "violates", "violates")], ALLOWED)
    second = of_labellers(ROWS, [by(False, "follows", "violates", "follows")], ALLOWED)
    assert first.digest != second.digest
