import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from guided_profile.graph.errors import HistoryItemError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.detect import Reading, Refused, read_items
from guided_profile.tools.readers.times import DateOrder


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
    assert refused == Refused(3, "is not CSV (unexpected end of data), up to line 4")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", "text,user_id\na,b\n", "split it by user, or .* with --column"),
        (
            "a.csv",
            "source,who\na,b\n",
            "columns are 'source', 'who', and it is not sure .* --column text=who",
        ),
        ("a.csv", "text,text\na,b\n", "two columns 'text'; rename"),
        ("a.csv", "", "is empty; there is nothing to add"),
        ("a.csv", "\n", "no row of column names; write their names"),
        ("a.csv", '"text', "no row of column names"),
        ("a.jsonl", '{"text": "é"}'.encode("utf-16"), "is UTF-16, not UTF-8; save it"),
        (
            "a.docx",
            b"\3\0\1\0" * 99,
            r"'a\.docx' is no kind of file .*listed by `guided-profile formats`",
        ),
        ("a.json", '{"a": 1}', r"'a\.json' is no kind of file"),
        ("a.zip", "text", "is no zip, gzip or tar archive"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_is_an_error(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    with pytest.raises(HistoryItemError, match=message):
        read(tmp_path, name, content)


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    for name in ("none.csv", "none.json", "none.zip", "none"):
        items: Iterator[HistoryItem | Refused] = read_items(tmp_path / name)
        with pytest.raises(HistoryItemError, match="No such file"):
            next(items)


BAD = b"\xff\xfe\xff"


@pytest.mark.parametrize(
    ("name", "before", "bad", "after", "reason"),
    [
        ("a.jsonl", b'{"text": "a"}', BAD, b'{"text": "b"}', "is not UTF-8"),
        ("a.csv", "text,éééé\na,".encode(), b"x," + BAD, b"b,", "is not UTF-8"),
        ("a.txt", b"a", BAD, b"b", "is not UTF-8"),
        (
            "a.jsonl",
            b'{"text": "a"}',
            b'{"text": "x\\u0000"}',
            b'{"text": "b"}',
            "text: holds a NUL",
        ),
        ("a.csv", b"text\na", b"x\0", b"b", "text: holds a NUL"),
        ("a.txt", b"a", b"x\0", b"b", "text: holds a NUL"),
        ("a.txt", b"a", b"x" * 20_001, b"b", "text: String should have at most 20000"),
        ("a.jsonl", b'{"text": "a"}', b"x" * 3_000_000, b'{"text": "b"}', "is longer than"),
        ("a.csv", b"text\na", b"x" * 3_000_000, b"b", "is longer than"),
        ("a.txt", b"a", b"x" * 3_000_000, b"b", "is longer than"),
    ],
)
def test_bytes_that_are_no_text_cost_their_line_alone(
    tmp_path: Path, name: str, before: bytes, bad: bytes, after: bytes, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b"\n".join([before, bad, after]))
    named = Reading(format="text" if name == "a.txt" else "auto")
    first, refused, last = read_items(path, named)
    assert isinstance(first, HistoryItem)
    assert isinstance(last, HistoryItem)
    assert (first.text, last.text) == ("a", "b")
    assert isinstance(refused, Refused)
    assert refused.line == 2 + before.count(b"\n")
    assert refused.reason.startswith(reason)


def test_columns_are_found_by_their_usual_names_or_as_they_are_mapped(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_text(
        "Order Date;Product Name;Price;Note\n2025-01-02 10:00;a wok;9,99;for mum\n;a pan;1;\n"
    )
    wok, pan = read_items(path)
    assert wok == HistoryItem(text="a wok", time=datetime(2025, 1, 2, 10, tzinfo=UTC), kind="did")
    assert pan == HistoryItem(text="a pan", kind="did")
    mapped = Reading(columns={"text": "Note", "category": "Product Name"}, source="orders")
    note, empty = read_items(path, mapped)
    assert note == HistoryItem(text="for mum", category="a wok", source="orders")
    assert empty == Refused(3, "text: is empty")
    with pytest.raises(HistoryItemError, match="no column 'Notes'; the columns are 'Order Date'"):
        list(read_items(path, Reading(columns={"text": "Notes"})))


def test_keys_of_json_lines_are_mapped_and_a_role_column_may_hold_names(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"msg": "hi", "by": "Anna", "x": 1}\n{"msg": "hello", "by": "Ben"}\n')
    reading = Reading(columns={"text": "msg", "role": "by"}, me="anna")
    assert list(read_items(path, reading)) == [
        HistoryItem(text="hi"),
        HistoryItem(text="hello", role="other"),
    ]


@pytest.mark.parametrize(
    ("time", "dates", "read"),
    [
        ("2025-01-02T10:00", None, "2025-01-02T09:00:00+00:00"),
        ("2025-07-02 10:00", None, "2025-07-02T08:00:00+00:00"),
        ("2025-07-02T10:00Z", None, "2025-07-02T10:00:00+00:00"),
        ("03/04/2025", "dmy", "2025-04-02T22:00:00+00:00"),
        ("03/04/2025 3:05 PM", "mdy", "2025-03-04T14:05:00+00:00"),
        ("3.4.25", "dmy", "2025-04-02T22:00:00+00:00"),
        ("2025/04/03 12:05 am", None, "2025-04-02T22:05:00+00:00"),
        ("2025/04/03 12:05 am", "dmy", "2025-04-02T22:05:00+00:00"),
        ("1743631200", None, "2025-04-02T22:00:00+00:00"),
        ("31/04/2025", "dmy", None),
        ("yesterday", "dmy", None),
    ],
)
def test_times_without_a_zone_are_read_in_the_one_given(
    tmp_path: Path, time: str, dates: DateOrder | None, read: str | None
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"text,time\na,{time}\n")
    (entry,) = read_items(path, Reading(zone=ZoneInfo("Europe/Berlin"), dates=dates))
    if read is None:
        assert isinstance(entry, Refused)
        assert entry.reason.startswith("time: ")
    else:
        assert isinstance(entry, HistoryItem)
        assert entry.time == datetime.fromisoformat(read)


def test_dates_that_nothing_in_the_table_decides_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text,time\na,03/04/2025\n")
    with pytest.raises(HistoryItemError, match=r"two ways.*--dates dmy or --dates mdy"):
        list(read_items(path))


def test_plain_text_is_read_by_line_or_by_paragraph(tmp_path: Path) -> None:
    path = tmp_path / "diary.txt"
    path.write_text("\nI ran\n today.  \n\n \nIt rained.\n")
    by_line = [item.text for item in read_items(path) if isinstance(item, HistoryItem)]
    assert by_line == ["I ran", "today.", "It rained."]
    paragraphs = read_items(path, Reading(paragraphs=True, source="diary"))
    assert list(paragraphs) == [
        HistoryItem(text="I ran\n today.", source="diary"),
        HistoryItem(text="It rained.", source="diary"),
    ]
    path.write_text("a\n\n" + "word\n" * 5000 + "\nb\n")
    first, long, last = read_items(path, Reading(format="text", paragraphs=True))
    assert isinstance(long, Refused)
    assert long.line == 3
    assert (first, last) == (HistoryItem(text="a"), HistoryItem(text="b"))


def test_an_export_of_a_user_is_read_back(tmp_path: Path) -> None:
    items = [
        HistoryItem(text="a cat", source="posts", time=datetime(2025, 1, 2, tzinfo=UTC)),
        HistoryItem(text="hello", id="7", role="other", category="pets"),
    ]
    export = {
        "format": "guided-profile-export",
        "version": 1,
        "user_id": "anna",
        "items": [
            *(item.model_dump(mode="json", exclude={"released", "withdrawn"}) for item in items),
            {"text": ""},
        ],
        "profiles": [],
    }
    path = tmp_path / "anna.json"
    path.write_text(json.dumps(export))
    *same, refused = read_items(path)
    assert same == items
    assert refused == Refused(3, "text: is empty", "item")
    path.write_text(json.dumps(export | {"version": 2}))
    with pytest.raises(HistoryItemError, match="of version 2, and this program reads 1"):
        list(read_items(path))


def test_an_array_of_items_is_read_bit_by_bit(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    texts = [f"item {number} {'é' * number}" for number in range(900)]
    path.write_text(json.dumps([{"text": text} for text in texts], ensure_ascii=False))
    assert path.stat().st_size > 5 * 2**16
    assert [item.text for item in read_items(path) if isinstance(item, HistoryItem)] == texts
    path.write_text('[{"text": "a"}, {"text": "b"')
    first, refused = read_items(path)
    assert first == HistoryItem(text="a")
    assert isinstance(refused, Refused)
    assert refused.place == "item 2"


def test_a_line_that_is_a_date_is_the_day_of_those_below_it(tmp_path: Path) -> None:
    path = tmp_path / "diary.txt"
    path.write_text("Montag, 5. Mai 2025\nLief am See.\nSchlief gut.\n\n## 06.05.2025\nRegen.\n")
    lines = [(item.text, item.time) for item in read_items(path) if isinstance(item, HistoryItem)]
    monday, tuesday = datetime(2025, 5, 5, tzinfo=UTC), datetime(2025, 5, 6, tzinfo=UTC)
    assert lines == [("Lief am See.", monday), ("Schlief gut.", monday), ("Regen.", tuesday)]
    first, second = read_items(path, Reading(paragraphs=True))
    assert (first.text, second.time) == ("Lief am See.\nSchlief gut.", tuesday)  # type: ignore[union-attr]
    path.write_text("03/04/2025\nLief.\n04/04/2025\nSchlief.\n")
    with pytest.raises(HistoryItemError, match="--dates dmy"):
        list(read_items(path))
    path.write_text("12 June\nRan.\n")
    assert list(read_items(path)) == [HistoryItem(text="Ran.")]
