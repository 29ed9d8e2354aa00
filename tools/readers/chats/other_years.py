"""Dates of the Thai and the Persian calendar, in which phones write where they are used."""

from datetime import date, timedelta

_THAI = range(2540, 2660)
_PERSIAN = range(1350, 1480)
_BEFORE = 543
"""The Thai years begin so many years earlier."""
_FIRST_DAY = date(622, 3, 21)
_LEAP_YEARS = 8
_CYCLE = 33
"""Eight of 33 Persian years are leap years."""

Numbers = tuple[str | None, ...]


def gregorian(numbers: Numbers) -> Numbers:
    """Return the numbers of a date and time with those of the Gregorian calendar.

    Args:
        numbers: The year, the month and the day, or the day, the month and the year; the year shows
            the calendar.
    """
    first, second, third, *clock = numbers
    for year, month, day in ((first, second, third), (third, second, first)):
        if year is None or len(year) != 4:
            continue
        if int(year) in _THAI:
            of_year = str(int(year) - _BEFORE)
            dated = (of_year, month, day) if year is first else (day, month, of_year)
            return (*dated, *clock)
        if int(year) in _PERSIAN and month and day and int(month) <= 12 and int(day) <= 31:
            found = _of_persian(int(year), int(month), int(day))
            return (f"{found:%Y}", f"{found:%m}", f"{found:%d}", *clock)
    return numbers


def _of_persian(year: int, month: int, day: int) -> date:
    before = 365 * (year - 1) + (_LEAP_YEARS * year + 21) // _CYCLE
    of_year = 31 * (month - 1) if month <= 7 else 30 * (month - 1) + 6
    return _FIRST_DAY + timedelta(days=before + of_year + day - 1)
