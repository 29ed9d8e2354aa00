"""Tables as programs write them: encodings, delimiters, lines before the names, dates."""

from collections.abc import Sequence
from io import BytesIO

import pytest

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import Reading, Refused
from guided_profile.tools.readers.layouts import layout
from guided_profile.tools.readers.tables import layout_of, order_of, rows
from guided_profile.tools.readers.times import date_order


def file(content: str | bytes, encoding: str = "utf-8") -> ExportFile:
    data = content if isinstance(content, bytes) else content.encode(encoding)
    return ExportFile("a.csv", len(data), lambda: BytesIO(data))


def cells(content: str | bytes, encoding: str = "utf-8") -> list[dict[str, str]]:
    return [row[1] for row in rows(file(content, encoding)) if not isinstance(row, Refused)]


@pytest.mark.parametrize(
    ("encoding", "title"),
    [
        ("utf-8", "Küche 日本"),
        ("utf-8-sig", "Küche 日本"),
        ("utf-16", "Küche 日本"),
        ("utf-16-le", "Küche 日本"),
        ("cp1252", "Töpfe für die Küche"),
        ("cp1252", "Boulangerie à Évry"),
        ("cp1251", "Чугунная сковорода для кухни"),
        ("cp932", "鉄のフライパンとスーパーマーケット"),
    ],
)
@pytest.mark.parametrize("before", [0, 40_000])
def test_a_table_is_read_in_the_encoding_that_it_is_written_in(
    encoding: str, title: str, before: int
) -> None:
    content = "date;title\n" + "2024-05-14;pan\n" * before + f"2024-05-15;{title}\n"
    read = cells(content, encoding)
    assert len(read) == before + 1
    assert read[-1] == {"date": "2024-05-15", "title": title}


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_cells_are_separated_by_what_makes_the_rows_equally_wide(delimiter: str) -> None:
    content = "a,b;c\n1,5;x\n2,5;y\n".replace(",", "\0").replace(";", delimiter).replace("\0", ":")
    assert cells(content)[0] == {"a:b": "1:5", "c": "x"}
    assert cells("sep=;\na,b;c\n1,5;x\n")[0] == {"a,b": "1,5", "c": "x"}


def test_the_names_are_found_below_the_lines_that_a_bank_writes() -> None:
    bank = (
        '"Konto:";"Girokonto"\n"Stand vom 14.05.2024:";"1.234,56 EUR"\n\n'
        '"Buchungstag";"Empfänger";"Betrag";\n'
        '"14.05.2024";"Bäckerei; am Eck";"-4,20";""\n"13.05.2024";"Kino";"-9,00";""\n'
    )
    assert cells(bank)[0] == {
        "Buchungstag": "14.05.2024",
        "Empfänger": "Bäckerei; am Eck",
        "Betrag": "-4,20",
    }
    (first, _) = rows(file(bank))
    assert not isinstance(first, Refused)
    assert first[0].line == 5


@pytest.mark.parametrize(
    "content",
    [
        "2024-05-14,Cast iron pan,26 cm\n2024-05-15,Kettle,1 l\n",
        "14.05.2024;Pfanne;-4,20 €\n",
        "",
        "\n\n",
    ],
)
def test_a_table_without_names_is_none(content: str) -> None:
    with pytest.raises(HistoryItemError, match="no row of column names"):
        list(rows(file(content)))


@pytest.mark.parametrize(
    "content",
    [
        "It was a day like any other, I thought.\nThen, it rained.\nSo I went, as ever, home.",
        "print('a')\nfor x in y:\n    print(x, y)\n",
        "one word\nanother\n",
    ],
)
def test_what_is_no_table_has_no_layout(content: str) -> None:
    found = layout(content)
    assert found is None or len(found.columns) < 3


def test_a_line_without_an_end_or_many_columns_end_in_a_message() -> None:
    with pytest.raises(HistoryItemError, match="more than 2000 columns"):
        layout_of(file(",".join(f"c{number}" for number in range(100_000)) + "\n1\n"))
    with pytest.raises(HistoryItemError, match="more than 2000 columns"):
        layout_of(file("x" * 10_000_000))
    long = list(rows(file("a,b\n1," + "x" * 10_000_000 + "\n2,3\n")))
    assert isinstance(long[0], Refused)
    assert not isinstance(long[1], Refused)
    assert long[1][1] == {"a": "2", "b": "3"}


def test_a_table_that_is_cut_short_is_read_up_to_there() -> None:
    read = list(rows(file('a,b\n1,2\n3,"x')))
    assert [isinstance(row, Refused) for row in read] == [False, True]


@pytest.mark.parametrize(
    ("dates", "order"),
    [
        (["03/04/2024", "05/14/2024"], "mdy"),
        (["03/04/2024", "14/05/2024 10:00"], "dmy"),
        (["03.04.2024", "05.04.2024"], "dmy"),
        (["2024/05/04"], None),
        (["2024-05-04T10:00", "yesterday", ""], None),
        (["05/05/2024"], "dmy"),
        (["11/1/23", "11/2/23", "11/9/23", "12/2/23", "12/4/23"], "mdy"),
        (["04.12.23", "02.12.23", "09.11.23", "02.11.23", "01.11.23"], "dmy"),
        (["24/05/14", "23/12/31"], "ymd"),
    ],
)
def test_the_order_of_dates_is_found_from_all_of_them(dates: Sequence[str], order: str) -> None:
    assert date_order(dates) == order


def test_dates_that_none_decides_are_asked_for_and_what_is_said_counts() -> None:
    table = file("when,what\n03/04/2024,a\n04/04/2024,b\n")
    with pytest.raises(HistoryItemError, match="--dates dmy"):
        order_of([table], "when", Reading())
    assert order_of([table], "when", Reading(dates="mdy")) == "mdy"
