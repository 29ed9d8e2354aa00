"""Any table and any JSON: what the columns seem to hold is proposed, and nothing is read unsure."""

import json
import pickle
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guided_profile.graph.errors import ColumnsError, HistoryItemError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.detect import Reading, opened, read_items

ROWS = [
    ("2024-05-14", "Cast iron pan, 26 cm", "Kitchen", "https://shop.example/1", "A-1001", "29.90"),
    ("2024-05-15", "Kettle", "Kitchen", "https://shop.example/2", "A-1002", "19.90"),
    ("2024-05-16", "Rubber boots, green", "Garden", "https://shop.example/3", "A-1003", "24.00"),
    ("2024-05-17", "Seeds of chard", "Garden", "https://shop.example/4", "A-1004", "3.20"),
]
TALK = [
    ("2024-05-14 10:00", "Ann Moor", "I bake rye bread every Sunday."),
    ("2024-05-14 10:01", "Bo Finn", "Do you? I hate bread, to be honest."),
    ("2024-05-14 10:02", "Ann Moor", "You have not tried mine yet."),
    ("2024-05-14 10:03", "Bo Finn", "That is true. When shall I come?"),
    ("2024-05-14 10:04", "Ann Moor", "Come on Sunday at ten."),
]


def csv(names: str, rows: list[tuple[str, ...]]) -> str:
    return "\n".join([names, *(",".join(f'"{cell}"' for cell in row) for row in rows)]) + "\n"


def write(folder: Path, name: str, content: object) -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def asked(path: Path, **reading: object) -> dict[str, str]:
    with pytest.raises(ColumnsError, match="if this is right, add --column") as error:
        list(read_items(path, Reading(**reading)))
    assert error.value.signature
    assert not any(first in str(error.value) for first in error.value.examples.values())
    return error.value.columns


@pytest.mark.parametrize(
    "names",
    [
        "Datum,Artikel,Warengruppe,Seite,Nummer,Preis",
        "Jour,Objet,Rayon,Lien,Numéro,Prix",
        "Dia,Produto,Seção,Página,Número,Preço",
        "日,品,売場,頁,番号,値段",
        "اليوم,السلعة,القسم,الصفحة,الرقم,السعر",
    ],
)
def test_columns_are_proposed_from_what_they_hold_in_any_language(
    tmp_path: Path, names: str
) -> None:
    time, text, category, *_ = names.split(",")
    path = write(tmp_path, "a.csv", csv(names, ROWS))
    columns = asked(path)
    assert columns == {"time": time, "text": text, "category": category}
    first, *_ = read_items(path, Reading(columns=columns))
    assert isinstance(first, HistoryItem)
    assert (first.text, first.category) == ("Cast iron pan, 26 cm", "Kitchen")
    assert first.time is not None


def test_a_column_of_times_with_another_name_is_not_dropped(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "text,when\na pan,2024-05-14\na kettle,2024-05-15\n")
    assert asked(path) == {"text": "text", "time": "when"}


def test_usual_names_that_hold_what_they_say_are_read_without_asking(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "Date,Title,Link\n2024-05-14,a pan,https://x.example\n")
    assert [item.text for item in read_items(path) if isinstance(item, HistoryItem)] == ["a pan"]


def test_counts_of_seconds_are_times_and_ids_are_not(tmp_path: Path) -> None:
    rows = [
        ("1715680800", f"17156808{number:02}", f"thing {'abcd'[number]}") for number in range(4)
    ]
    path = write(tmp_path, "a.csv", csv("at,order id,what", rows))
    assert asked(path) == {"time": "at", "text": "what"}


@pytest.mark.parametrize("names", ["Zeit,Wer,Nachricht", "時,人,本文", "متى,من,نص"])
def test_names_that_come_back_beside_sentences_say_who_wrote(tmp_path: Path, names: str) -> None:
    time, who, text = names.split(",")
    path = write(tmp_path, "a.csv", csv(names, TALK))
    assert asked(path, me="Ann Moor") == {"time": time, "text": text, "role": who}
    columns = {"text": text, "time": time}
    with pytest.raises(HistoryItemError, match=f"the column '{who}' says who wrote; say with --me"):
        list(read_items(path, Reading(columns=columns)))
    items = list(read_items(path, Reading(columns=columns, me="Bo Finn")))
    roles = [item.role for item in items if isinstance(item, HistoryItem)]
    assert roles == ["other", "user", "other", "user", "other"]


@pytest.mark.parametrize(
    ("name", "content", "columns"),
    [
        (
            "a.csv",
            "role,content,timestamp\nuser,I bake rye bread,2024-05-14\nassistant,You love it!,\n"
            "system,Be kind,\n",
            {},
        ),
        (
            "a.csv",
            "art,content\nuser,I bake rye bread\nassistant,You love it!\n",
            {"text": "content"},
        ),
        (
            "a.jsonl",
            '{"who": "user", "content": "I bake rye bread"}\n'
            '{"who": "assistant", "content": "You love it!"}\n',
            {"text": "content"},
        ),
        (
            "a.json",
            {
                "log": [
                    {"by": {"kind": "user"}, "content": "I bake rye bread"},
                    {"by": {"kind": "assistant"}, "content": "You love it!"},
                ]
            },
            {"text": "content"},
        ),
    ],
)
def test_what_a_model_wrote_is_never_the_users(
    tmp_path: Path, name: str, content: object, columns: dict[str, str]
) -> None:
    items = read_items(write(tmp_path, name, content), Reading(columns=columns))
    assert [(item.text, item.role) for item in items if isinstance(item, HistoryItem)] == [
        ("I bake rye bread", "user"),
        ("You love it!", "other"),
    ]


def test_nested_json_is_proposed_by_its_path(tmp_path: Path) -> None:
    found = {
        "meta": {"pages": [{"n": 1}]},
        "data": {
            "entries": [
                {"made": {"at": "2024-05-14T10:00:00Z"}, "thing": {"label": "Cast iron pan"}},
                {"made": {"at": "2024-05-15T10:00:00Z"}, "thing": {"label": "Rubber boots"}},
            ]
        },
    }
    path = write(tmp_path, "a.json", found)
    columns = asked(path)
    assert columns == {"time": "made.at", "text": "thing.label"}
    texts = [item.text for item in read_items(path, Reading(columns=columns)) if item]
    assert texts == ["Cast iron pan", "Rubber boots"]
    short = write(tmp_path, "b.json", json.dumps(found)[:-40])
    read = list(read_items(short, Reading(columns=columns)))
    assert [isinstance(item, HistoryItem) for item in read] == [True, False]


def test_an_array_that_is_no_history_adds_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, "a.json", [{"x": 1, "y": 2.5}, {"x": 2, "y": 3.5}])
    with pytest.raises(HistoryItemError, match="none of the columns 'x', 'y' is for the text"):
        list(read_items(path))


def test_a_workbook_is_read_as_a_table_from_its_first_sheet_that_is_one(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["My year"])
    sheet = book.create_sheet("Käufe")
    sheet.append(["Käufe 2024"])
    sheet.append([])
    sheet.append(["Datum", "Artikel", "Warengruppe", "Preis"])
    for day, text, category, *_ in ROWS:
        sheet.append([datetime.fromisoformat(day), text, category, 29.9])
    path = tmp_path / "sheet.bin"
    book.save(path)
    columns = asked(path)
    assert columns == {"time": "Datum", "text": "Artikel", "category": "Warengruppe"}
    items = list(read_items(path, Reading(columns=columns)))
    assert [item.text for item in items if isinstance(item, HistoryItem)] == [r[1] for r in ROWS]
    first = items[0]
    assert isinstance(first, HistoryItem)
    assert first.time == datetime(2024, 5, 14, tzinfo=UTC)


def test_the_longest_table_of_a_page_is_read(tmp_path: Path) -> None:
    pytest.importorskip("bs4")
    rows = "".join(f"<tr><td>{day}</td><td><b>{text}</b></td></tr>" for day, text, *_ in ROWS)
    page = (
        "<!DOCTYPE html><html><body><table><tr><td>Menu</td><td>Home</td></tr></table>"
        f"<table><thead><tr><th>Dag</th><th>Ting</th></tr></thead>{rows}</table></body></html>"
    )
    path = write(tmp_path, "page", page)
    columns = asked(path)
    assert columns == {"time": "Dag", "text": "Ting"}
    texts = [item.text for item in read_items(path, Reading(columns=columns)) if item]
    assert texts == [row[1] for row in ROWS]


def test_a_page_without_a_table_of_names_says_what_to_do(tmp_path: Path) -> None:
    pytest.importorskip("bs4")
    path = write(tmp_path, "a.html", "<html><table><tr><td>1</td><td>2</td></tr></table></html>")
    with pytest.raises(HistoryItemError, match="copy what matters of it"):
        list(read_items(path))


def test_what_seems_right_reaches_another_process(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "text,when\na pan,2024-05-14\n")
    with pytest.raises(ColumnsError) as error:
        list(read_items(path))
    there = pickle.loads(pickle.dumps(error.value))
    assert (str(there), there.columns) == (str(error.value), error.value.columns)


@pytest.mark.parametrize(
    "content",
    [
        "import os, sys\n\ndef main(a, b):\n    print(a, b)\n\nmain(1, 2)\n",
        "The sea, grey as slate.\nShe came, and went.\nNobody, it seemed, knew her.\nSo, home.\n",
    ],
)
def test_a_comma_in_each_line_makes_no_table(tmp_path: Path, content: str) -> None:
    path = write(tmp_path, "a.txt", content)
    with suppress(HistoryItemError), opened(path, Reading()) as file:
        assert file.format != "csv"


def test_a_table_of_two_columns_is_one_under_any_name(tmp_path: Path) -> None:
    path = write(tmp_path, "a", "date,text\n2024-05-14,a pan\n2024-05-15,a cup\n2024-05-16,tea\n")
    assert len(list(read_items(path))) == 3


def test_rows_that_are_numbered_take_no_place_of_one_another(tmp_path: Path) -> None:
    first = write(tmp_path, "a.json", [{"id": 1, "title": "a pan", "date": "2024-05-14"}])
    other = write(tmp_path, "b.csv", "id,title,date\n1,a cup,2024-05-14\n2,a pot,2024-05-15\n")
    ids = [item.id for path in (first, other) for item in read_items(path) if item]
    assert len({*ids}) == 3
    assert "1" not in ids


def test_a_key_with_half_a_letter_is_said(tmp_path: Path) -> None:
    path = write(tmp_path, "a.json", r'[{"w\udce2": "Cast iron pan"}, {"w\udce2": "Rubber boots"}]')
    with pytest.raises(HistoryItemError) as error:
        list(read_items(path))
    str(error.value).encode()


def test_a_list_beside_other_things_of_its_file_is_asked_about(tmp_path: Path) -> None:
    said = [{"content": f"I sail {n} times", "created_at": f"2024-01-0{n}"} for n in range(1, 4)]
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"info": {"title": "Boats"}, "results": said}))
    with pytest.raises(ColumnsError, match="--column text=content"):
        list(read_items(path))
    path.write_text(json.dumps({"count": 3, "results": said}))
    assert len(list(read_items(path))) == 3
