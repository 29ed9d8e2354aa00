"""Times as files write them: what is a number of seconds, and what a date."""

import json
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from guided_profile.graph.records import HistoryItem
from guided_profile.tools.readers.detect import Reading, Refused, read_items
from guided_profile.tools.readers.times import date_order, is_time, read_time

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
    (item,) = read_items(path)
    assert isinstance(item, HistoryItem)
    assert item.time == time


def test_every_millisecond_is_of_its_own_year(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    begun = datetime(2020, 1, 1, tzinfo=UTC)
    counts = [int(begun.timestamp() * 1000) + 79_146_317 * step for step in range(2000)]
    path.write_text("text,time\n" + "".join(f"a, {count} \n" for count in counts))
    for item in read_items(path):
        assert isinstance(item, HistoryItem)
        assert item.time is not None
        assert item.time >= begun


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
    (entry,) = read_items(path, Reading())
    if read is None:
        assert isinstance(entry, Refused)
    else:
        assert isinstance(entry, HistoryItem)
        assert entry.time == read


@pytest.mark.parametrize(
    ("time", "read"),
    [
        ("2024/05/14", datetime(2024, 5, 13, 22, tzinfo=UTC)),
        ("2024-5-4", datetime(2024, 5, 3, 22, tzinfo=UTC)),
        ("2024-05-14 10:00:00 UTC", datetime(2024, 5, 14, 10, tzinfo=UTC)),
        ("2024-05-14 10:00 (CEST)", datetime(2024, 5, 14, 8, tzinfo=UTC)),
        ("2024-05-14 10:00:00 +0900", datetime(2024, 5, 14, 1, tzinfo=UTC)),
        ("2024-05-14 10:00 GMT+2", datetime(2024, 5, 14, 8, tzinfo=UTC)),
        ("2024-05-14 10:00 PST", datetime(2024, 5, 14, 18, tzinfo=UTC)),
        ("2024-05-14 10:00 AM JST", datetime(2024, 5, 14, 1, tzinfo=UTC)),
        ("Tue May 14 2024 10:00:00 GMT+0200 (Central European Summer Time)", None),
        ("14 May 2024, 10:00", datetime(2024, 5, 14, 8, tzinfo=UTC)),
        ("14-May-24 10:00", datetime(2024, 5, 14, 8, tzinfo=UTC)),
        ("14. Mai 2024 10:00", datetime(2024, 5, 14, 8, tzinfo=UTC)),
        ("14 de maio de 2024 10:00", datetime(2024, 5, 14, 8, tzinfo=UTC)),
        ("2024年5月14日 10:00", datetime(2024, 5, 14, 8, tzinfo=UTC)),
        ("١٤ مايو ٢٠٢٤ ١٠:٠٠", datetime(2024, 5, 14, 8, tzinfo=UTC)),
        ("14 listopada 2024", datetime(2024, 11, 13, 23, tzinfo=UTC)),
        ("14. listopada 2024.", datetime(2024, 10, 13, 22, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_they_are_written_anywhere(time: str, read: datetime | None) -> None:
    expected = read or datetime(2024, 5, 14, 8, tzinfo=UTC)
    assert read_time(time, ZoneInfo("Europe/Berlin")) == expected
    assert is_time(time)


@pytest.mark.parametrize(
    "text",
    ["", "12:30", "2024", "3.5", "May", "The 14th of May 2024 was a day", "2024-05-14 10:00 IST"],
)
def test_what_tells_no_moment_is_no_time(text: str) -> None:
    assert not is_time(text)
    with pytest.raises(ValueError, match="is no time"):
        read_time(text, UTC)


@pytest.mark.parametrize(
    "written",
    [
        "14\u200f/05\u200f/2024، 9:41:32 م غرينتش+03:00",
        "١٤/٥/٢٠٢٤، ٦:٤١:٣٢ م",
        "14/5/2024 6:41:32 μμ",
        "14/05/2024 下午6:41:32",
    ],
)
def test_halves_of_the_day_in_other_letters_are_read_beside_numbers(written: str) -> None:
    assert read_time(written, UTC, "dmy") == datetime(2024, 5, 14, 18, 41, 32, tzinfo=UTC)
    assert date_order([written]) == "dmy"
