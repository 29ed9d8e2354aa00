"""Chrome's history from a Takeout: pages visited, summed up by title, and searches."""

from collections.abc import Sequence
from datetime import datetime

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import Entries, Reader, Reading, Refused, Skipped, each_file
from guided_profile.tools.readers.google.web import found_at
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.json_lists import dict_in, dicts_in, objects, text_in
from guided_profile.tools.readers.sums import Sums
from guided_profile.tools.readers.times import since_1970

_NOT_CHOSEN = ("AUTO_SUBFRAME", "MANUAL_SUBFRAME", "RELOAD")
"""How a page came up without being asked for."""


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    visited, searched = Sums("visited", "visited"), Sums("searches", "searched for")
    left = 0
    for found in each_file(files, lambda file: objects(file, "Browser History")):
        if isinstance(found, Refused):
            yield found
            continue
        where, visit = found
        at = found_at(text_in(visit.get("url")))
        title = text_in(visit.get("title"))
        if at is None or visit.get("page_transition") in _NOT_CHOSEN or not (title or at.words):
            left += 1
        elif at.act == "searches":
            searched.add(at.words, _time(visit.get("time_usec")), where)
        else:
            visited.add(f"{title}, {at.site}", _time(visit.get("time_usec")), where)
    yield from visited.entries(reading)
    yield from searched.entries(reading)
    if left:
        yield Skipped("pages without a title, or shown again", left)


def _time(microseconds: object) -> datetime | None:
    try:
        return since_1970(int(str(microseconds)) / 1_000_000)
    except ValueError:
        return None


def _recognises(head: Head) -> bool:
    visits = dicts_in(dict_in(head.json).get("Browser History"))
    return bool(visits) and {"url", "time_usec"} <= visits[0].keys()


READER = Reader(
    format="chrome",
    title="Chrome history (Takeout)",
    obtain="On takeout.google.com: choose Chrome; the zip as it is.",
    read=_read,
    recognises=_recognises,
)
