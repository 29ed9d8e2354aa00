"""Times as files of history write them, read into datetimes with a zone."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Literal, get_args

from pydantic import TypeAdapter, ValidationError

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.long_dates import ascii_digits, long_date, with_latin_half
from guided_profile.tools.readers.zones import without_zone

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
_YEAR_FIRST = re.compile(r"\d{4}[./-]\d")
_KOREAN = re.compile(r"(\d\d(?:\d\d)?)\.\s(\d\d?)\.\s(\d\d?)\.(?!\d)")
"""`24. 3. 12.`: with a space behind each point and a point at the end, the year is first."""
AROUND_DATE = " \t\r\n#*_[]()=-–—:："
"""What stands around a date that is a heading."""
LONGEST_DATE_LINE, MOST_DATE_WORDS = 40, 4
LONGEST = 100
"""The longest time, in characters, that is read."""
_LOOKED_AT = 2000
"""Of how many dates the order in the file is looked at."""
_ENOUGH = 5
"""How many days in order of time show the order in which they are written."""
TWO_WAYS = (
    "its dates, like 03/04/2025, may be read in two ways, and none of them shows which; say the "
    "order with --dates dmy or --dates mdy."
)
_COUNT = TypeAdapter(datetime)
_SINCE_1970 = re.compile(r"\d{9,}(?:\.\d+)?", re.ASCII)
"""Seconds or milliseconds; Python takes some of them for a date without hyphens and an hour."""


def zoned(time: str, zone: tzinfo, order: DateOrder | None) -> object:
    """Read a time that names no zone, in the zone given, or in the one that it names.

    What is no date of these kinds is left to `HistoryItem`.

    Raises:
        ValueError: It is a date like 03/04/2025, and no order is given, or it is no such date.
    """
    text = _in_figures(time[: 2 * LONGEST])
    if len(time) > LONGEST or _SINCE_1970.fullmatch(text):
        return text if len(time) <= LONGEST else time
    try:
        read = datetime.fromisoformat(text)
        return read.replace(tzinfo=zone) if read.tzinfo is None else read
    except ValueError:
        pass
    if ":" in text and (found := without_zone(text, zone)):
        named = zoned(*found, order)
        if isinstance(named, datetime):
            return named
    if numbers := _WHOLE.fullmatch(text):
        if order is None and not _YEAR_FIRST.match(text):
            raise ValueError("may be read in two ways; say the order of its dates, dmy or mdy")
        return moment(numbers.groups(), order or "ymd", zone)
    try:
        return long_date(text, zone, strict=True)
    except ValueError:
        return time


def read_time(time: str, zone: tzinfo, order: DateOrder | None = None) -> datetime:
    """Return a time of any kind that files write, in UTC.

    Raises:
        ValueError: It is none, or a date like 03/04/2025 and no order is given.
    """
    found = zoned(time, zone, order)
    try:
        if isinstance(found, str) and _SINCE_1970.fullmatch(found):
            found = _COUNT.validate_python(found)
        if isinstance(found, datetime):
            return found.astimezone(UTC)
    except (ValidationError, OverflowError):
        pass
    raise ValueError("is no time that can be read")


def is_time(text: str) -> bool:
    """Whether a text is a date, with or without a time of day; a bare number is none."""
    text = text.strip()
    if text.isdigit() or len(text) > LONGEST:
        return False
    orders: tuple[DateOrder, ...] = get_args(DateOrder)
    for order in orders:
        try:
            read_time(text, UTC, order)
        except ValueError:
            continue
        return True
    return False


def is_date_line(line: str) -> bool:
    """Whether a line is nothing but a date, of which the year may be missing: `Monday, 12 June`."""
    line = line.strip(AROUND_DATE)
    if not any(map(str.isdigit, line)) or len(line) > LONGEST_DATE_LINE:
        return False
    words = [word for word in line.split() if any(map(str.isalpha, word))]
    if not words:
        return is_time(line)
    return len(words) <= MOST_DATE_WORDS and any(map(_is_read, (line, f"{line} 2024")))


def _is_read(text: str) -> bool:
    try:
        read_time(text, UTC, "dmy")
    except ValueError:
        return False
    return True


def date_order(times: Iterable[str]) -> DateOrder | None:
    """Return the order of day, month and year in a column, or None if no date needs one.

    It is the one in which most of the dates are dates of the past; if that is true of several, the
    one in which the rows stand in order of time, from the first to the last or the other way.

    Raises:
        HistoryItemError: Nothing decides.
    """
    votes: dict[DateOrder, int] = dict.fromkeys(get_args(DateOrder), 0)
    first: list[dict[DateOrder, date]] = []
    with_dots = True
    latest = datetime.now(UTC).date() + timedelta(days=1)
    for time in times:
        text = _without_zone(time)
        numbers = _WHOLE.fullmatch(text)
        if numbers is None or _YEAR_FIRST.match(text):
            continue
        read = {order: day for order in votes if (day := _day(numbers.groups(), order, latest))}
        has_dots = text[numbers.end(1)] == "."
        with_dots = with_dots and has_dots
        if has_dots and len(numbers[3]) == 4:
            read = {"dmy": read["dmy"]} if "dmy" in read else {}  # with dots, as everybody does
        for order in read:
            votes[order] += 1
        if len(first) < _LOOKED_AT:
            first.append(read)
    if not any(votes.values()):
        return None
    likely = _likely(votes, with_dots=with_dots)
    if all(len({read.get(order) for order in likely}) == 1 for read in first):
        return likely[0]
    sorted_ = [order for order in likely if _in_order([read.get(order) for read in first])]
    if len(sorted_) != 1:
        raise HistoryItemError(TWO_WAYS)
    return sorted_[0]


def _likely(votes: dict[DateOrder, int], *, with_dots: bool) -> list[DateOrder]:
    """Return the orders in which most of the dates are dates of the past, but for unusual ones."""
    likely = [order for order, count in votes.items() if count == max(votes.values())]
    if len(likely) > 1 and "ymd" in likely:
        likely.remove("ymd")  # hardly anybody begins with a year of two digits
    if with_dots and {"dmy", "mdy"} <= {*likely}:
        likely.remove("mdy")  # hardly anybody writes dots behind a month that comes first
    return likely


def _in_figures(time: str) -> str:
    """Return a time with digits and halves of the day in Latin letters, and no Korean date."""
    text = ascii_digits(time.strip())
    if (korean := _KOREAN.match(text)) and int(korean[2]) <= 12:
        year, month, day = korean.groups()
        text = f"{year if len(year) == 4 else f'20{year}'}-{month}-{day}{text[korean.end() :]}"
    return with_latin_half(text)


def _without_zone(time: str) -> str:
    text = _in_figures(time[:LONGEST])
    found = without_zone(text, UTC) if ":" in text else None
    return found[0] if found else text


def _day(numbers: Sequence[str | None], order: DateOrder, latest: date) -> date | None:
    """Return the day of a date that is read in an order, if it is one of the past."""
    parts = dict(zip(order, (number or "" for number in numbers[:3]), strict=True))
    if len(parts["y"]) not in (2, 4) or len(parts["m"]) > 2 or len(parts["d"]) > 2:
        return None
    try:
        year = int(parts["y"])
        day = date(year + 2000 * (year < 100), int(parts["m"]), int(parts["d"]))
    except ValueError:
        return None
    return day if day <= latest else None


def _in_order(days: Sequence[date | None]) -> bool:
    there = [day for day in days if day]
    pairs = list(pairwise(there))
    forwards = all(before <= after for before, after in pairs)
    return (forwards or all(before >= after for before, after in pairs)) and len(
        {*there}
    ) >= _ENOUGH


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
