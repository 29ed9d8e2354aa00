import json
from pathlib import Path

import pytest
from records import as_lines
from scripted import ScriptedChat

from guided_profile.evals.datasets import load as loading
from guided_profile.evals.datasets.load import DATASETS, load, main
from guided_profile.graph.errors import DatasetError


def mine(folder: Path, count: int = 30) -> Path:
    path = folder / "mine.jsonl"
    with path.open("w") as file:
        for number in range(count):
            record = {
                "user_id": f"u{number}",
                "history": [{"text": "x" * 35, "category": "c"}] * (number % 3 + 1),
                "query": "Which?",
                "options": ["a", "longer", "b"],
                "answer": "longer" if number % 3 else "a",
            }
            file.write(json.dumps(record) + "\n")
    return path


def test_sets_options_and_numbers_that_there_are_not_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no data set 'amazone'; choose one of \['amazon'"):
        load("amazone", tmp_path)
    with pytest.raises(DatasetError, match=r"locomo has no options \['form'\]; it has none"):
        load("locomo", tmp_path, form="x")
    with pytest.raises(DatasetError, match=r"prefeval has no options.*it has \['form'\]"):
        load("prefeval", tmp_path, shape="x")
    with pytest.raises(DatasetError, match="n is 0"):
        load("plain", tmp_path, n=0)
    with pytest.raises(DatasetError, match="2 files were given; give one"):
        list(load("locomo", [tmp_path, tmp_path]))


def test_every_set_is_listed_with_what_to_give_and_says_whom_it_is_from(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 0
    said = capsys.readouterr().out
    for name, dataset in DATASETS.items():
        assert name in said
        assert dataset.files in said
        module = __import__(dataset.build.__module__, fromlist=["__doc__"])
        terms = ("research", "CC BY", "MIT", "academic", "commercial", "own", "pass nothing on")
        assert any(word in str(module.__doc__) for word in terms), name


def test_so_many_are_drawn_by_the_seed(tmp_path: Path) -> None:
    path = mine(tmp_path)
    some = list(load("plain", path, n=5, seed=3))
    assert len(some) == 5
    assert some == list(load("plain", path, n=5, seed=3))
    assert some != list(load("plain", path, n=5, seed=4))
    assert {example.id for example in some} < {
        example.id for example in load("plain", path, n=9, seed=3)
    }


def test_the_figures_stand_beside_the_papers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.jsonl"
    assert main(["plain", str(mine(tmp_path)), "--out", str(out)]) == 0
    said = capsys.readouterr().out
    assert "examples             30   paper, Table 6, P-P: 673" in said
    assert "items a history      2.00 on average, 2 in the middle, 1 to 3   paper" in said
    assert "P-P: 6.82" in said
    assert "tokens a history     22 on average" in said  # 35 letters are 11
    assert "answers              A 10 B 20" in said
    assert "answer is longest    20 of 30" in said
    assert len(out.read_text().splitlines()) == 30


def test_a_set_that_the_paper_has_not_is_not_held_against_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plain", str(mine(tmp_path)), "--set", "task=shopping"]) == 0
    assert "paper" not in capsys.readouterr().out


def test_an_error_is_one_line_and_leaves_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = mine(tmp_path), tmp_path / "out.jsonl"
    path.write_text(path.read_text() + '{"user_id"')
    assert main(["plain", str(path), "--out", str(out)]) == 2
    said = capsys.readouterr()
    assert said.err.splitlines()[-1].startswith(f"error: {path}, line 31: ")
    assert not out.exists()


def test_files_without_an_example_are_an_error_and_leave_what_was_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path, out = tmp_path / "empty.jsonl", tmp_path / "out.jsonl"
    path.write_text("\n")
    out.write_text("of an earlier run")
    assert main(["plain", str(path), "--out", str(out)]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("error: the files hold no example; give others")
    assert not said.out
    assert out.read_text() == "of an earlier run"


def test_neutral_texts_are_written_by_the_model_that_is_named(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tweet = {"user_id": "u", "history": ["sooo"], "query": "same", "answer": "sooo weary. tired so"}
    path, kept = tmp_path / "t.jsonl", tmp_path / "kept.jsonl"
    path.write_text(json.dumps(tweet) + "\n" + json.dumps(tweet | {"user_id": "v"}) + "\n")
    monkeypatch.setattr(
        loading,
        "_chat",
        lambda given: ScriptedChat(script=lambda prompt: "I am weary. Quite so, yes."),
    )
    arguments = ["plain", str(path), "--set", "task=paraphrase", "--neutral", str(kept)]
    arguments += ["--n", "1"]
    assert main(arguments) == 2
    assert main([*arguments, "--write-neutral", "--out", str(tmp_path / "o.jsonl")]) == 0
    assert json.loads((tmp_path / "o.jsonl").read_text())["query"] == "I am weary. Quite so, yes."
    assert "answer's words in the question 0.25" in capsys.readouterr().out


def test_a_part_can_be_taken_by_its_kind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"user_id": "u", "history": ["rum"], "query": "Which?", "answer": "rum"}
    kinds = ["a", "b", "a", "c"]
    path = as_lines(tmp_path / "mine.jsonl", *(row | {"kind": kind} for kind in kinds))
    out = tmp_path / "out.jsonl"
    assert main(["plain", str(path), "--kinds", "a,c", "--n", "2", "--out", str(out)]) == 0
    assert len(list(load("plain", path, kinds=["a", "c"]))) == 3
    assert {example.about["kind"] for example in load("plain", out)} <= {"a", "c"}
    assert len(list(load("plain", out))) == 2
    assert main(["plain", str(path), "--kinds", "d"]) == 2
    assert "no row is of the kinds ['d']; there are ['a', 'b', 'c']" in capsys.readouterr().err


def test_a_wrong_file_comes_with_what_the_set_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = as_lines(tmp_path / "mine.jsonl", {"user_id": "u"})
    assert main(["halumem", str(path)]) == 2
    said = capsys.readouterr().err
    assert "mine.jsonl, line 1: the field 'uuid' is missing" in said
    assert "(halumem takes HaluMem-Medium.jsonl or HaluMem-Long.jsonl)" in said
    assert main(["plain"]) == 2
    assert "no files were given (plain takes JSONL or CSV files" in capsys.readouterr().err
    assert len(said.splitlines()) == 1
