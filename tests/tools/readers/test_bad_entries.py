"""One bad entry, or one bad file of an export, is refused with its place, and the rest is read."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from guided_profile.graph.errors import HistoryItemError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.detect import Reading, Refused, read_items

ENDLESS = "1" * 5000
"""Digits that Python makes no number of."""


def read(path: Path, **reading: Any) -> tuple[list[str], list[Refused]]:
    """Return the texts of the items, and what was refused."""
    entries = list(read_items(path, Reading(**reading)))
    kept = [entry.text for entry in entries if isinstance(entry, HistoryItem)]
    return kept, [entry for entry in entries if isinstance(entry, Refused)]


def said(text: str, **more: Any) -> dict[str, Any]:
    return {"type": "message", "user": "U1", "ts": "1700000000.1", "text": text} | more


def slack(folder: Path, days: dict[str, str], **how: Any) -> Path:
    path = folder / "slack.zip"
    with zipfile.ZipFile(path, "w", **how) as archive:
        archive.writestr("users.json", "[]")
        for name, content in days.items():
            archive.writestr(f"general/{name}.json", content)
    return path


def test_a_character_of_thousands_of_digits_in_slack(tmp_path: Path) -> None:
    day = json.dumps([said("tea"), said(f"&#{ENDLESS};"), said("oats")])
    kept, (refused,) = read(slack(tmp_path, {"2024-01-01": day}), me="U1")
    assert kept == ["tea", "oats"]
    assert refused.place == "general/2024-01-01.json, message 2"
    assert refused.reason == "text: holds a character that there is not"


def test_a_number_of_thousands_of_digits_costs_its_message(tmp_path: Path) -> None:
    day = json.dumps([said("tea"), said("x", ts=0), said("oats")]).replace(": 0", f": {ENDLESS}")
    kept, (refused,) = read(slack(tmp_path, {"2024-01-01": day}), me="U1")
    assert (kept, refused.reason) == (["tea", "oats"], "time: is out of range")
    path = tmp_path / "result.json"
    of_telegram = {"from": "Anna", "from_id": "user1", "date_unixtime": "1700000000"}
    messages = [said("tea") | of_telegram, said("x") | of_telegram | {"date_unixtime": 0}]
    whole = json.dumps({"name": "Ben", "messages": messages}).replace(": 0", f": {ENDLESS}")
    path.write_text(whole)
    kept, (refused,) = read(path, me="Anna")
    assert (kept, refused.reason) == (["tea"], "time: is out of range")


@pytest.mark.parametrize("how", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_a_damaged_file_of_an_archive_costs_what_it_holds(tmp_path: Path, how: int) -> None:
    days = {f"2024-01-0{n}": json.dumps([said(f"day {n}")] * 50) for n in (1, 2, 3)}
    path = slack(tmp_path, days, compression=how)
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo("general/2024-01-02.json").header_offset
    data = bytearray(path.read_bytes())
    data[start + 60 : start + 72] = bytes(byte ^ 255 for byte in data[start + 60 : start + 72])
    path.write_bytes(data)
    kept, refused = read(path, me="U1")
    assert kept.count("day 1") == kept.count("day 3") == 50
    assert {entry.file for entry in refused} == {"general/2024-01-02.json"}


def test_a_file_of_an_archive_that_is_no_json_costs_itself(tmp_path: Path) -> None:
    chat = {"participants": [], "title": "Ben", "messages": [{"sender_name": "Anna"}]}
    chat["messages"][0] |= {"timestamp_ms": 1735850492000, "content": "tea"}  # type: ignore[index]
    for number, content in enumerate((json.dumps(chat), "{", "[]", json.dumps(chat)), start=1):
        (tmp_path / f"message_{number}.json").write_text(content)
    kept, refused = read(tmp_path, me="Anna")
    assert kept == ["tea", "tea"]
    assert [entry.file for entry in refused] == ["message_2.json", "message_3.json"]


def test_an_archive_of_one_damaged_file_is_said_to_be_so(tmp_path: Path) -> None:
    path = tmp_path / "chat.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("_chat.txt", "[11/08/2021, 09:41:32] Anna: hi\n" * 50)
    data = bytearray(path.read_bytes())
    data[60] ^= 255
    data[70] ^= 255
    path.write_bytes(data)
    with pytest.raises(HistoryItemError, match=r"'chat\.zip' is damaged"):
        read(path, me="Anna")


def test_null_is_a_field_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    fields = ("source", "category", "time", "role", "id", "kind")
    path.write_text(
        json.dumps({"text": "rye bread"} | dict.fromkeys(fields)) + '\n{"text": null}\n'
    )
    (item, refused) = read_items(path)
    assert item == HistoryItem(text="rye bread")
    assert isinstance(refused, Refused)
    assert refused.reason == "text: is missing"


@pytest.mark.parametrize("ending", ["\r", "\r\n", "\n"])
def test_lines_end_as_any_system_ends_them(tmp_path: Path, ending: str) -> None:
    table = tmp_path / "a.csv"
    rows = ["text,time", '"rye, bread",2025-01-02', "a,b,c", "bees,2025-01-03", ""]
    table.write_bytes(ending.join(rows).encode())
    kept, refused = read(table)
    assert (kept, [entry.line for entry in refused]) == (["rye, bread", "bees"], [3])
    lines = tmp_path / "a.jsonl"
    lines.write_bytes(ending.join(['{"text": "a"}', "{", '{"text": "b"}']).encode())
    kept, refused = read(lines)
    assert (kept, [entry.line for entry in refused]) == (["a", "b"], [2])


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;\r"])
def test_excel_names_what_separates_cells_in_the_first_line(tmp_path: Path, first: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"{first}\ntext;time,zone\nrye, bread;\nx\n")
    kept, (refused,) = read(path)
    assert (kept, refused.line) == (["rye, bread"], 4)
