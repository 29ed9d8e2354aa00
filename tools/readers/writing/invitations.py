"""Who is invited to the events of a calendar, whose it is, and what they declined."""

from collections import Counter
from typing import Any

from guided_profile.tools.readers.base import same_name

_NEARLY_ALL = 0.9


def is_declined(event: Any, me: str) -> bool:
    """Whether the user declined an event, or all who were invited did."""
    invited = _people(event, "ATTENDEE")
    declined = [
        person for person in invited if str(person.params.get("PARTSTAT", "")).upper() == "DECLINED"
    ]
    return any(_is(person, me) for person in declined) or (
        bool(declined) and len(declined) == len(invited)
    )


def _people(event: Any, name: str) -> list[Any]:
    found = event.get(name, [])
    return found if isinstance(found, list) else [found]


def _address(person: Any) -> str:
    return str(person).lower().removeprefix("mailto:")


def _is(person: Any, me: str) -> bool:
    return bool(me) and (
        _address(person) == me.lower() or same_name(str(person.params.get("CN", "")), me)
    )


def owner(calendar: Any) -> str:
    """Return whose calendar it is: whose address it is named by, or is in nearly all events."""
    name = str(calendar.get("X-WR-CALNAME", "")).strip()
    if "@" in name:
        return name
    events = [
        {_address(person) for role in ("ATTENDEE", "ORGANIZER") for person in _people(event, role)}
        for event in calendar.walk("VEVENT")
    ]
    events = [people for people in events if people]
    counted = Counter(address for people in events for address in people)
    found = [address for address, times in counted.items() if times >= _NEARLY_ALL * len(events)]
    return found[0] if len(found) == 1 and len(events) > 1 else ""
