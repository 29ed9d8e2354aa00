"""The pages of Google's My Activity, read one entry after the other, however long they are."""

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any

from guided_profile.graph.errors import HistoryItemError
from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import Reading, Refused
from guided_profile.tools.readers.long_dates import ascii_digits, with_latin_half
from guided_profile.tools.readers.pieces import between, first_between, plain
from guided_profile.tools.readers.times import NUMBERS, TWO_WAYS, DateOrder, read_time

_CHUNK = 2**20
_LONGEST = 4 * 2**20
_LONGEST_TIME = 60
_LOOKED_AT = 100
_BEGINS = '<div class="outer-cell'
_CELL = re.compile('<div class="content-cell')
_TITLE = re.compile('<p class="mdl-typography--title">')
_BREAK = re.compile(r"<br\s*/?>")
_LINK = re.compile(r'<a href="([^"<>]*)"[^<>]*>([^<]*)</a>')
_NUMBERS = re.compile(NUMBERS + r"(?:,?\s|$)", re.IGNORECASE)
_KOREAN = re.compile(r"(\d{4})\. (\d{1,2})\. (\d{1,2})\. ?(?=\D)")
_ZONES = {
    "MEZ": 1, "MESZ": 2, "OEZ": 2, "OESZ": 3, "WEZ": 0, "WESZ": 1,
    "HNEC": 1, "HEC": 1, "HAEC": 2, "HEEC": 2, "BRT": -3, "BRST": -2, "ART": -3, "CLT": -4,
}  # fmt: skip
"""The short names of zones that Google writes in other languages, in hours from UTC."""


def entries_of_page(
    file: ExportFile, reading: Reading, *, timed: bool = True
) -> Iterator[dict[str, Any] | Refused]:
    """Yield the parts of each entry, by the names of `google_activity.Activity`'s fields.

    Args:
        file: The page.
        reading: How it is read.
        timed: Whether the times are read, which takes most of the time; else they are any.
    """
    order = reading.dates or _order(file)
    for number, block in enumerate(_blocks(file), start=1):
        where = Refused(number, unit="item", file=file.name)
        cells = [cell.partition(">")[::2] for cell in between(block, _CELL, "</div>")]
        if not cells:
            yield replace(where, reason="is cut short, or holds no activity")
            continue
        product = plain(first_between(block, _TITLE, "</p>") or "")
        zone = reading.zone if timed else None
        yield _entry(cells[0][1], product, where, order, zone) | {
            "is_ad": "mdl-typography--caption" in cells[-1][0] and _has_details(cells[-1][1])
        }


def _has_details(caption: str) -> bool:
    """Whether between the products and why the entry is there stands where it came from: an ad.

    Places stand there too, with links to their maps.
    """
    parts = re.split(r"<b>[^<]*</b>", caption)[2:-1]
    return any("<a " not in part for part in parts)


def _entry(
    cell: str, product: str, where: Refused, order: DateOrder | None, zone: tzinfo | None
) -> dict[str, Any]:
    title, *rest = _BREAK.split(cell)
    link = _LINK.search(title)
    by, time = "", None
    while rest:
        part = rest.pop(0)
        text, begins_reply, reply = part.partition("<p")
        time = _time(plain(text), order, zone)
        if time is not None:
            rest.insert(0, begins_reply + reply)
            break
        maker = _LINK.search(part)
        by = by or (plain(maker[2]) if maker else "")
    return {
        "where": where,
        "title": plain(link[2]) if link else plain(title),
        "words": plain(title),
        "url": html.unescape(link[1]) if link else "",
        "by": by,
        "product": product,
        "time": time,
        "reply": plain("<br>".join(rest)) if time else "",
    }


def _blocks(file: ExportFile) -> Iterator[str]:
    buffer = ""
    begun = False
    with file.open() as opened:
        while data := opened.read(_CHUNK):
            # a letter that a chunk cuts in two is mended in the next one
            data += opened.readline(_CHUNK) if not data.isascii() else b""
            buffer += data.decode("utf-8", errors="replace")
            *whole, buffer = buffer.split(_BEGINS)
            yield from whole[0 if begun else 1 :]
            begun = begun or bool(whole)
            if len(buffer) > _LONGEST:
                buffer = buffer[:_LONGEST]
    if begun:
        yield buffer


def _order(file: ExportFile) -> DateOrder | None:
    """Return the order of the dates that are in numbers alone, by those with a day above 12.

    Raises:
        HistoryItemError: Nothing decides.
    """
    in_numbers = False
    for number, block in enumerate(_blocks(file)):
        if number > _LOOKED_AT and not in_numbers:
            return None  # its dates name their months
        for part in _BREAK.split(block):
            part = part.partition("</div")[0]  # the time may end its cell
            if len(part) > _LONGEST_TIME:
                continue
            found = _NUMBERS.match(with_latin_half(ascii_digits(plain(part))))
            if found is None:
                continue
            in_numbers = True
            if len(found[1]) == 4:
                return "ymd"
            if int(found[1]) > 12 or "." in found[0][: found.end(2)]:
                return "dmy"
            if int(found[2]) > 12:
                return "mdy"
    if in_numbers:
        raise HistoryItemError(TWO_WAYS)
    return None


def _time(text: str, order: DateOrder | None, zone: tzinfo | None) -> datetime | None:
    if len(text) > _LONGEST_TIME or not re.search(r"\d[:.]\d\d", text):
        return None
    if zone is None:
        return datetime.min
    text = _KOREAN.sub(r"\1년 \2월 \3일 ", text)
    before, _, name = text.rpartition(" ")
    named = timezone(timedelta(hours=_ZONES[name])) if name in _ZONES else zone
    without = [(before, named)] if re.fullmatch(r"[A-Z]{2,5}", name) else []
    for written, its_zone in ((text, zone), *without):
        try:
            return read_time(written, its_zone, order)
        except ValueError:
            continue
    return None
