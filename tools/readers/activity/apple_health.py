"""Apple Health's export.xml: workouts by kind, steps a day and hours of sleep, a month each.

All else in it is medical, and is not read.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import Entries, Reader, Reading, Refused, Skipped, item
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.sums import Sums

_STEPS = "HKQuantityTypeIdentifierStepCount"
_SLEEP = "HKCategoryTypeIdentifierSleepAnalysis"
_WORKOUT = "HKWorkoutActivityType"
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_Days = dict[tuple[str, str], float]
"""An amount by day and by the device that counted it: a watch counts what a phone does too."""


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    workouts = Sums("workouts", "did")
    steps: _Days = defaultdict(float)
    sleep: _Days = defaultdict(float)
    others = 0
    for file in files:
        number = 0
        try:
            for element in _elements(file):
                number += 1
                kind = element.get("type", "")
                try:
                    if element.tag == "Workout":
                        _workout(element, workouts, Refused(number, unit="item", file=file.name))
                    elif kind == _STEPS:
                        key = element.get("startDate", "")[:10], element.get("sourceName", "")
                        steps[key] += float(element.get("value", ""))
                    elif kind == _SLEEP and "Asleep" in element.get("value", ""):
                        begin, end = (_time(element, name) for name in ("startDate", "endDate"))
                        key = element.get("endDate", "")[:10], element.get("sourceName", "")
                        sleep[key] += (end - begin).total_seconds() / 3600
                    else:
                        others += 1
                except ValueError:
                    yield Refused(
                        number, "has no time or value that can be read", "item", file.name
                    )
        except (ParseError, DefusedXmlException):
            reason = "is not XML, so it and what follows were not read"
            yield Refused(number + 1, reason, "item", file.name)
    yield from workouts.entries(reading)
    yield from _months(steps, "walked about {:,.0f} steps a day in {}", "steps", reading)
    yield from _months(sleep, "slept about {:.1f} hours a night in {}", "sleep", reading)
    if others:
        yield Skipped("other records of health", others)


def _elements(file: ExportFile) -> Iterator[Element]:
    """Yield the records and workouts, and forget each again."""
    root: Element | None = None
    with file.open() as opened:
        for event, element in iterparse(opened, events=("start", "end"), forbid_dtd=False):
            if root is None:
                root = element
            elif event == "end" and element.tag in ("Record", "Workout"):
                yield element
                root.clear()


def _time(element: Element, name: str) -> datetime:
    return datetime.strptime(element.get(name, ""), "%Y-%m-%d %H:%M:%S %z")


def _workout(element: Element, sums: Sums, where: Refused) -> None:
    kind = element.get("workoutActivityType", "").removeprefix(_WORKOUT)
    sums.add(f"{_CAPITAL.sub(' ', kind).lower()} workout", _time(element, "startDate"), where)


def _months(days: _Days, words: str, source: str, reading: Reading) -> Entries:
    most: dict[str, float] = {}
    for (day, _), amount in days.items():
        most[day] = max(most.get(day, 0.0), amount)
    months: dict[str, list[float]] = defaultdict(list)
    for day, amount in most.items():
        months[day[:7]].append(amount)
    for number, month in enumerate(sorted(months), start=1):
        mean = sum(months[month]) / len(months[month])
        fields = {
            "text": words.format(mean, month),
            "source": reading.source or source,
            "time": f"{month}-01",
            "kind": "did",
        }
        yield item(fields, Refused(number, unit="item"), reading)


def _recognises(head: Head) -> bool:
    return "<HealthData" in head.text[:20_000]


READER = Reader(
    format="apple-health",
    title="Apple Health",
    obtain="On the phone: Health, the picture at the top, Export all health data.",
    read=_read,
    recognises=_recognises,
)
