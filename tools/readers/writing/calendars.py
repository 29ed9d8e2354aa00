"""Calendars (iCalendar, ics): what somebody planned, an item an event, repetitions summed up."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    Entries,
    Entry,
    Reader,
    Reading,
    Refused,
    Skipped,
    each_file,
    item,
)
from guided_profile.tools.readers.sums import Sums
from guided_profile.tools.readers.writing.calendar_parts import calendars
from guided_profile.tools.readers.writing.invitations import is_declined, owner

_EACH = {"DAILY": "day", "WEEKLY": "week", "MONTHLY": "month", "YEARLY": "year"}


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    sums = Sums("calendar", "planned")
    yield from each_file(files, lambda file: _events(file, sums, reading))
    yield from sums.entries(reading)


def _events(file: ExportFile, sums: Sums, reading: Reading) -> Iterator[Entry]:
    """Yield what repeats by a rule, and what is left out; the other events are summed up."""
    number = 0
    for calendar in calendars(file):
        if isinstance(calendar, Refused):
            number = calendar.line
            yield calendar
            continue
        me = reading.me or owner(calendar)
        zone = _zone(calendar, reading.zone)
        for event in calendar.walk():
            if event.name in ("VEVENT", "VTODO", "VJOURNAL"):
                number += 1
                where = Refused(number, unit="item", file=file.name)
                yield from _event(event, me, zone, where, sums, reading)


def _event(
    event: Any, me: str, zone: tzinfo, where: Refused, sums: Sums, reading: Reading
) -> Iterator[Entry]:
    summary = " ".join(str(event.get("SUMMARY", "")).split())
    written = str(event.get("DESCRIPTION", "")).strip() if event.name == "VJOURNAL" else ""
    summary = summary or written[:500]
    dates = ("COMPLETED", "DTSTART", "DUE", "CREATED")
    begin = next((event[name] for name in dates if name in event), None)
    if reason := _left_out(event, summary, me):
        yield Skipped(reason)
        return
    try:
        time = None if begin is None else _time(begin.dt, zone)
    except (AttributeError, ValueError, OverflowError):
        yield Refused(where.line, "time: is none that can be read", "item", where.file)
        return
    place = " ".join(str(event.get("LOCATION", "")).split())
    is_address = place.lower().startswith(("http:", "https:"))
    title = f"{summary}, {place}"[:500] if place and not is_address else summary[:500]
    categories = getattr(event.get("CATEGORIES"), "cats", [])
    category = str(categories[0])[:200] if categories else None
    if event.name == "VTODO":
        done = str(event.get("STATUS", "")).upper() == "COMPLETED"
        text = f"{title} (a task, {'done' if done else 'open'})"
    elif event.name == "VJOURNAL":
        text = "\n".join(dict.fromkeys(filter(None, (title, written))))
    elif rule := event.get("RRULE"):
        text = f"{title} ({_often(rule, time)})"
    else:
        sums.add(title, time, where, category=category)
        return
    fields = {
        "text": text,
        "time": time,
        "category": category,
        "kind": "said" if event.name == "VJOURNAL" else "did",
        "source": reading.source or "calendar",
    }
    yield item(fields, where, reading)


def _left_out(event: Any, summary: str, me: str) -> str:
    """Return why an event is left out; empty: it is not."""
    if not summary:
        return "events without a title"
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return "cancelled events"
    if event.get("RECURRENCE-ID") is not None:
        return "changed occurrences of an event"
    return "declined events" if is_declined(event, me) else ""


def _zone(calendar: Any, zone: tzinfo) -> tzinfo:
    """Return the zone of the times that name none."""
    try:
        return ZoneInfo(str(calendar.get("X-WR-TIMEZONE", "")))
    except (KeyError, ValueError, OSError):
        return zone


def _time(begin: date, zone: tzinfo) -> datetime:
    if not isinstance(begin, datetime):  # a whole day, the same one everywhere
        return datetime(begin.year, begin.month, begin.day, tzinfo=UTC)
    return (begin if begin.tzinfo else begin.replace(tzinfo=zone)).astimezone(UTC)


def _often(rule: Mapping[str, Any], begin: datetime | None) -> str:
    """Return how often an event repeats: `every 2 weeks from 2024-05-14 to 2025-01-01`."""
    each = _EACH.get(str(next(iter(rule.get("FREQ", [])), "")).upper(), "")
    interval = next(iter(rule.get("INTERVAL", [])), 1)
    count = next(iter(rule.get("COUNT", [])), None)
    until = next(iter(rule.get("UNTIL", [])), None)
    words = "again and again" if not each else f"every {each}"
    if each and interval != 1:
        words = f"every {interval} {each}s"
    words += f", {count} times" if count else ""
    words += f" from {begin:%Y-%m-%d}" if begin else ""
    return words + (f" to {until:%Y-%m-%d}" if until else "")


READER = Reader(
    format="calendar",
    title="Calendar (ics)",
    obtain=(
        "Google: calendar.google.com, Settings, Import & export, Export. Apple: Calendar, File, "
        "Export. Outlook: File, Save Calendar."
    ),
    recognises=lambda head: head.text.lstrip("\ufeff \r\n").upper().startswith("BEGIN:VCALENDAR"),
    read=_read,
    streamed=False,
)
