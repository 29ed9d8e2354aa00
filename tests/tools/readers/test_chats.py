"""Exports of chats, in the dialects that the apps write."""

import json
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from guided_profile.graph.errors import HistoryItemError, SettingsError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.base import Kept, Reading, Skipped
from guided_profile.tools.readers.chats.whatsapp import date_order
from guided_profile.tools.readers.detect import Refused, opened, read_items
from guided_profile.tools.readers.times import DateOrder

ANNA = Reading(me="anna")


def read(path: Path, reading: Reading = ANNA) -> tuple[list[HistoryItem], list[Refused], int]:
    """Return what is in a file: the items, the refused entries, and how many were skipped."""
    with opened(path, reading) as file:
        entries = list(file.entries)
    items = [entry.item for entry in entries if isinstance(entry, Kept)]
    refused = [entry for entry in entries if isinstance(entry, Refused)]
    return items, refused, sum(isinstance(entry, Skipped) for entry in entries)


def file(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


@pytest.mark.parametrize(
    "header",
    [
        "[1/2/25, 9:41:32 PM] ",
        "[1/2/25, 9:41:32\u202fPM] ",
        "\u200e[02.01.25, 21:41:32] ",
        "[2025/1/2, 21:41:32] ",
        "[02/01/2025, 21:41:32] ",
        "1/2/25, 9:41 PM - ",
        "1/2/25, 9:41\u202fpm - ",
        "1/2/25, 9:41_PM - ",
        "1/2/25, 9:41 p. m. - ",
        "02/01/2025, 21:41 - ",
        "02/01/2025 21:41 - ",
        "02.01.25, 21:41 - ",
        "2025-01-02, 21:41 - ",
        "2.1.2025 klo 21.41 - ",
    ],
)
def test_whatsapp_writes_dates_in_many_ways(tmp_path: Path, header: str) -> None:
    second = header.replace("1/2/", "1/15/").replace("02/01", "15/01").replace("02.01", "15.01")
    second = second.replace("2.1.2025", "15.1.2025")  # which shows the order of day and month
    path = file(tmp_path, "chat.txt", f"{header}Anna: I ran 5 km\n{second}Ben: well done\n")
    (mine, his), refused, skipped = read(path)
    assert (refused, skipped) == ([], 0)
    assert (mine.text, mine.role, mine.source) == ("I ran 5 km", "user", "whatsapp")
    assert (his.text, his.role) == ("well done", "other")
    assert mine.time is not None
    assert mine.time.replace(second=0) == datetime(2025, 1, 2, 21, 41, tzinfo=UTC)


def test_whatsapp_messages_keep_their_lines_and_lose_the_apps_notices(tmp_path: Path) -> None:
    path = file(
        tmp_path,
        "WhatsApp Chat with Ben.txt",
        "12/31/24, 11:58 PM - Messages and calls are end-to-end encrypted.\n"
        "12/31/24, 11:58 PM - Anna: Buy:\nmilk\n\n[1] 12/24, 10: tea\n"
        "12/31/24, 11:58 PM - Ben: <Medien ausgeschlossen>\n"
        "12/31/24, 11:58 PM - Ben: This message was deleted\n"
        "12/31/24, 11:59 PM - Ben: \u200eimage omitted\n"
        "12/31/24, 11:59 PM - Ben: see: https://example.org <This message was edited>\n"
        "1/1/25, 12:00 AM - Ben left\n"
        "1/1/25, 12:01 AM - ~ Carla: happy new year\n"
        "1/1/25, 13:01 PM - Carla: what day is it\n"
        "1/1/25, 12:02 AM - Anna: \u20281/2/25, 9:41 PM - Ben: is how it looks\n",
    )
    items, refused, skipped = read(path, Reading(me="Anna", zone=ZoneInfo("Europe/Berlin")))
    assert [(item.text, item.role) for item in items] == [
        ("Buy:\nmilk\n\n[1] 12/24, 10: tea", "user"),
        ("see: https://example.org", "other"),
        ("happy new year", "other"),
        ("1/2/25, 9:41 PM - Ben: is how it looks", "user"),
    ]
    assert items[0].time == datetime(2024, 12, 31, 22, 58, tzinfo=UTC)
    assert refused == [Refused(12, "time: is no such day or hour")]
    assert skipped == 5


@pytest.mark.parametrize(
    ("dates", "order"),
    [
        (["1/2/25", "13/2/25"], "dmy"),
        (["1/2/25", "2/13/25"], "mdy"),
        (["2025/1/2"], "ymd"),
        (["1/2/25", "1/3/25", "2/1/25"], "mdy"),
        (["1/2/25", "3/2/25", "1/3/25"], "dmy"),
        (["1/2/25"], "dmy"),
        (["1/2/25 mdy"], "mdy"),
        (["1/1/25 /"], "dmy"),
    ],
)
def test_the_order_of_dates_is_found_out_from_the_chat(dates: list[str], order: DateOrder) -> None:
    numbers = [
        (*date.split()[0].split("/"), "1", "00", None, date.partition(" ")[2] or None)
        for date in dates
    ]
    assert date_order(numbers) == order


@pytest.mark.parametrize(
    "header", ["03/04/25, 21:41 - ", "3/4/25, 9:41 pm - ", "[03/04/2025, 21:41:00] "]
)
def test_dates_that_nothing_decides_are_asked_for(tmp_path: Path, header: str) -> None:
    path = file(tmp_path, "chat.txt", f"{header}Anna: hi\n{header}Ben: ho\n")
    with pytest.raises(HistoryItemError, match="--dates dmy or --dates mdy"):
        read(path)
    (first, _), _, _ = read(path, Reading(me="Anna", dates="mdy"))
    assert first.time == datetime(2025, 3, 4, 21, 41, tzinfo=UTC)


def test_a_diary_with_times_is_no_chat(tmp_path: Path) -> None:
    path = file(tmp_path, "a.txt", "05.01.24, 20:15 - went to sea\n06.01.24, 21:00 - came back\n")
    assert [item.text[-9:] for item in read(path, Reading())[0]] == ["nt to sea", "came back"]


def test_the_order_of_dates_may_be_given(tmp_path: Path) -> None:
    path = file(tmp_path, "chat.txt", "1/2/25, 21:41 - Anna: hi\n")
    (item,), _, _ = read(path, Reading(me="Anna", dates="mdy"))
    assert item.time == datetime(2025, 1, 2, 21, 41, tzinfo=UTC)


def test_lines_before_the_first_message_and_bad_bytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    path.write_bytes(b"hello\n\n1.2.25, 21:41 - Anna: hi\n\xff\n1.2.25, 21:42 - Anna: ho\n")
    items, refused, _ = read(path, Reading(format="whatsapp", me="Anna"))
    assert [item.text for item in items] == ["hi", "ho"]
    assert [(entry.line, entry.reason[:12]) for entry in refused] == [
        (1, "begins with "),
        (4, "is not UTF-8"),
    ]


def test_whatsapp_archives_and_folders_are_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "chat.zip", "w") as archive:
        archive.writestr("_chat.txt", "[02.01.25, 21:41:32] Anna: hi\n[oops] Anna: ho\nx")
        archive.writestr("photo.jpg", b"\xff\xd8")
        archive.writestr("__MACOSX/._chat.txt", b"\0")
    (item,), refused, _ = read(tmp_path / "chat.zip")
    assert (item.text, refused) == ("hi\n[oops] Anna: ho\nx", [])


def test_telegram_json(tmp_path: Path) -> None:
    def message(**more: Any) -> dict[str, Any]:
        fields = {
            "id": 1,
            "type": "message",
            "date": "2025-01-02T22:41:32",
            "date_unixtime": "1735850492",
            "from": "Anna",
            "from_id": "user1",
            "text": "hi",
        }
        return fields | more

    link = {"type": "link", "text": "example.org"}
    messages = [
        message(),
        message(text=["see ", link, "!"], **{"from": "Ben", "from_id": "user2"}),
        message(type="service", action="pin_message"),
        message(text="", photo="photos/1.jpg"),
        message(text="bye", **{"from": None, "from_id": "user3"}),
        message(text=7),
        "nothing",
        message(date_unixtime="soon"),
        {"type": "message", "date": "2025-01-02T22:41:32", "from": "Anna", "text": "old"},
    ]
    path = file(tmp_path, "result.json", {"name": "Runners", "messages": messages})
    reading = Reading(me="Anna", zone=ZoneInfo("Europe/Berlin"))
    items, refused, skipped = read(path, reading)
    time = datetime(2025, 1, 2, 20, 41, 32, tzinfo=UTC)
    assert items == [
        HistoryItem(text="hi", source="telegram", category="Runners", time=time, kind="said"),
        HistoryItem(
            text="see example.org!",
            source="telegram",
            category="Runners",
            time=time,
            role="other",
            kind="said",
        ),
        HistoryItem(
            text="bye", source="telegram", category="Runners", time=time, role="other", kind="said"
        ),
        HistoryItem(
            text="old",
            source="telegram",
            category="Runners",
            time=datetime(2025, 1, 2, 21, 41, 32, tzinfo=UTC),
            kind="said",
        ),
    ]
    assert [entry.place for entry in refused] == ["message 6", "message 7", "message 8"]
    assert skipped == 2
    # of the whole account, and by the id in place of the name
    account = {"about": "", "chats": {"list": [{"name": "Runners", "messages": messages}]}}
    path = file(tmp_path, "account/result.json", account)
    again, _, _ = read(path.parent, Reading(me="user1", zone=ZoneInfo("Europe/Berlin")))
    assert again[:3] == items[:3]


def test_telegram_pages(tmp_path: Path) -> None:
    def block(inner: str, date: str = "02.01.2025 22:41:32 UTC+02:00") -> str:
        return (
            '<div class="message default clearfix">\n<div class="body">\n'
            f'<div class="pull_right date details" title="{date}">22:41</div>\n'
            f"{inner}</div></div>\n"
        )

    anna = '<div class="from_name">Anna </div>'
    page = (
        '<html><body><div class="page_header"><div class="text bold">Runners</div></div>\n'
        '<div class="message service"><div class="body details">2 January</div></div>\n'
        + block(anna + '<div class="text">I ran<br>5 km &amp; more</div>')
        + block('<div class="text">and I slept</div>')
        + block(anna + '<div class="media_wrap">a photo</div>')
        + block('<div class="from_name">Ben</div><div class="text">ok</div>', date="today")
    )
    file(tmp_path, "export/messages.html", page)
    ben = block('<div class="from_name">Ben</div><div class="text">well done</div>')
    file(tmp_path, "export/messages2.html", f"<html>{ben}</html>")
    items, refused, skipped = read(tmp_path / "export")
    assert [(item.text, item.role, item.category) for item in items] == [
        ("I ran\n5 km & more", "user", "Runners"),
        ("and I slept", "user", "Runners"),
        ("well done", "other", None),
    ]
    assert items[0].time == datetime(2025, 1, 2, 20, 41, 32, tzinfo=UTC)
    assert skipped == 1
    assert [entry.place for entry in refused] == ["messages.html, line 15"]


def test_slack(tmp_path: Path) -> None:
    def message(user: str | None, text: Any, **more: Any) -> dict[str, Any]:
        return {"type": "message", "user": user, "text": text, "ts": "1735850492.000200"} | more

    profile = {"display_name": "anna", "real_name": "Anna Berg"}
    users = [
        {"id": "U1", "name": "aberg", "profile": profile},
        {"id": "U2", "name": "ben", "profile": {"display_name": ""}},
    ]
    day = [
        message("U1", "I ran with <@U2> &amp; <@U9>"),
        message("U1", "see <https://example.org|the map> in <#C1|general>"),
        message("U2", "well done"),
        message("U2", "<@U2> has joined the channel", subtype="channel_join"),
        message(None, "beep", subtype="bot_message", bot_id="B1"),
        message("U1", None),
        message("U1", "when", ts="soon"),
        "nothing",
    ]
    with zipfile.ZipFile(tmp_path / "slack.zip", "w") as archive:
        archive.writestr("users.json", json.dumps(users))
        archive.writestr("channels.json", "[]")
        archive.writestr("general/2025-01-02.json", json.dumps(day))
        archive.writestr("general/2025-01-03.json", '[{"type": "message"')
    for me in ("anna", "Anna Berg", "aberg", "U1"):
        items, refused, skipped = read(tmp_path / "slack.zip", Reading(me=me))
        assert [(item.text, item.role) for item in items] == [
            ("I ran with @ben & @U9", "user"),
            ("see the map (https://example.org) in #general", "user"),
            ("well done", "other"),
        ]
    assert items[0].category == "general"
    assert items[0].time == datetime(2025, 1, 2, 20, 41, 32, 200, tzinfo=UTC)
    assert skipped == 2
    assert [entry.place for entry in refused] == [
        "general/2025-01-02.json, message 6",
        "general/2025-01-02.json, message 7",
        "general/2025-01-02.json, message 8",
        "general/2025-01-03.json, message 1",
    ]


def test_messenger(tmp_path: Path) -> None:
    def bytewise(text: str) -> str:
        return text.encode().decode("latin-1")

    messages = [
        {"sender_name": "Ben", "timestamp_ms": 1735850493000, "content": bytewise("schön 😀")},
        {"sender_name": bytewise("Änna"), "timestamp_ms": 1735850492000, "content": "I ran"},
        {"sender_name": "Ben", "timestamp_ms": 1735850494000, "photos": []},
        {"sender_name": "Ben", "timestamp_ms": None, "content": "when"},
        {"sender_name": "Ben", "timestamp_ms": 1735850494000, "content": ["a"]},
        None,
    ]
    chat = {"participants": [], "title": bytewise("Läufer"), "messages": messages}
    path = file(tmp_path, "messages/inbox/runners_1/message_1.json", chat)
    file(tmp_path, "other.json", {"messages": "none"})
    for place in (path, tmp_path):
        items, refused, skipped = read(place, Reading(me="ÄNNA"))
        assert [(item.text, item.role, item.category) for item in items] == [
            ("schön 😀", "other", "Läufer"),
            ("I ran", "user", "Läufer"),
        ]
        assert items[1].time == datetime(2025, 1, 2, 20, 41, 32, tzinfo=UTC)
        assert [entry.line for entry in refused] == [4, 5, 6]
        assert skipped == 1 + (place == tmp_path)  # and other.json
    encrypted = {
        "participants": ["Anna", "Ben"],
        "threadName": "Ben_1",
        "messages": [
            {"senderName": "Anna", "text": "I ran", "timestamp": 1735850492000, "type": "text"}
        ],
    }
    ((item,), _, _) = read(file(tmp_path, "Ben_1.json", encrypted))
    assert (item.text, item.role, item.category) == ("I ran", "user", "Ben_1")


def test_who_the_user_is_must_be_said_and_be_somebody(tmp_path: Path) -> None:
    path = file(tmp_path, "chat.txt", "1.2.25, 21:41 - Anna: hi\n1.2.25, 21:42 - Ben: ho\n")
    with pytest.raises(HistoryItemError, match=r"say with --me .*: 'Anna', 'Ben'"):
        read(path, Reading())
    with pytest.raises(HistoryItemError, match=r"nobody in the export is 'Carla'; .*'Anna', 'Ben'"):
        read(path, Reading(me="Carla"))
    path = file(tmp_path, "notes.txt", "nothing like a chat\n")
    with pytest.raises(HistoryItemError, match="holds no message of a whatsapp export"):
        read(path, Reading(me="Anna", format="whatsapp"))


@pytest.mark.parametrize(
    ("missing", "name", "content"),
    [
        ("bs4", "messages.html", '<html><body><div class="page_wrap"></div></body></html>'),
        ("langchain_community", "chat.db", "SQLite format 3\0"),
    ],
)
def test_without_the_extra_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, name: str, content: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SettingsError, match=r"pip install 'guided-profile\[chats\]'"):
        list(read_items(file(tmp_path, name, content), ANNA))


def test_the_other_chats_need_no_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for missing in ("bs4", "langchain_community"):
        monkeypatch.setitem(sys.modules, missing, None)
    (item,) = read_items(file(tmp_path, "chat.txt", "1.2.25, 21:41 - Anna: hi\n"), ANNA)
    assert isinstance(item, HistoryItem)
