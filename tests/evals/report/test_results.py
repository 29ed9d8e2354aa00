from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from guided_profile.evals.report.results import SOURCE, Figure, figures, files

FIGURE = {
    "id": "a-figure",
    "question": "Is it so?",
    "answer": "It is.",
    "measure": "right",
    "arms": [{"name": "ours", "count": 3, "n": 4}],
    "date": "2026-11-29",
    "commands": ["guided-profile eval"],
    "not_shown": "All else.",
    "page": "docs/benchmarks.md",
}


def test_the_page_and_its_pictures_are_those_of_the_figures() -> None:
    made = files(figures())
    for path, text in made.items():
        assert path.read_text("utf-8") == text, f"run evals.report.results: {path.name} is older"
    pictures = {path.name for path in made if path.suffix == ".svg"}
    assert {path.name for path in Path("docs/images/results").iterdir()} == pictures


def test_a_figure_has_an_id_of_its_own() -> None:
    ids = [entry["id"] for entry in yaml.safe_load(SOURCE.read_text("utf-8"))]
    assert len(ids) == len(set(ids))


def test_a_count_comes_with_its_interval() -> None:
    section = Figure.model_validate(FIGURE).section()
    assert "| ours | 3 of 4, 75 % [30, 95] | 4 |" in section


def test_a_picture_needs_nothing_else() -> None:
    picture = Figure.model_validate(FIGURE).picture()
    assert picture.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert "<style>" in picture
    assert picture.count("<svg") == 1


def test_amounts_are_drawn_from_zero() -> None:
    arms = [{"name": "a", "amount": 100, "n": 1}, {"name": "b", "amount": 50, "n": 1}]
    picture = Figure.model_validate(FIGURE | {"arms": arms}).picture()
    assert 'width="460.0"' in picture
    assert 'width="230.0"' in picture


def by_length(**counts: dict[int, int]) -> Figure:
    arms = [
        {"name": name, "items": items, "count": count, "n": 4}
        for name, lengths in counts.items()
        for items, count in lengths.items()
    ]
    return Figure.model_validate(FIGURE | {"arms": arms})


def test_a_figure_of_several_lengths_has_a_line_for_each_arm() -> None:
    figure = by_length(ours={100: 4, 10: 3}, theirs={10: 1})
    assert figure.picture().count("<polyline") == 2
    assert [len(line.points) for line in figure._lines()] == [2, 1]
    assert [point.length for point in figure._lines()[0].points] == [10, 100]
    assert "| right | 10 items | 100 items |\n|---|---|---|\n" in figure.section()
    assert "| ours | 3 of 4, 75 % [30, 95] | 4 of 4, 100 % [51, 100] |" in figure.section()
    assert "| theirs | 1 of 4, 25 % [5, 70] |  |" in figure.section()


A, B = {"name": "a", "count": 1, "n": 4}, {"name": "b", "amount": 9, "n": 4}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"page": "evals/results/none.md"}, "there is no file"),
        ({"arms": [{"name": "a", "n": 4}]}, "give one of count"),
        ({"arms": [{"name": "a", "count": 5, "n": 4}]}, "count is 5, of 4"),
        ({"arms": [{"name": "a", "mean": 0.5, "n": 4}]}, "a mean has an interval"),
        ({"arms": [A, B]}, "do not go into one figure"),
        ({"arms": [A, {**A, "items": 10}]}, "items for each arm"),
        ({"arms": [{**B, "items": 10}]}, "not drawn by length"),
        ({"arms": [A, A]}, "two arms are the same"),
        ({"not_shown": ""}, "at least 1 character"),
    ],
)
def test_a_figure_that_is_not_whole_is_refused(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Figure.model_validate(FIGURE | change)
