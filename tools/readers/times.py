"""Times as files of history write them, read into datetimes with a zone."""

import re
from datetime import UTC, datetime, tzinfo
from typing import Literal

DateOrder = Literal["dmy", "mdy", "ymd"]
"""The order of day, month and year."""

_SPACE = "[\\s\u00a0\u202f_]"
NUMBERS = (
    rf"(\d{{1,4}})[./-](\d{{1,2}})[./-](\d{{1,4}})\.?"
    rf"(?:,?{_SPACE}+(?:klo )?(\d{{1,2}})[:.](\d\d)(?:[:.](\d\d))?"
    rf"(?:{_SPACE}*([ap])\.?{_SPACE}?m\b\.?)?)?"
)
"""A date in numbers, with or without a time of day: seven groups. The spaces are any that phones
write, the narrow no-break space before AM among them."""
_WHOLE = re.compile(NUMBERS, re.IGNORECASE)
_ISO = re.compile(r"\d{4}-\d\d")
_SINCE_1970 = re.compile(r"\d{9,}(?:\.\d+)?", re.ASCII)
"""Seconds or milliseconds; Python takes some of them for a date without hyphens and an hour."""


def zoned(time: str, zone: tzinfo, order: DateOrder | None) -> object:
    """Read a time that names no zone, in the zone given; any other is left to `HistoryItem`.

    Raises:
        ValueError: It is a date like 03/04/2025, and no order is given, or it is no such date.
    """
    text = time.strip()
    if _SINCE_1970.fullmatch(text):
        return text
    numbers = None if _ISO.match(text) else _WHOLE.fullmatch(text)
    if numbers is not None:
        if order is None:
            raise ValueError("may be read in two ways; say the order of its dates, dmy or mdy")
        return moment(numbers.groups(), order, zone)
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        return time
    return read.replace(tzinfo=zone) if read.tzinfo is None else read


def moment(numbers: tuple[str | None, ...], order: DateOrder, zone: tzinfo) -> datetime:
    """Return the time of `NUMBERS`' seven groups, in UTC.

    Raises:
        ValueError: There is no such day or hour.
    """
    date = [int(number or 0) for number in numbers[:3]]
    if len(numbers[0] or "") == 4:
        order = "ymd"
    year, month, day = (date[order.index(letter)] for letter in "ymd")
    hour, minute, second = (int(number or 0) for number in numbers[3:6])
    if numbers[6]:
        if hour > 12:  # Japanese writes 0:30 for half past twelve
            raise ValueError("is no such day or hour")
        hour = hour % 12 + (12 if numbers[6].lower() == "p" else 0)
    try:
        local = datetime(year + 2000 * (year < 100), month, day, hour, minute, second, tzinfo=zone)
        return local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is no such day or hour") from None


def since_1970(seconds: float | str) -> datetime:
    """Return the time of a count of seconds since 1970, in UTC.

    Raises:
        ValueError: It is no number, or no time that there is.
    """
    try:
        return datetime.fromtimestamp(float(seconds), UTC)
    except (ValueError, TypeError, OverflowError, OSError):
        raise ValueError("is out of range") from None
