import json
from pathlib import Path
from typing import Any

import pytest

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.load import load
from guided_profile.graph.errors import DatasetError

TWEET = "Paraphrase the following tweet without any explanation before or after it: "
TAGS = "tags: [sci-fi, dark comedy, true story]"
CASES: dict[int, tuple[str, dict[str, Any], str]] = {
    1: (
        'For an author who has written the paper with the title "On Sieves", which reference is '
        'related? Just answer with [1] or [2] without explanation. [1]: "Primes" [2]: "Cats, [2]"',
        {"id": "10", "title": "Sums", "abstract": "We add.", "date": "2014"},
        "[1]",
    ),
    2: (
        "Which tag does this movie relate to among the following tags? Just answer with the tag "
        f"name without further explanation. {TAGS} description: A man drives.",
        {"id": "20", "description": "A robot wakes.", "tag": "sci-fi", "date": "2015-07-02"},
        "true story",
    ),
    3: (
        "What is the score of the following review on a scale of 1 to 5? just answer with 1, 2, 3, "
        "4, or 5 without further explanation. review: It broke.",
        {"id": "30", "text": "Lovely.", "score": "5"},
        "1",
    ),
    4: (
        "Generate a headline for the following article: Rain fell.",
        {"id": "40", "title": "Sun", "text": "The sun shone."},
        "Wet Day",
    ),
    5: (
        "Generate a title for the following abstract of a paper: We count.",
        {"id": "50", "title": "Sums", "abstract": "We add."},
        "Counting",
    ),
    6: (
        "Generate a subject for the following email: See you at noon.",
        {"id": "60", "title": "lunch?", "text": "Are you hungry?"},
        "noon",
    ),
    7: (TWEET + "I am very tired today.", {"id": "70", "text": "sooo hungry!!"}, "sooo tired!!"),
}


def files(folder: Path, number: int, **change: Any) -> list[Path]:
    said, entry, gold = CASES[number]
    question = {"id": "100", "input": said, "profile": [entry]} | change
    outputs = {"task": f"LaMP_{number}", "golds": [{"id": "100", "output": gold}]}
    paths = [folder / "dev_questions.json", folder / "dev_outputs.json"]
    for path, content in zip(paths, ([question], outputs), strict=True):
        path.write_text(json.dumps(content))
    return paths


def lamp(paths: list[Path]) -> Example:
    (example,) = load("lamp", paths)
    return example


def test_the_citation_is_a_choice_of_two_titles(tmp_path: Path) -> None:
    example = lamp(files(tmp_path, 1))
    assert example.options == ("Primes", "Cats, [2]")
    assert example.reference == "Primes"
    assert example.question.endswith('the title "On Sieves", which reference is related?')
    assert example.history[0].text == "Sums\nWe add."
    assert example.history[0].time
    assert example.history[0].time.year == 2014


def test_the_second_citation_may_be_right(tmp_path: Path) -> None:
    questions, outputs = files(tmp_path, 1)
    outputs.write_text(outputs.read_text().replace('"[1]"', '"[2]"'))
    assert lamp([questions, outputs]).reference == "Cats, [2]"
    outputs.write_text(outputs.read_text().replace('"[2]"', '"Primes"'))
    with pytest.raises(DatasetError, match=r"entry 1: its output is neither \[1\] nor \[2\]"):
        lamp([questions, outputs])


def test_the_tag_is_a_choice_of_those_offered(tmp_path: Path) -> None:
    example = lamp(files(tmp_path, 2))
    assert example.options == ("sci-fi", "dark comedy", "true story")
    assert example.reference == "true story"
    assert example.question.endswith("following tags? description: A man drives.")
    assert (example.history[0].text, example.history[0].category) == ("A robot wakes.", "sci-fi")


def test_the_score_is_a_choice_of_five(tmp_path: Path) -> None:
    example = lamp(files(tmp_path, 3))
    assert example.options == ("1", "2", "3", "4", "5")
    assert example.reference == "1"
    assert example.question.endswith("on a scale of 1 to 5? review: It broke.")
    assert example.history[0].category == "5"


@pytest.mark.parametrize(
    ("number", "task", "said"),
    [
        (4, "title", "Sun\nThe sun shone."),
        (5, "title", "Sums\nWe add."),
        (6, "title", "lunch?\nAre you hungry?"),
        (7, "paraphrase", "sooo hungry!!"),
    ],
)
def test_the_others_are_texts(tmp_path: Path, number: int, task: str, said: str) -> None:
    example = lamp(files(tmp_path, number)[::-1])  # the order of the files does not matter
    assert example.id == f"lamp{number}-100"
    assert (example.kind, example.task, example.reference) == ("text", task, CASES[number][2])
    assert example.question == CASES[number][0].removeprefix(TWEET)
    assert [item.text for item in example.history] == [said]


def test_a_history_with_dates_is_in_their_order(tmp_path: Path) -> None:
    profile = [{"id": str(day), "text": f"day {day}", "date": f"2012-05-0{day}"} for day in (3, 1)]
    example = lamp(files(tmp_path, 7, profile=profile))
    assert [item.text for item in example.history] == ["day 1", "day 3"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"id": "7"}, r"dev_questions\.json, entry 1: the outputs have none for the id '7'"),
        ({"input": "Say 1 or 2."}, "entry 1: its 'input' is not worded as in LaMP-1"),
        ({"profile": None}, "entry 1: the field 'profile' is no list"),
        ({"profile": ["On Sums"]}, "entry 1: the field 'profile' is no list of objects"),
    ],
)
def test_wrong_questions_are_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(DatasetError, match=message):
        lamp(files(tmp_path, 1, **change))


def test_cut_files_and_files_of_something_else_are_refused(tmp_path: Path) -> None:
    questions, outputs = files(tmp_path, 7)
    with pytest.raises(DatasetError, match="not one of questions and one of outputs"):
        lamp([questions, questions])
    whole = questions.read_text()
    questions.write_text(whole[:-10])
    with pytest.raises(DatasetError, match=r"questions\.json, entry 1: from here on.*cut off"):
        lamp([questions, outputs])
    questions.write_text(whole)
    outputs.write_text('{"task": "LaMP_7", "golds": [{"id"')
    with pytest.raises(DatasetError, match=r"outputs\.json, line 1: from here on it is not JSON"):
        lamp([questions, outputs])
    outputs.write_text('{"task": "LaMP_9", "golds": []}')
    with pytest.raises(DatasetError, match="'LaMP_9' is none of LaMP_1 to LaMP_7"):
        lamp([questions, outputs])
