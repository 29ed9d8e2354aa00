"""Which columns of a table are for what, proposed from their names and from what they hold.

A column of times is the time, the longest texts that vary are the text, few that come back are the
category, and where the texts are sentences, names that come back say who wrote them.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from statistics import fmean
from typing import Any

from guided_profile.tools.readers.base import NOT_USERS, USERS
from guided_profile.tools.readers.layouts import is_value
from guided_profile.tools.readers.times import is_time

USUAL = {
    "text": tuple("text|content|message|body|review|description|product name|title".split("|")),
    "time": ("time", "date", "datetime", "timestamp", "created_at", "order date"),
    "source": ("source",),
    "category": ("category",),
    "role": ("role",),
    "id": ("id",),
}
"""The names that columns usually have, the likeliest first; they are read without asking."""
SPEAKERS = tuple(
    "role|sender|author|from|speaker|sender name|sender_name|from_name|username|creator".split("|")
)
"""The columns that say who wrote, in the tables that chats are exported to."""
_NAMES = (".name", ".username", ".display_name")
"""Of a person who is an object: `creator.name`."""
SAID = ("text", "content", "message", "body")
"""What somebody said is called so, and no name of a thing that has an author."""
ROLES = USERS | NOT_USERS

_SECONDS = re.compile(r"(?:9\d{8}|1\d{9})(?:\d{3})?(?:\.\d+)?")
"""Seconds or milliseconds since 1970, from 1998 on."""
_DAY = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
_NO_WORDS = re.compile(r"(?:https?://|www\.)\S+|[\w-]*\d[\w-]*|\S+@\S+", re.IGNORECASE)
"""Addresses, ids and numbers."""
_SENTENCE = re.compile(r"\w[.!?…。！？؟।]|\S\s+\S+\s+\S+\s+\S")
MOST_PEOPLE = 20
_LOOKED_AT = 500
"""How many characters of a cell are looked at."""
Rows = Sequence[Mapping[str, Any]]


def signature(columns: Sequence[str]) -> str:
    """Return what tables with the same columns have in common."""
    return hashlib.sha256("\n".join(columns).encode(errors="surrogatepass")).hexdigest()[:16]


def by_names(columns: Sequence[str]) -> dict[str, str]:
    """Return the column of each field that has one by its usual name."""
    lower = {name.lower(): name for name in reversed(columns)}
    found = {
        field: next((lower[name] for name in names if name in lower), None)
        for field, names in USUAL.items()
    }
    return {field: name for field, name in found.items() if name is not None}


def proposed(columns: Sequence[str], rows: Rows) -> dict[str, str]:
    """Return the column of each field that seems to have one; an id is never taken for an item's.

    Many tables number their rows, and an item with the id of another takes its place.

    Args:
        columns: The names of the columns.
        rows: The first rows, by column.
    """
    held = {
        name: [str(row[name]).strip() for row in rows if row.get(name) not in (None, "")]
        for name in columns
    }
    held = {name: values for name, values in held.items() if any(values)}
    named = by_names(columns)
    times = [name for name, values in held.items() if _are_times(name, values)]
    found = {field: name for field, name in named.items() if field in ("source", "role")}
    if times:
        found["time"] = named["time"] if named.get("time") in times else times[0]
    elif "time" in named:
        found["time"] = named["time"]
    rest = [name for name in columns if name not in (*found.values(), *times)]
    texts = [name for name in rest if _is_text(held.get(name, []))]
    if named.get("text") in texts or (not texts and "text" in named):
        found["text"] = named["text"]
    elif texts:
        found["text"] = max(texts, key=lambda name: _length(held[name]))
    rest = [name for name in rest if name != found.get("text")]
    if "role" not in found and (speaker := speaker_of(columns, rows, found)):
        found["role"] = speaker
    repeated = [
        name for name in rest if name != found.get("role") and _come_back(held.get(name, []))
    ]
    if "category" in named:
        found["category"] = named["category"]
    elif repeated:
        found["category"] = repeated[0]
    return found


def speaker_of(columns: Sequence[str], rows: Rows, fields: Mapping[str, str]) -> str | None:
    """Return the column that says who wrote the texts, if there is one.

    Args:
        columns: The names of the columns.
        rows: The first rows, by column.
        fields: The columns of the fields that are known; that of the text decides.
    """
    text = fields.get("text", "")
    others = [name for name in columns if name not in fields.values()]
    held = {name: [str(row.get(name) or "").strip() for row in rows] for name in others}
    for name in others:
        values = {value.casefold() for value in held[name] if value}
        if values and values <= ROLES and values - USERS:
            return name
    lower = {name.lower(): name for name in reversed(others)}
    called = (f"{name}{of}" for name in SPEAKERS for of in ("", *_NAMES))
    named = next((lower[name] for name in called if name in lower), None)
    if named and are_said(text, rows):
        return named
    if not are_said(text, rows) or "time" not in fields:
        return None
    chatty = (name for name in others if name.lower() not in USUAL["category"])
    return next((name for name in chatty if _are_people(held[name])), None)


def are_said(column: str, rows: Rows) -> bool:
    """Whether the texts of a column are what somebody said, and no names of things."""
    if column.lower() in SAID:
        return True
    texts = [str(row.get(column) or "")[:_LOOKED_AT] for row in rows]
    return bool(texts) and fmean([bool(_SENTENCE.search(value)) for value in texts]) > 0.5


def _are_times(name: str, values: Sequence[str]) -> bool:
    if not values:
        return False
    if all(_SECONDS.fullmatch(value) or _DAY.fullmatch(value) for value in values):
        return not name.lower().endswith("id")
    return sum(map(is_time, values)) >= 0.9 * len(values)


def _is_text(values: Sequence[str]) -> bool:
    """Whether most are words, and neither numbers, times, ids nor addresses."""
    first = [value[:_LOOKED_AT] for value in values]
    words = [value for value in first if not (_NO_WORDS.fullmatch(value) or is_value(value))]
    return bool(values) and len(words) > len(values) / 2


def _length(values: Sequence[str]) -> float:
    """Return how long the texts are, those that come back counted once."""
    return fmean(min(len(value), _LOOKED_AT) for value in values) * len({*values}) / len(values)


def _come_back(values: Sequence[str]) -> bool:
    """Whether they are few short words that come again and again."""
    few = 0 < len({*values}) <= min(50, len(values) / 2)
    return few and _is_text(values) and 3 <= fmean(map(len, values)) <= 40


def _are_people(values: Sequence[str]) -> bool:
    """Whether they are the names of two to twenty people who write in turns."""
    there = [value for value in values if value]
    people = len({*there})
    if (
        not 2 <= people <= MOST_PEOPLE
        or len(there) < max(4, 2 * people)
        or len(there) < len(values)
    ):
        return False
    turns = sum(before != after for before, after in pairwise(there))
    return turns * 3 >= len(there) and all(
        value[:1].isupper() or not value[:1].islower() for value in there
    )
