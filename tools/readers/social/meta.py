"""What Facebook's and Instagram's exports in JSON have in common.

Both write each byte of UTF-8 as a character of its own (`Ã©` for `é`).
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from guided_profile.tools.readers.base import Entry, Reading, Refused, Skipped, item
from guided_profile.tools.readers.json_lists import dict_in, dicts_in
from guided_profile.tools.readers.times import since_1970

Map = Mapping[str, Any]


def unmangled(text: str) -> str:
    """Return a text as it was written."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def mended(text: Any) -> str:
    """Return a text as it was written, without space around it; any other value is empty."""
    return unmangled(text).strip() if isinstance(text, str) else ""


def time_of(found: Map, *keys: str) -> datetime | None:
    """Return the first time, in seconds since 1970, under some keys."""
    for key in keys:
        if isinstance(found.get(key), int | float) and found[key]:
            try:
                return since_1970(found[key])
            except ValueError:
                return None
    return None


def labels(found: Map) -> dict[str, Map]:
    """Return the values of an entry, each by the name that it has in the account's language.

    They stand in their order under `string_map_data` or, since 2025, `label_values`.
    """
    if isinstance(found.get("label_values"), list):
        return {
            mended(value.get("label") or value.get("title")): value
            for value in dicts_in(found["label_values"])
        }
    return {
        mended(name): dict_in(value)
        for name, value in dict_in(found.get("string_map_data")).items()
    }


def owner(found: Map) -> str:
    """Return the account that an entry is about: the first short name in it without a space."""
    for part in _walk(found.get("label_values")):
        value = mended(part.get("value"))
        if value and " " not in value and not value.startswith("http") and len(value) <= 30:
            return value
    return ""


def _walk(found: Any) -> Iterator[Map]:
    for part in dicts_in(found):
        yield part
        yield from _walk(part.get("dict"))


def entry(
    text: str,
    source: str,
    time: datetime | None,
    where: Refused,
    reading: Reading,
    *,
    kind: str = "said",
    category: str | None = None,
) -> Entry:
    """Make an item of what somebody wrote or did; without words, it is left out."""
    if not text:
        return Skipped(f"{source} without words")
    fields = {
        "text": text,
        "time": time,
        "source": reading.source or source,
        "kind": kind,
        "category": category or None,
    }
    return item(fields, where, reading)
