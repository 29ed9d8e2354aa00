"""Times as files write them: what is a number of seconds, and what a date."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.detect import Reading, Refused, read_items

MARCH = datetime(2024, 3, 21, 9, 23, 32, tzinfo=UTC)


@pytest.mark.parametrize("as_text", [True, False])
@pytest.mark.parametrize(
    ("count", "time"),
    [
        ("1711013012", MARCH),
        ("1711013012000", MARCH),
        ("1711013012345", MARCH.replace(microsecond=345_000)),  # 1711-01-30, 23:45?
        ("1711013012345.5", MARCH.replace(microsecond=345_500)),
        ("1711013012.5", MARCH.replace(microsecond=500_000)),
        ("981173106", datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)),
    ],
)
def test_seconds_and_milliseconds_are_read_alike_as_text_and_as_a_number(
    tmp_path: Path, count: str, time: datetime, as_text: bool
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps({"text": "a", "time": count if as_text else json.loads(count)}))
    (one,) = read_items(path)
    assert isinstance(one, HistoryItem)
    assert one.time == time


def test_every_millisecond_is_of_its_own_year(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    begun = datetime(2020, 1, 1, tzinfo=UTC)
    counts = [int(begun.timestamp() * 1000) + 79_146_317 * step for step in range(2000)]
    path.write_text("text,time\n" + "".join(f"a, {count} \n" for count in counts))
    for one in read_items(path):
        assert isinstance(one, HistoryItem)
        assert one.time is not None
        assert one.time >= begun


@pytest.mark.parametrize(
    ("time", "read"),
    [
        ("20240501", datetime(2024, 5, 1, tzinfo=UTC)),
        ("20240501T103000", datetime(2024, 5, 1, 10, 30, tzinfo=UTC)),
        ("17110130", datetime(1711, 1, 30, tzinfo=UTC)),
        ("99999999999999999999", None),
    ],
)
def test_eight_digits_stay_a_date(tmp_path: Path, time: str, read: datetime | None) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"text,time\na,{time}\n")
    (one,) = read_items(path, Reading())
    if read is None:
        assert isinstance(one, Refused)
    else:
        assert isinstance(one, HistoryItem)
        assert one.time == read
