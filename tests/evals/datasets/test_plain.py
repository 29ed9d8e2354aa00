import json
from pathlib import Path
from typing import Any

import pytest

from guided_profile.evals.datasets.examples import Example
from guided_profile.evals.datasets.load import load
from guided_profile.evals.datasets.plain import written
from guided_profile.graph.errors import DatasetError

CHOICE: dict[str, Any] = {
    "user_id": "ada",
    "history": [
        {"text": "oat milk", "category": "Drinks", "time": 1398124800},
        {"text": "tea", "time": "2014-05-01 05:30", "role": "other", "source": "notes", "id": "7"},
        "two sugars",
    ],
    "query": "Which drink?",
    "options": ["tea", "rum"],
    "answer": "tea",
    "shop": "corner",
}
TEXT: dict[str, Any] = {
    "user_id": "bob",
    "history": [{"text": "hii :)", "time": "Wed May 27 07:19:30 PDT 2009"}],
    "query": "Paraphrase the following tweet without any explanation before or after it: Hello.",
    "answer": "hiii",
}


def plain(path: Path, **options: Any) -> list[Example]:
    return list(load("plain", path, **options))


def jsonl(folder: Path, *records: Any) -> Path:
    path = folder / "mine.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))
    return path


def test_choices_and_texts_are_read(tmp_path: Path) -> None:
    choice, text = plain(jsonl(tmp_path, CHOICE, TEXT))
    assert (choice.id, choice.task, choice.kind) == ("mine-1", "preference", "choice")
    assert [item.text for item in choice.history] == ["oat milk", "tea", "two sugars"]
    assert choice.history[0].time
    assert choice.history[0].time.year == 2014
    assert choice.history[1].role == "other"
    assert choice.about == {"shop": "corner"}
    assert (text.id, text.task, text.kind) == ("mine-2", "dialogue", "text")
    assert text.history[0].time
    assert text.history[0].time.hour == 14


def test_for_paraphrase_the_question_is_the_text_alone(tmp_path: Path) -> None:
    (example,) = plain(jsonl(tmp_path, TEXT), task="paraphrase")
    assert (example.task, example.question) == ("paraphrase", "Hello.")


def test_a_csv_file_says_the_same(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(
        "user_id,history,query,options,answer,answerable\r\n"
        'ada,"[{""text"": ""oat milk"", ""time"": ""2014-05-01""}]",Which?,"tea\nrum",tea,\r\n'
        'bob,"one, two\n\nthree ""3""",Where?,,,false\r\n'
    )
    choice, text = plain(path)
    assert choice.options == ("tea", "rum")
    assert choice.history[0].time
    assert (text.answerable, text.reference) == (False, "")
    assert [item.text for item in text.history] == ["one, two", 'three "3"']


def test_what_is_written_is_read_again_unchanged(tmp_path: Path) -> None:
    unanswerable = CHOICE | {"answerable": False, "user_id": "eve", "answer": ""}
    before = plain(jsonl(tmp_path, CHOICE, TEXT, unanswerable))
    path = tmp_path / "again.jsonl"
    with written(path) as writer:
        for example in before:
            writer.write(example)
        assert not path.exists()
    assert plain(path) == before


def test_a_file_is_not_written_in_part(tmp_path: Path) -> None:
    path = tmp_path / "again.jsonl"
    path.write_text("old")
    with pytest.raises(DatasetError, match="line 2"), written(path) as writer:
        all(writer.write(example) is None for example in load("plain", jsonl(tmp_path, TEXT, {})))
    assert path.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.jsonl", "mine.jsonl"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answer": ""}, "the field 'answer' is missing, or holds no text"),
        ({"answer": "gin"}, r"it is no example \(reference: is none of the options"),
        ({"options": ["tea", "tea"]}, "give two or more different ones"),
        ({"history": "oat milk"}, "the field 'history' is no list"),
        ({"history": [{"words": "x"}]}, r"an item of 'history' has \['words'\]"),
        ({"history": [{"text": "x", "time": "soon"}]}, "a history item is wrong .time"),
        ({"history": [7]}, "neither a text nor an object"),
        ({"about": "x"}, "'about' is no object"),
        ({"answerable": "perhaps"}, "answerable"),
        ({"id": "mine-1"}, "the id 'mine-1' comes twice"),
    ],
)
def test_wrong_lines_are_refused(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(DatasetError, match=rf"mine\.jsonl, line 2: .*{message}") as refused:
        plain(jsonl(tmp_path, TEXT, CHOICE | change))
    assert "its owner" not in str(refused.value)  # who reads it is that


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("user_id,query\nada,Which?\n", r"line 2: the fields \['history'\] are missing"),
        ("user_id,history,query\nada,x\n", "line 2: it has 2 cells, and there are 3 columns"),
        ('user_id,history,query\nada,"x\n', "line 2: it is no CSV"),
        (f"user_id,history,query\nada,{'x' * 200_000},y\n", "line 2: it is no CSV.*JSON Lines"),
        ('user_id,history,query\nada,"[1",y\n', "line 2: the cell of 'history' is no JSON"),
    ],
)
def test_wrong_csv_files_are_refused(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "mine.csv"
    path.write_text(content)
    with pytest.raises(DatasetError, match=message) as refused:
        plain(path)
    assert "its owner" not in str(refused.value)


@pytest.mark.parametrize("nested", [True, False])
def test_what_a_line_says_of_right_answers_counts_wherever_it_stands(
    tmp_path: Path, nested: bool
) -> None:
    said = {"violates": ["rum"], "kind": "preference"}
    further = {"about": said} if nested else said
    line = {"user_id": "ada", "history": ["tea"], "query": "Which?", "answer": "tea"} | further
    (example,) = plain(jsonl(tmp_path, line), kind="choice")
    assert set(example.options) == {"tea", "rum"}
    assert example.about == said
    with pytest.raises(DatasetError, match="the answer stands in 'violates' too"):
        plain(jsonl(tmp_path, line | {"answer": "rum"}))


def test_lines_are_written_flat_but_for_names_that_mean_something_else(tmp_path: Path) -> None:
    (example,) = plain(jsonl(tmp_path, CHOICE | {"about": {"id": "theirs", "evidence": ["7"]}}))
    out = tmp_path / "out.jsonl"
    with written(out) as writer:
        writer.write(example)
    line = json.loads(out.read_text())
    assert (line["shop"], line["evidence"], line["about"]) == ("corner", ["7"], {"id": "theirs"})
    assert plain(out) == [example]
