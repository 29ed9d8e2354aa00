"""Calendars: what somebody planned."""

from datetime import UTC, datetime
from pathlib import Path

from exported import folder_of, in_every_form, read


def calendar(*events: str, more: str = "") -> str:
    inner = "".join(f"BEGIN:VEVENT\n{event}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Somebody//EN\n{more}{inner}END:VCALENDAR\n"


ZONES = """BEGIN:VTIMEZONE
TZID:Mitteleuropa
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE
"""
YOGA = (
    "UID:1\nSUMMARY:Yoga\nLOCATION:Graz\\, Studio\nDTSTART;TZID=Mitteleuropa:20240514T190000\n"
    "RRULE:FREQ=WEEKLY;INTERVAL=2;UNTIL=20241231T000000Z\nCATEGORIES:Sport,Körper"
)
DENTIST = "UID:2\nSUMMARY:Zahnärztin\nDTSTART:20240514T070000Z\nLOCATION:https://example.org/x"
BIRTHDAY = "UID:3\nSUMMARY:Annas Geburtstag\nDTSTART;VALUE=DATE:20240514"
EVENING = datetime(2024, 5, 14, 17, tzinfo=UTC)
MORNING = datetime(2024, 5, 14, 7, tzinfo=UTC)
DAY = datetime(2024, 5, 14, tzinfo=UTC)


def test_events_are_read_with_their_zones_and_repetitions(tmp_path: Path) -> None:
    found = in_every_form(tmp_path, "x.ics", calendar(YOGA, DENTIST, BIRTHDAY, more=ZONES))
    assert found.formats == {"calendar": 1}
    assert [(item.text, item.category, item.time) for item in found.items] == [
        ("Yoga, Graz, Studio (every 2 weeks from 2024-05-14 to 2024-12-31)", "Sport", EVENING),
        ("Zahnärztin (planned once, 2024-05)", None, MORNING),
        ("Annas Geburtstag (planned once, 2024-05)", None, DAY),
    ]
    assert {(item.role, item.kind, item.source) for item in found.items} == {
        ("user", "did", "calendar")
    }


def test_an_event_that_comes_back_is_one_item(tmp_path: Path) -> None:
    days = [f"UID:{n}\nSUMMARY:Chor\nDTSTART:2024{n:02}14T070000Z" for n in range(1, 6)]
    found = read(folder_of(tmp_path, {"x.ics": calendar(*days)}) / "x.ics")
    assert found.texts == ["Chor (planned 5 times, 2024-01 to 2024-05)"]


def test_times_without_a_zone_are_the_calendar_s(tmp_path: Path) -> None:
    event = "UID:1\nSUMMARY:Chor\nDTSTART:20240514T190000"
    own = calendar(event, more="X-WR-TIMEZONE:Europe/Vienna\n")
    found = read(folder_of(tmp_path, {"x.ics": own}) / "x.ics")
    assert [item.time for item in found.items] == [EVENING]


def test_calendars_in_one_file_keep_their_own_zones(tmp_path: Path) -> None:
    event = "UID:1\nSUMMARY:{}\nDTSTART:20240514T190000"
    both = calendar(event.format("Chor")) + calendar(
        event.format("花見"), more="X-WR-TIMEZONE:Asia/Tokyo\n"
    )
    found = read(folder_of(tmp_path, {"x.ics": both}) / "x.ics")
    assert {item.text[:4].strip(): item.time for item in found.items} == {
        "Chor": datetime(2024, 5, 14, 19, tzinfo=UTC),
        "花見 (": datetime(2024, 5, 14, 10, tzinfo=UTC),
    }


MARA = "mailto:mara@example.org"
ANA = "mailto:ana@example.org"


def test_what_was_declined_or_cancelled_is_left_out(tmp_path: Path) -> None:
    declined = f"{DENTIST}\nORGANIZER:{ANA}\nATTENDEE;PARTSTAT=DECLINED:{MARA}"
    events = [
        declined,
        f"{declined}\nATTENDEE;PARTSTAT=ACCEPTED:{ANA}",
        f"UID:4\nSUMMARY:Fest\nDTSTART:20240514T070000Z\nORGANIZER:{MARA}\n"
        f"ATTENDEE;PARTSTAT=DECLINED:{ANA}\nATTENDEE;PARTSTAT=ACCEPTED:{MARA}",
        "UID:5\nSUMMARY:Zug\nDTSTART:20240514T070000Z\nSTATUS:CANCELLED",
        "UID:1\nSUMMARY:Yoga\nDTSTART:20240515T070000Z\nRECURRENCE-ID:20240514T070000Z",
        "UID:6\nDTSTART:20240514T070000Z",
    ]
    path = folder_of(tmp_path, {"x.ics": calendar(*events, more=f"X-WR-CALNAME:{MARA[7:]}\n")})
    found = read(path / "x.ics")
    assert found.texts == ["Fest (planned once, 2024-05)"]
    assert found.skipped == {
        "declined events": 2,
        "cancelled events": 1,
        "changed occurrences of an event": 1,
        "events without a title": 1,
    }
    unnamed = folder_of(tmp_path / "b", {"x.ics": calendar(*events[1:3])}) / "x.ics"
    assert read(unnamed, me="mara@example.org").texts == found.texts
    by_all = folder_of(tmp_path / "c", {"x.ics": calendar(declined, BIRTHDAY)}) / "x.ics"
    assert read(by_all).skipped == {"declined events": 1}


def test_tasks_say_whether_they_are_done(tmp_path: Path) -> None:
    tasks = calendar().replace(
        "END:VCALENDAR",
        "BEGIN:VTODO\nSUMMARY:Mehl kaufen\nSTATUS:COMPLETED\nDUE:20240514T070000Z\nEND:VTODO\n"
        "BEGIN:VTODO\nSUMMARY:Ofen putzen\nEND:VTODO\nEND:VCALENDAR",
    )
    found = read(folder_of(tmp_path, {"x.ics": tasks}) / "x.ics")
    assert [(item.text, item.time) for item in found.items] == [
        ("Mehl kaufen (a task, done)", MORNING),
        ("Ofen putzen (a task, open)", None),
    ]


def test_a_broken_event_and_a_cut_file_lose_nothing_else(tmp_path: Path) -> None:
    whole = calendar("UID:9\nSUMMARY:Bad\nDTSTART:2024", DENTIST, BIRTHDAY)
    cut = whole[: whole.index("Annas")]
    found = read(folder_of(tmp_path, {"x.ics": cut}) / "x.ics")
    assert found.texts == ["Zahnärztin (planned once, 2024-05)"]
    assert [(entry.line, entry.reason) for entry in found.refused] == [
        (1, "time: is none that can be read"),
        (3, "the file is cut short here"),
    ]
