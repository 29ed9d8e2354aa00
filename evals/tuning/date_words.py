"""The words that dates are written with, in the languages of Unicode's CLDR.

    pip install babel && python -m guided_profile.evals.tuning.date_words

writes `tools/readers/date_words.json`: the names of the months with their numbers, what else stands
in a date (the days of the week, "de", "o'clock"), and the words for the halves of the day.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from guided_profile.tools.readers import long_dates
from guided_profile.tools.readers.long_dates import plain

LANGUAGES = (
    "en zh hi es ar fr bn pt ru ur id de ja mr te tr ta vi ko it fa pl uk nl ro th el hu cs "
    "sv az he bg da fi nb nn no sk sl hr sr bs lt lv et is ca eu gl sq mk be ka hy kk ky uz "
    "mn ne si kn ml gu pa my km lo ms fil sw af zu am cy ga "
).split()
"""Those that apps are written in."""
_LITERAL = re.compile(r"'([^']+)'|([^\W\d_a-zA-Z]+)")
_NUMBERED = re.compile(r"(\D{2,}?)\s*\d{1,2}")
_SPACES = re.compile(r"[\s\u200e\u200f]+")


def collected() -> dict[str, Any]:
    """Return the words of all languages."""
    from babel import Locale, localedata

    months: dict[bool, dict[str, set[int]]] = {False: {}, True: {}}
    before, others = set[str](), set[str]()
    halves: dict[str, set[str]] = {"a": set(), "p": set()}
    for name in localedata.locale_identifiers():
        locale = Locale.parse(name)
        if locale.territory or locale.variant or locale.language not in LANGUAGES:
            continue
        has_point = "d." in str(locale.date_formats["long"])
        for number, month in _names(locale.months):
            if numbered := _NUMBERED.fullmatch(month):
                before.add(plain(numbered[1]))
            elif len(plain(month)) > 1 and not re.search(r"\d", month):
                for written in _written(month, locale):
                    months[has_point].setdefault(written, set()).add(number)
        others |= {plain(word) for _, day in _names(locale.days) for word in _SPACES.split(day)}
        others |= _between(locale)
        for half, word in _halves(locale):
            halves[half].add(word)
    both = halves["a"] & halves["p"]
    return {
        "months": _sure(months[False]),
        "months_after_point": _sure(months[True]),
        "before": sorted(before - {""}),
        "others": sorted(word for word in others if word and not word.isdigit()),
        "a": sorted(halves["a"] - both),
        "p": sorted(halves["p"] - both),
    }


def _sure(months: dict[str, set[int]]) -> dict[str, int]:
    """Return each name's month, or 0 if it is that of several."""
    return {word: min(of) if len(of) == 1 else 0 for word, of in sorted(months.items())}


def _names(kinds: Any) -> Iterator[tuple[int, str]]:
    for kind in kinds.values():
        for width, names in kind.items():
            if width != "narrow":
                yield from names.items()


def _written(month: str, locale: Any) -> set[str]:
    """Return a month's name as it is looked up, also with what a language writes onto it."""
    patterns = "\n".join(str(pattern) for pattern in locale.date_formats.values())
    return {
        plain(before + month) for before in ("", *re.findall(r"([^\W\d_a-zA-Z]+)MMM", patterns))
    }


def _between(locale: Any) -> set[str]:
    """Return the words that a language writes between the parts of a date and a time."""
    patterns = [*locale.date_formats.values(), *locale.datetime_formats.values()]
    patterns += [*locale.time_formats.values(), *locale.datetime_skeletons.values()]
    literals = [
        quoted or plainly
        for pattern in patterns
        for quoted, plainly in _LITERAL.findall(str(pattern))
    ]
    literals += [name for names in locale.eras.values() for name in names.values()]
    return {plain(word) for literal in literals for word in _SPACES.split(literal)}


def _halves(locale: Any) -> Iterator[tuple[str, str]]:
    rules = locale.day_period_rules.get(None, {})
    for widths in locale.day_periods.values():
        for width, periods in widths.items():
            for period, word in periods.items():
                half = _half(period, rules)
                if half and width != "narrow" and " " not in word:
                    yield half, plain(word)


def _half(period: str, rules: Any) -> str | None:
    """Return the half of the day that a part of it lies in, or None if it lies in both."""
    if period in ("am", "midnight"):
        return "a"
    if period in ("pm", "noon"):
        return "p"
    found = set[str]()
    for rule in rules.get(period, ()):
        begin, end = rule.get("from", 0) // 3600, rule.get("before", 0) // 3600
        found |= {"a" if begin < 12 else "p", "a" if end <= 12 else "p"} if begin < end else {*"ap"}
    return found.pop() if len(found) == 1 else None


if __name__ == "__main__":
    target = Path(long_dates.__file__).with_name("date_words.json")
    text = json.dumps(collected(), ensure_ascii=False, separators=(",", ":"))
    target.write_text(f"{text}\n", "utf-8")
