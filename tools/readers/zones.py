"""The zone that is written behind a time: an offset, or a short name like CEST."""

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

_OFFSET = re.compile(
    r"(?<=\d|[\sMm])\s*(?:UTC|GMT|غرينتش|گرینویچ)?\s*(?P<sign>[+−-])(?P<hours>\d\d?):?(?P<minutes>\d\d)?"
    r"(?:\s*\([^()]*\))?$"
)
"""As `+0200`, `GMT+2` and `GMT+0200 (Central European Summer Time)`."""
_NAME = re.compile(r"(?<=[\d\sMm.])\s*\(?\b(?P<name>[A-Z]{2,5}|(?<=\d)Z)\)?$")
_RFC_822 = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7}
"""The names that mail has for zones; elsewhere some of them are other zones' too."""
_SEASONS = (datetime(2024, 1, 15), datetime(2024, 7, 15))


def without_zone(text: str, zone: tzinfo) -> tuple[str, tzinfo] | None:
    """Return a time without the zone that is written behind it, and that zone.

    Args:
        text: A time of day behind a date, with or without a zone.
        zone: The user's zone, by whose own short names it may be called.

    Returns:
        None if no zone is written there, or a name that several zones have.
    """
    if found := _OFFSET.search(text):
        time = text[: found.start()].strip()
        ahead = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
        if ":" not in time or ahead >= timedelta(days=1):
            return None
        return time, timezone(ahead if found["sign"] == "+" else -ahead)
    found = _NAME.search(text)
    if found is None or found["name"] in ("AM", "PM"):
        return None
    named = _named(found["name"], zone)
    return None if named is None else (text[: found.start()].strip(), named)


def _named(name: str, zone: tzinfo) -> tzinfo | None:
    if name in ("UTC", "GMT", "UT", "Z"):
        return UTC
    if name in {zone.tzname(season) for season in _SEASONS}:
        return zone
    if name in _RFC_822:
        return timezone(timedelta(hours=_RFC_822[name]))
    offsets = _offsets().get(name, set())
    return timezone(next(iter(offsets))) if len(offsets) == 1 else None


@cache
def _offsets() -> dict[str, set[timedelta]]:
    """Return the offsets from UTC that go by a short name somewhere."""
    found: dict[str, set[timedelta]] = {}
    for key in available_timezones():
        zone = ZoneInfo(key)
        for season in _SEASONS:
            name, offset = zone.tzname(season), zone.utcoffset(season)
            if name and offset is not None:
                found.setdefault(name, set()).add(offset)
    return found
