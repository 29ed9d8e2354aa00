"""Dates with the month in words, or in Chinese, Japanese and Korean, as apps write them for people.

`Montag, 25. September 2023 22:42:15`, `May 14, 2024 9:41 AM`, `2024年5月14日 9:41:32`. The words
are those of Unicode's CLDR: `date_words.json`, which `evals/tuning/date_words.py` writes.
"""

import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cache, lru_cache
from importlib.resources import files

from guided_profile.tools.readers.zones import without_zone

_EAST = re.compile(r"(\d{4})\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]")
_CLOCK = re.compile(r"(?<![\d.:])(\d{1,2})[:.](\d\d)(?:[:.](\d\d)(?:[.,]\d+)?)?(?![\d]|[:.]\d)")
_BETWEEN = re.compile(r"[\s,،、/()\[\]:;·—–-]+|(?<=\d)(?=[^\W\d_])|(?<=[^\W\d_])(?=\d)")
_AT = "\0"
"""Stands where the time of day was."""
_JOINS = 3
"""Letters of the longest word that joins a date and a time of day: `at`, `um`, `klo`."""
_NUMBER = re.compile(r"\d+")
_IN_NUMBERS = re.compile(r"\d{1,4}[./-]\d")
_BUDDHIST = 543
"""The years between the Buddhist era, which Thai dates count from, and ours."""


@dataclass(frozen=True, slots=True)
class _Words:
    months: dict[str, int]
    """The names of the months, and which they are."""
    after_point: dict[str, int]
    """Those of languages that write a point behind the day: Croatian's October is `listopad`, and
    Polish's November."""
    before: frozenset[str]
    """What stands before the number of a month: `tháng`."""
    others: frozenset[str]
    """Days of the week, and what else stands in dates."""
    halves: dict[str, str]
    """`a` or `p` for the words of the morning and the afternoon."""


@cache
def _words() -> _Words:
    text = files("guided_profile.tools.readers").joinpath("date_words.json").read_text("utf-8")
    read = json.loads(text)
    halves = {word: half for half in "ap" for word in read[half]}
    names = read["months"], read["months_after_point"]
    others = {part for word in read["others"] for part in (word, *word.split("-"))}
    return _Words(*names, frozenset(read["before"]), frozenset(others), halves)


@lru_cache(maxsize=4096)
def plain(word: str) -> str:
    """Return a word as it is looked up: in small letters, without accents and points."""
    apart = unicodedata.normalize("NFKD", word.casefold())
    kept = "".join(char for char in apart if not unicodedata.combining(char))
    return "".join(kept.replace(".", "").split()).strip("'’ʼ\u200e\u200f")


def ascii_digits(text: str) -> str:
    """Return a text with the digits of all scripts as 0 to 9, and without marks of direction."""
    if text.isascii():
        return text
    shown = (char for char in text if char not in "\u200e\u200f\u061c")
    return "".join(str(unicodedata.decimal(char, char)) for char in shown)


def with_latin_half(text: str) -> str:
    """Return a time in numbers with the half of its day in Latin letters: `9:41 ص` as `9:41 am`."""
    if text.isascii() or not _IN_NUMBERS.match(text):
        return text
    text = text.replace("،", ",")
    clock = _CLOCK.search(text)
    if clock is None:
        return text
    before, after = text[: clock.start()].rstrip(), text[clock.end() :].lstrip()
    words = [after.partition(" ")[0], before.rpartition(" ")[2]]
    for word in filter(None, words):
        half = _words().halves.get(plain(word))
        if half and not word.isascii():
            before, after = before.removesuffix(word).rstrip(), after.removeprefix(word)
            return f"{before} {clock[0]} {half}m{after}"
    return text


def long_date(text: str, zone: tzinfo, *, strict: bool = False) -> datetime:
    """Return the time that a date in words names, in UTC; without a time of day, its midnight.

    Args:
        text: The date; what else it says, the day of the week or `Added on`, is passed over.
        zone: The zone of a time that names none.
        strict: Whether all words must be of those that stand in dates.

    Raises:
        ValueError: It names no day that there is, or a month whose name is another's elsewhere.
    """
    text = ascii_digits(" ".join(text.split())[:200])
    clock = _CLOCK.search(text)
    if clock and (zoned := without_zone(text, zone)):
        text, zone = zoned
    hour, minute, second = (int(part or 0) for part in clock.groups()) if clock else (0, 0, 0)
    east = _EAST.search(text)
    rest = text.replace(clock[0], f" {_AT} ", 1) if clock else text
    rest = rest.replace(east[0], " ", 1) if east else rest
    tokens = [token for token in _BETWEEN.split(rest) if plain(token)]
    year, month, day = map(int, east.groups()) if east else _date(tokens)
    before_clock = tokens.index(_AT) - 1 if _AT in tokens else -1
    if strict and not all(
        _is_known(plain(token)) or (place == before_clock > 0 and len(token) <= _JOINS)
        for place, token in enumerate(tokens)
    ):
        raise ValueError("is no date that can be read")
    if (half := _half(tokens)) and hour <= 12:
        hour = hour % 12 + 12 * (half == "p")
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("is no such day or hour") from None


def _is_known(word: str) -> bool:
    words = _words()
    known = (words.months, words.after_point, words.before, words.others, words.halves)
    return (
        len(word) == 1
        or _NUMBER.fullmatch(word) is not None
        or any(word in group for group in known)
    )


def _half(tokens: Sequence[str]) -> str | None:
    """Return the half of the day that a word beside the time of day names."""
    if _AT not in tokens:
        return None
    at = tokens.index(_AT)
    beside = [tokens[at + 1 : at + 2], tokens[at + 1 : at + 3], tokens[max(0, at - 1) : at]]
    words = ["".join(map(plain, some)) for some in beside]
    return next((_words().halves[word] for word in words if word in _words().halves), None)


def _date(tokens: Sequence[str]) -> tuple[int, int, int]:
    """Return the year, month and day that words and numbers name.

    Raises:
        ValueError: They name none.
    """
    words = _words()
    looked_up = [plain(token) for token in tokens]
    numbers = [(place, word) for place, word in enumerate(looked_up) if _NUMBER.fullmatch(word)]
    has_point = any(tokens[place].endswith(".") for place, _ in numbers)
    names = (words.months | words.after_point) if has_point else (words.after_point | words.months)
    at = [place for place, word in enumerate(looked_up) if word in names]
    # the short name of a day of the week may be one of a month elsewhere
    at = [place for place in at if looked_up[place] not in words.others] or at
    month = names[looked_up[at[-1]]] if at else 0
    for place, number in [] if at else list(numbers):
        if place and looked_up[place - 1] in words.before and int(number) <= 12:
            month, at = int(number), [place]
            numbers.remove((place, number))
    years = [number for _, number in numbers if len(number) == 4]
    days = [(place, number) for place, number in numbers if len(number) <= 2]
    if at and not years and len(days) == 2 and days[0][0] < at[-1] < days[1][0]:
        years = [f"20{days.pop()[1]:0>2}"]
    if not month or len(years) != 1 or len(days) != 1:
        raise ValueError("is no date that can be read")
    year = int(years[0])
    return year - _BUDDHIST * (year > 2400), month, int(days[0][1])
