"""What a run by length comes to: accuracy, what it took, pairs, and the chart."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.lengths import Shared
from guided_profile.evals.report.by_length import ByLength, summed
from guided_profile.evals.report.by_length_page import page, tables
from guided_profile.evals.run.answers import Answers
from guided_profile.evals.scorers.result import Result
from guided_profile.graph.records import Cost, HistoryItem

LENGTHS = (10, 100)
METHODS = ("dg0", "raw", "default")


def example(number: int, length: int) -> Example:
    return Example(
        id=f"e{number}@{length}",
        user_id="u",
        task="preference",
        question="?",
        options=("a", "b", "c", "d"),
        reference="a",
        history=(HistoryItem(text=f"item of {length}"),),
    )


def histories() -> list[Shared]:
    """Two people of three questions each, at either length."""
    return [
        Shared(
            f"person-{person}@{length}",
            length,
            tuple(example(number, length) for number in range(3 * person, 3 * person + 3)),
        )
        for length in LENGTHS
        for person in range(2)
    ]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[tuple[Answers, Answers]]:
    with (
        closing(Answers(tmp_path / "a.jsonl")) as answers,
        closing(Answers(tmp_path / "b.jsonl")) as built,
    ):
        yield answers, built


@pytest.fixture
def found(kept: tuple[Answers, Answers]) -> ByLength:
    answers, built = kept
    for shared in histories():
        for number, asked in enumerate(shared.examples):
            for method in METHODS:
                right = method == "default" or (method == "raw" and number == 0)
                answers.add(
                    Result(
                        example=asked.id,
                        method=method,
                        kind="answered" if right or number < 2 else "abstained",
                        option=0 if right else 1,
                        shown={"raw": 7, "default": 4}.get(method),
                        cost=Cost(calls=4, input_tokens=100, cached_tokens=60, output_tokens=5),
                    )
                )
        cost = Cost(calls=2, input_tokens=900, output_tokens=60, seconds=12.0)
        built.add(Result(example=shared.id, method="default", kind="answered", cost=cost))
    return summed(histories(), METHODS, answers, built, {"model": "m"})


def test_accuracy_and_cost_are_those_of_each_method_at_each_length(found: ByLength) -> None:
    raw, ours = found.cells["raw", 10], found.cells["default", 100]
    assert raw.accuracy
    assert (raw.accuracy.mean, raw.accuracy.n, raw.abstained) == (pytest.approx(1 / 3), 6, 2)
    assert (raw.accuracy.low, raw.accuracy.high) == (
        pytest.approx(0.0968, abs=1e-3),
        pytest.approx(0.7000, abs=1e-3),
    )
    assert (raw.shown, raw.tokens, raw.built, raw.in_all) == (7, 45, 0, 45)
    assert (ours.built, ours.built_tokens, ours.built_seconds) == (2, 960, 12.0)
    assert ours.in_all == pytest.approx(45 + 960 / 3)  # three questions share a profile
    assert found.chance == 0.25


def test_pairs_are_tested_on_the_same_questions_at_each_length(found: ByLength) -> None:
    pairs = {(pair.length, pair.first, pair.second): pair for pair in found.pairs}
    assert len(pairs) == 2 * 3
    pair = pairs[10, "default", "dg0"]
    assert (pair.n, pair.wins, pair.losses) == (6, 6, 0)
    assert pair.p == pytest.approx(2 / 2**6)
    assert pair.corrected == pytest.approx(2 * pair.p)  # of two that the first is in


def test_what_failed_is_no_wrong_answer(found: ByLength, kept: tuple[Answers, Answers]) -> None:
    answers, built = kept
    for number in range(3):
        answers.add(Result(example=f"e{number}@10", method="dg0", kind="error", reason="gone"))
    again = summed(histories(), METHODS, answers, built, {})
    cell = again.cells["dg0", 10]
    assert cell.accuracy
    assert (cell.errors, cell.accuracy.n) == (3, 3)
    pair = next(p for p in again.pairs if (p.length, p.second) == (10, "dg0"))
    assert pair.n == 3


def test_what_was_not_asked_is_left_out(kept: tuple[Answers, Answers]) -> None:
    answers, built = kept
    answers.add(Result(example="e0@100", method="raw", kind="answered", option=0))
    found = summed(histories(), METHODS, answers, built, {})
    assert (found.methods, found.lengths, found.pairs) == (["raw"], [100], [])
    assert [table.rows[0][0] for table in tables(found)] == ["raw", "100", "100"]


def test_the_page_draws_a_line_a_method_and_loads_nothing(found: ByLength) -> None:
    shown = page(found, "as the history grows")
    assert shown.count("<polyline") == 2 * len(METHODS)
    places = [
        float(x)
        for x in re.findall(r'points="([\d.]+),[\d.]+ ', shown)  # where the lines begin
    ]
    assert len(set(places[: len(METHODS)])) == len(METHODS)  # no interval covers another
    assert "<script" not in shown
    assert "http" not in shown.replace("http-equiv", "")
    accuracy, *_, paired = tables(found)
    assert [row[0] for row in accuracy.rows] == list(METHODS)
    assert "33 (10–70)" in accuracy.rows[1]
    assert [row[1] for row in paired.rows if row[0] == "10"] == ["default : dg0", "default : raw"]
