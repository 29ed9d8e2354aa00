"""What begins a message in WhatsApp's export, in many languages, and what only looks like it."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guided_profile.graph.errors import HistoryItemError
from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.chats.whatsapp import date_order
from guided_profile.tools.readers.detect import Reading, Refused, opened, read_items
from guided_profile.tools.readers.times import DateOrder


def read(folder: Path, text: str) -> list[HistoryItem | Refused]:
    path = folder / "chat.txt"
    path.write_text(text, "utf-8")
    return list(read_items(path, Reading(me="Anna")))


def days_and_texts(entries: list[HistoryItem | Refused]) -> list[tuple[str, str, str]]:
    """Return the items' days, roles and texts."""
    items = [entry for entry in entries if isinstance(entry, HistoryItem)]
    return [(f"{item.time:%Y-%m-%d}", item.role, item.text) for item in items]


@pytest.mark.parametrize(
    "header",
    [
        "2025/1/2 下午9:41 - ",
        "[2025/1/2 晚上9:41:00] ",
        "2025/1/2 午後9:41 - ",
        "2025. 1. 2. 오후 9:41 - ",
        "[2025. 1. 2. 오후 9:41:00] ",
        "٢\u200f/١\u200f/٢٠٢٥، ٩:٤١ م - ",
        "2/1/2025، 9:41 م - ",
        "2/1/25, 9:41 μ.μ. - ",
        "2/1/25, 9:41 अपराह्न - ",
        "2/1/2025, 9:41 PTG - ",
        "2/1/25, 9:41 p.\u00a0m. - ",
        "2.01.2025 ÖS 9:41 - ",
        "02/01/2025 à 21:41 - ",
        "02.01.2025 kl. 21.41 - ",
        "2.01.25 г., 21:41 ч. - ",
        "2025. 01. 02. 21:41 - ",
        "02. 01. 2025. 21:41 - ",
    ],
)
def test_the_time_is_read_in_many_languages(tmp_path: Path, header: str) -> None:
    entries = read(tmp_path, f"{header}Anna: I ran 5 km\n{header}Ben: well done\n")
    assert days_and_texts(entries) == [
        ("2025-01-02", "user", "I ran 5 km"),
        ("2025-01-02", "other", "well done"),
    ]
    assert all(
        isinstance(entry, HistoryItem) and entry.time == datetime(2025, 1, 2, 21, 41, tzinfo=UTC)
        for entry in entries
    )


@pytest.mark.parametrize(
    ("clock", "hour"),
    [
        ("上午12:05", 0),
        ("凌晨3:05", 3),
        ("下午12:05", 12),
        ("中午12:05", 12),
        ("午前0:05", 0),
        ("午後0:05", 12),
        ("오전 12:05", 0),
        ("ÖÖ 9:05", 9),
        ("9:05 ص", 9),
        ("9:05 π.μ.", 9),
    ],
)
def test_the_halves_of_a_day_begin_at_twelve(tmp_path: Path, clock: str, hour: int) -> None:
    (item,) = read(tmp_path, f"2025/1/2 {clock} - Anna: hi\n")
    assert isinstance(item, HistoryItem)
    assert item.time == datetime(2025, 1, 2, hour, 5, tzinfo=UTC)


@pytest.mark.parametrize("date", ["1202/2/13", "3.5.2466", "3.5.07"])
def test_a_year_that_whatsapp_did_not_see_is_refused(tmp_path: Path, date: str) -> None:
    of_another = f"{date} 15:48 - Anna: hi\n"
    refused, kept = read(tmp_path, f"{of_another}2023/5/3 15:49 - Anna: ho\n")
    assert refused == Refused(1, "time: is of another calendar, or before there was WhatsApp")
    assert isinstance(kept, HistoryItem)
    with pytest.raises(HistoryItemError, match="holds no message of a whatsapp export"):
        read(tmp_path, of_another)


def test_a_line_with_a_date_and_no_hour_belongs_to_the_message(tmp_path: Path) -> None:
    chat = (
        "05.05.23, 15:48 - Anna: My appointments:\n01.06.23 - Dentist: at 9\n25.12.23: none\n"
        "06.05.23, 15:49 - Ben: ok\n"
    )
    assert days_and_texts(read(tmp_path, chat)) == [
        ("2023-05-05", "user", "My appointments:\n01.06.23 - Dentist: at 9\n25.12.23: none"),
        ("2023-05-06", "other", "ok"),
    ]
    # nor does it turn day and month
    chat = "5/3/23, 3:48 PM - Anna: when\n25.12.2023 - Xmas: no\n5/4/23, 3:49 PM - Ben: ok\n"
    assert [day for day, _, _ in days_and_texts(read(tmp_path, chat))] == [
        "2023-05-03",
        "2023-05-04",
    ]
    # and it makes no chat of a diary
    (tmp_path / "diary.txt").write_text("01.06.23 - Dentist: at 9\n")
    with opened(tmp_path / "diary.txt", Reading()) as file:
        assert file.format == "text"


@pytest.mark.parametrize(
    ("of_the_file", "quoted"),
    [
        ("[5/{}/23, 3:48:01 PM] ", "5/14/23, 3:50 PM - "),
        ("5/{}/23, 3:48 PM - ", "[14/5/23, 3:50:00] "),
    ],
)
def test_a_header_in_the_other_brackets_is_quoted(
    tmp_path: Path, of_the_file: str, quoted: str
) -> None:
    first, second = of_the_file.format(13), of_the_file.format(14)
    chat = f"{first}Ben: look\n{quoted}Anna: I love BrandX\n{second}Anna: no\n"
    assert days_and_texts(read(tmp_path, chat)) == [
        ("2023-05-13", "other", f"look\n{quoted}Anna: I love BrandX"),
        ("2023-05-14", "user", "no"),
    ]


@pytest.mark.parametrize(
    ("dates", "order"),
    [
        ("13/5/23 5/14/23 5/15/23", "mdy"),
        ("5/14/23 13/5/23 15/5/23", "dmy"),
        ("2023/5/3 5/14/23 5/15/23", "mdy"),
        ("2023/5/3 1/2/23 1/3/23 2/1/23", "mdy"),
        ("2023/5/3 2023/5/4 5/14/23", "ymd"),
        ("13/14/23 5/15/23", "mdy"),
        ("5/14/23 13/5/23 1/2/23 1/3/23 2/1/23 2/2/23", "mdy"),  # a draw: by the steps back
    ],
)
def test_most_of_the_dates_decide_their_order(dates: str, order: DateOrder) -> None:
    assert date_order((*date.split("/"), "1", "00", None, None) for date in dates.split()) == order


def test_one_quoted_date_does_not_turn_the_others(tmp_path: Path) -> None:
    chat = (
        "5/3/23, 3:48 PM - Anna: when\n25/12/23, 15:00 - Xmas: no\n"
        "5/14/23, 3:49 PM - Ben: ok\n5/16/23, 3:49 PM - Anna: fine\n"
    )
    days = [day for day, _, _ in days_and_texts(read(tmp_path, chat))]
    assert days == ["2023-05-03", "2023-05-14", "2023-05-16"]


def test_a_line_of_marks_is_read_at_once(tmp_path: Path) -> None:
    marks, spaces = "\u200e" * 20_000, " " * 20_000
    began = time.monotonic()
    for line in (f"1.2.25, 9:41 - {marks}", f"1/2/25{marks}{spaces}{marks}", f"{marks}{spaces}x"):
        with pytest.raises(HistoryItemError):
            read(tmp_path, line)
    items = read(tmp_path, f"1.2.25, 9:41 - Anna: a{' ' * 10_000}b <This message was edited>\n")
    assert [text for _, _, text in days_and_texts(items)] == [f"a{' ' * 10_000}b"]
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2024년 5월 14일 오전 9:41 - Ann: I love rye", "2024년 5월 14일 오후 9:42 - Ben: ok"),
        ("09:41, 14/5/2024 - Ann: I love rye", "21:42, 14/5/2024 - Ben: ok"),
        ("14/5/2567 09:41 - Ann: I love rye", "14/5/2567 21:42 - Ben: ok"),
        ("۱۴۰۳/۲/۲۵،\u200f ۹:۴۱ - Ann: I love rye", "۱۴۰۳/۲/۲۵،\u200f ۲۱:۴۲ - Ben: ok"),
    ],
    ids=["Korean", "Vietnamese", "Thai", "Persian"],
)
def test_phones_with_other_dates(tmp_path: Path, first: str, second: str) -> None:
    path = tmp_path / "chat.txt"
    path.write_text(f"{first}\n{second}\n", "utf-8")
    own, other = read_items(path, Reading(me="Ann"))
    assert isinstance(own, HistoryItem)
    assert isinstance(other, HistoryItem)
    assert (own.source, own.role, other.role) == ("whatsapp", "user", "other")
    assert str(own.time) == "2024-05-14 09:41:00+00:00"
    assert str(other.time) == "2024-05-14 21:42:00+00:00"


def test_a_reaction_that_quotes_a_message_is_nobodys_words(tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    lines = [
        "Ann: I bake on Sundays",
        "Ben: Liked “I bake on Sundays”",
        "Ben: Hat „I bake on Sundays“ mit „Gefällt mir“ markiert",
        "Ben: Laughed at “I bake on…”",
        "Ben: I read “Dune” on Sundays",
        "Ann: Ben said “I bake at home”",
    ]
    path.write_text("".join(f"14/05/2024, 09:4{n} - {line}\n" for n, line in enumerate(lines)))
    texts = [
        item.text for item in read_items(path, Reading(me="Ann")) if isinstance(item, HistoryItem)
    ]
    assert texts == ["I bake on Sundays", "I read “Dune” on Sundays", "Ben said “I bake at home”"]


def test_what_several_people_sent_word_for_word_is_the_apps(tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    notice = "Ujumbe huu umefutwa na mtumaji"
    lines = [
        f"Ann: {notice}",
        f"Ben: {notice}",
        "Ann: I love rye",
        f"Ann: {notice}",
        f"Ben: {notice}",
    ]
    path.write_text("".join(f"14/05/2024, 09:4{n} - {line}\n" for n, line in enumerate(lines)))
    assert [item.text for item in read_items(path, Reading(me="Ann"))] == ["I love rye"]  # type: ignore[union-attr]
