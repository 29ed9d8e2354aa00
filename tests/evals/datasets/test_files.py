import gzip
import re
from pathlib import Path

import pytest

from guided_profile.evals.datasets.files import json_array, json_file, json_lines
from guided_profile.graph.errors import DatasetError


def test_a_gzip_file_cut_short_is_refused_after_what_came_before(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl.gz"
    whole = gzip.compress(b"".join(b'{"n": %d}\n' % n for n in range(20_000)))
    path.write_bytes(whole[: len(whole) // 2])
    got: list[object] = []
    with pytest.raises(DatasetError, match=r"a\.jsonl\.gz, line \d+.*cut short.*fetch") as error:
        got.extend(json_lines(path))
    (line,) = re.findall(r"line (\d+):", str(error.value))
    assert int(line) > 1000
    records = json_lines(path)
    assert [next(records)[1]["n"] for _ in range(int(line) - 1)] == list(range(int(line) - 1))


CUT = gzip.compress(b'{"a": 1}\n', mtime=0)[:-12] + b"\0" * 12


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.jsonl", b'{"a": 1}\n{"a": ', r"a\.jsonl, line 2: it is no JSON object.*cut off"),
        ("a.jsonl", b'{"a": 1}\n[1]\n', "line 2: it is no JSON object"),
        ("a.jsonl", b'{"a": "\xff"}\n', "line 1: it is not UTF-8"),
        ("a.jsonl.gz", b'{"a": 1}\n', "line 1: the gzip file is damaged"),
        ("a.jsonl.gz", CUT, "line 1.*(damaged|cut)"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DatasetError, match=message):
        list(json_lines(path))


def test_errors_hold_nothing_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"secret": "my diary"\n')
    with pytest.raises(DatasetError) as error:
        list(json_lines(path))
    assert "secret" not in str(error.value)
    assert "diary" not in str(error.value)


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"none\.json cannot be read: No such file"):
        json_file(tmp_path / "none.json")
    with pytest.raises(DatasetError, match="cannot be read: Is a directory"):
        list(json_array(tmp_path))


def test_a_python_literal_is_read_only_where_it_may_stand_and_never_run(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("{'asin': 'B1', 'title': \"Ann's\"}\n")
    assert [record for _, record in json_lines(path, python=True)] == [
        {"asin": "B1", "title": "Ann's"}
    ]
    with pytest.raises(DatasetError, match="line 1"):
        list(json_lines(path))
    path.write_text("{'asin': __import__('os').getcwd()}\n")
    with pytest.raises(DatasetError, match="line 1: it is no JSON object, nor a Python one"):
        list(json_lines(path, python=True))


@pytest.mark.parametrize(
    ("content", "read", "message"),
    [
        ('[{"a": 1}, {"a": 2}, {"a"', 2, "entry 3: from here on it is not JSON"),
        ('[{"a": 1}, 7]', 1, "entry 2: it is no JSON object"),
    ],
)
def test_an_array_is_read_entry_by_entry(
    tmp_path: Path, content: str, read: int, message: str
) -> None:
    path = tmp_path / "a.json"
    path.write_text(content)
    got = []
    with pytest.raises(DatasetError, match=message):
        got.extend(json_array(path))
    entries = json_array(path)
    assert [next(entries)[1]["a"] for _ in range(read)] == list(range(1, read + 1))
