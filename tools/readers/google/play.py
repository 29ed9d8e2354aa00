"""Google Play's purchases, installed apps and reviews from a Takeout."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from guided_profile.tools.readers.archive import ExportFile
from guided_profile.tools.readers.base import (
    Entries,
    Entry,
    Reader,
    Reading,
    Refused,
    Skipped,
    each_file,
    item,
)
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.json_lists import dict_in, dicts_in, objects, text_in

_KINDS = ("purchaseHistory", "orderHistory", "install", "review")


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    bought = {
        _title(found[1]["purchaseHistory"])
        for found in each_file(files, objects)
        if not isinstance(found, Refused) and isinstance(found[1].get("purchaseHistory"), dict)
    }
    for found in each_file(files, objects):
        if isinstance(found, Refused):
            yield found
            continue
        where, element = found
        kind = next((kind for kind in _KINDS if isinstance(element.get(kind), dict)), "")
        if not kind:
            yield replace(where, reason="is no purchase, order, app or review")
            continue
        yield from (
            Skipped("orders that are purchases too") if title in bought else entry
            for title, entry in _entries(kind, element[kind], where, reading)
        )


def _entries(
    kind: str, element: dict[str, Any], where: Refused, reading: Reading
) -> list[tuple[str, Entry]]:
    if kind == "orderHistory":
        time = element.get("creationTime")
        lines = dicts_in(element.get("lineItem"))
        return [(_title(line), _bought(line, time, where, reading)) for line in lines]
    if kind == "purchaseHistory":
        return [("", _bought(element, element.get("purchaseTime"), where, reading))]
    if kind == "install":
        text = f"installed the app {_title(element)}" if _title(element) else ""
        time = element.get("firstInstallationTime")
        return [("", _did(text, "apps", time, None, where, reading))]
    title, said = _title(element), text_in(element.get("comment")) or text_in(element.get("title"))
    stars = element.get("starRating")
    rated = f" (rated {stars} of 5)" if isinstance(stars, int) else ""
    text = f"{title}{rated}: {said}" if said else f"{title}{rated}" if rated else ""
    entry = _did(text, "reviews", element.get("creationTime"), "said", where, reading)
    return [("", entry)]


def _bought(element: dict[str, Any], time: Any, where: Refused, reading: Reading) -> Entry:
    doc = dict_in(element.get("doc"))
    kind = text_in(doc.get("documentType"))
    return _did(_title(element), "purchases", time, None, where, reading, kind)


def _did(
    text: str,
    source: str,
    time: Any,
    kind: str | None,
    where: Refused,
    reading: Reading,
    category: str = "",
) -> Entry:
    if not text:
        return Skipped("without a title")
    fields = {
        "text": text,
        "time": time if isinstance(time, str) else None,
        "source": reading.source or source,
        "category": category or None,
        "kind": kind or "did",
    }
    return item(fields, where, reading)


def _title(element: dict[str, Any]) -> str:
    return text_in(dict_in(element.get("doc") or element.get("document")).get("title"))


def _recognises(head: Head) -> bool:
    first = dicts_in(head.json[:3] if isinstance(head.json, list) else None)
    return any(
        isinstance(element.get(kind), dict)
        and element[kind].keys() & {"doc", "document", "lineItem"}
        for element in first
        for kind in _KINDS
    )


READER = Reader(
    format="google-play",
    title="Google Play purchases and apps (Takeout)",
    obtain="On takeout.google.com: choose Google Play Store; the zip as it is.",
    read=_read,
    recognises=_recognises,
)
