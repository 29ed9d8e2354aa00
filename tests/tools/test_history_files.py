from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guided_profile.graph.errors import HistoryItemError
from guided_profile.graph.state import HistoryItem
from guided_profile.tools.history_files import Refused, read_items


@pytest.fixture(params=["", "\ufeff"], ids=["plain", "marked"])
def marked(request: pytest.FixtureRequest) -> str:
    """What some programs put at the beginning of a UTF-8 file."""
    return str(request.param)


def read(folder: Path, name: str, content: str | bytes) -> list[HistoryItem | Refused]:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_items(path))


def test_json_lines(tmp_path: Path, marked: str) -> None:
    lines = (
        '{"text": "my\\ncat\u2028😀", "id": "1", "source": "posts", "category": "pets", '
        '"time": "2025-01-02T03:04:05+01:00", "role": "other"}\r\n'
        "\n"
        '{"text": "Wednesday", "time": "Wed May 27 07:19:30 PDT 2009", "category": null}'
    )
    full, short = read(tmp_path, "a.JSONL", marked + lines)
    assert full == HistoryItem(
        id="1",
        text="my\ncat\u2028😀",
        source="posts",
        category="pets",
        time=datetime(2025, 1, 2, 2, 4, 5, tzinfo=UTC),
        role="other",
    )
    assert isinstance(short, HistoryItem)
    assert short.time == datetime(2009, 5, 27, 14, 19, 30, tzinfo=UTC)
    assert short.id


def test_comma_separated(tmp_path: Path, marked: str) -> None:
    rows = 'time,text , category,id\r\n2025-01-02,"my ""cat"",\nhe said",pets,\r\n\r\n,short,,7\r\n'
    full, short = read(tmp_path, "a.csv", marked + rows)
    assert full == HistoryItem(
        text='my "cat",\nhe said', category="pets", time=datetime(2025, 1, 2, tzinfo=UTC)
    )
    assert short == HistoryItem(text="short", id="7")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"text": "secret"', "is not JSON, from column"),
        ("secret", "is not JSON, from column 1 on"),
        ("[" * 100_000, "is not JSON that can be read"),
        ('{"text": "a", "id": ' + "9" * 5000 + "}", "is not JSON that can be read"),
        ('["secret"]', "is not a JSON object"),
        ('"secret"', "is not a JSON object"),
        ('{"text": "secret", "user_id": "b", "x": 1}', "has fields ['user_id', 'x']; the known"),
        ("{}", "text: is missing"),
        ('{"text": " "}', "text: is blank"),
        ('{"text": ""}', "text: is empty"),
        ('{"text": "secret\\ud800"}', "text: is not valid Unicode"),
        ('{"text": "secret", "id": 7}', "id: should be text"),
        ('{"text": "' + "secret" * 4000 + '"}', "text: String should have at most 20000"),
        ('{"text": "secret", "time": "yesterday"}', "time: "),
        ('{"text": "secret", "time": "0001-01-01T00:00:00+14:00"}', "time: is out of range"),
        ('{"text": "secret", "role": "me", "source": ""}', "source: is empty; role: Input should"),
    ],
)
def test_a_bad_line_is_named_and_skipped(tmp_path: Path, line: str, reason: str) -> None:
    before, refused, after = read(tmp_path, "a.jsonl", f'{{"text": "a"}}\n{line}\n{{"text": "b"}}')
    assert isinstance(before, HistoryItem)
    assert isinstance(after, HistoryItem)
    assert isinstance(refused, Refused)
    assert refused.line == 2
    assert refused.reason.startswith(reason)
    assert "secret" not in refused.reason


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("secret,posts,more", "has 3 cells, not 2"),
        ("secret", "has 1 cells, not 2"),
        (",posts", "text: is empty"),
        ('"secret"x,posts', "is not CSV"),
        ("secret\rx,posts", "is not CSV"),
        ("s" * 200_000 + ",posts", "is not CSV (field larger"),
    ],
)
def test_a_bad_row_is_named_and_skipped(tmp_path: Path, row: str, reason: str) -> None:
    rows = f'text,source\n"a\n1",posts\n{row}\nb,posts\n'
    before, refused, after = read(tmp_path, "a.csv", rows)
    assert before == HistoryItem(text="a\n1", source="posts")
    assert after == HistoryItem(text="b", source="posts")
    assert isinstance(refused, Refused)
    assert refused.line == 4
    assert refused.reason.startswith(reason)
    assert "secret" not in refused.reason


def test_a_quote_that_never_ends_is_refused_where_it_begins(tmp_path: Path) -> None:
    first, refused = read(tmp_path, "a.csv", 'text\na\n"b\nc\n')
    assert first == HistoryItem(text="a")
    assert refused == Refused(3, "is not CSV (unexpected end of data)")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "text,user_id\na,b\n", r"has columns \['user_id'\]; .*after id, text, source"),
        ("a.csv", "source,time\na,b\n", r"has the columns \['source', 'time'\]"),
        ("a.csv", "text,text\na,b\n", "each once"),
        ("a.csv", "", r"has the columns \[\]"),
        ("a.csv", '"text', "no row of column names"),
        ("a.csv", "text\na\nJos\xe9\n".encode("latin-1"), "not UTF-8 on line 3; save it as UTF-8"),
        ("a.jsonl", '{"text": "é"}'.encode("utf-16"), "not UTF-8 on line 1"),
        ("a.txt", "text", r"'a\.txt' is no kind of file .* \.csv, \.jsonl"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_is_an_error(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    with pytest.raises(HistoryItemError, match=message):
        read(tmp_path, name, content)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    items: Iterator[HistoryItem | Refused] = read_items(tmp_path / "none.csv")
    with pytest.raises(HistoryItemError, match="No such file"):
        next(items)


def test_items_before_a_bad_byte_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'{"text": "a"}\n\xff\n')
    items = read_items(tmp_path / "a.jsonl")
    assert next(items) == HistoryItem(text="a")
    with pytest.raises(HistoryItemError, match="line 2"):
        next(items)
