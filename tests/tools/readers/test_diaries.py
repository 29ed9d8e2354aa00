"""Diaries of Day One and Journey."""

import json
from datetime import UTC, datetime
from pathlib import Path

from exported import folder_of, in_every_form, read, zip_of

DAY_ONE = {
    "metadata": {"version": "1.0"},
    "entries": [
        {
            "creationDate": "2019-10-18T08:07:39Z",
            "timeZone": "Europe/London",
            "uuid": "F07F0D7938334C75A8E4D55144F7AB28",
            "tags": ["bike"],
            "text": "# New bike\n\nRode it, 9\\.4 miles\\!\n![](dayone-moment://E)\n\n> of others",
        },
        {"creationDate": "2019-10-19T08:07:39Z", "uuid": "A", "text": "![](dayone-moment://B)"},
        "broken",
    ],
}
JOURNEY = {
    "id": "1571425138176-lflfuesv9vkzmsu6",
    "date_modified": 1571425361000,
    "date_journal": 1571386059000,
    "timezone": "Europe/London",
    "text": '<p dir="auto">Rode my <em>new</em> bike!&nbsp;</p>\n<p dir="auto"></p>',
    "type": "html",
    "tags": [],
    "preview_text": "<p>Rode</p>",
}


def test_day_one_s_entries_are_read(tmp_path: Path) -> None:
    found = in_every_form(tmp_path, "Journal.json", json.dumps(DAY_ONE))
    assert found.formats == {"diary": 1}
    [entry] = found.items
    assert (entry.text, entry.category, entry.kind, entry.source) == (
        "New bike: Rode it, 9.4 miles!",
        "bike",
        "said",
        "diary",
    )
    assert entry.time == datetime(2019, 10, 18, 8, 7, 39, tzinfo=UTC)
    assert found.skipped == {"entries without words": 1}
    assert [refused.reason for refused in found.refused] == ["is not a JSON object"]


def test_journey_s_entries_are_read_from_its_zip(tmp_path: Path) -> None:
    files = {
        "1571425138176-lflfuesv9vkzmsu6.json": json.dumps(JOURNEY),
        "1571425138177-x.json": json.dumps(JOURNEY | {"id": "b", "text": "<p>Again</p>"}),
        "1571425138176-picture.jpg": b"\xff\xd8\xff\0",
    }
    found = read(zip_of(tmp_path / "x.zip", files))
    assert found.formats == {"diary": 2}
    assert found.texts == ["Rode my new bike!", "Again"]
    assert found.items[0].time == datetime(2019, 10, 18, 8, 7, 39, tzinfo=UTC)


def test_a_time_that_is_none_is_refused(tmp_path: Path) -> None:
    entry = json.dumps(JOURNEY | {"date_journal": 1e300})
    found = read(folder_of(tmp_path, {"x.json": entry}) / "x.json")
    assert [refused.reason for refused in found.refused] == ["time: is out of range"]
