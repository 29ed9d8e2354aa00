"""Google's My Activity from a Takeout, as JSON or HTML, in any language.

`MyActivity.json` of Search, YouTube, Gemini and the others, and YouTube's `watch-history` and
`search-history`. The address says what an entry is about, since its words are in the account's
language. Advertisements are left out, and so is the use of apps without a title.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

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
from guided_profile.tools.readers.google.google_entries import Activity, activities
from guided_profile.tools.readers.google.web import Alike, found_at
from guided_profile.tools.readers.heads import Head
from guided_profile.tools.readers.json_lists import dicts_in
from guided_profile.tools.readers.sums import Sums

_ASSISTANTS = ("gemini", "bard")
_ENGLISH = {
    "Searched for ": "searches",
    "Watched ": "watched",
    "Listened to ": "played",
    "Visited ": "visited",
    "Viewed ": "visited",
    "Prompted ": "gemini",
}
"""What titles begin with in English, where too few titles show what all begin with."""
_VERBS = {
    "searches": "searched for",
    "watched": "watched",
    "played": "played",
    "visited": "visited",
}


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    alike: dict[str, Alike] = {}
    answered = False
    for activity in each_file(files, lambda file: activities(file, reading, timed=False)):
        if isinstance(activity, Activity) and (activity.reply or _kind(activity) != "gemini"):
            alike.setdefault(_kind(activity), Alike()).add([activity.title])
            answered |= bool(activity.reply)
    sums = {act: Sums(act, verb) for act, verb in _VERBS.items()}
    skipped: Counter[str] = Counter()
    for activity in each_file(files, lambda file: activities(file, reading)):
        if isinstance(activity, Refused):
            yield activity
            continue
        kind = _kind(activity)
        without = alike.get(kind, Alike()).without(activity.title)
        title = _words(activity.title) or without
        if activity.is_ad:
            skipped["advertisements"] += 1
        elif kind == "gemini" and answered and not activity.reply and title == activity.title:
            skipped["uses of apps"] += 1  # a document was made, or an answer was rated
        elif kind == "gemini":
            yield from _talk(title, activity, reading)
        elif kind in _VERBS:
            found = found_at(activity.url)
            asked = found.words if found and not _words(activity.title) else ""
            # in other languages, a title has words of the app around what was asked
            words = asked if asked and asked in title else title
            shown = ", ".join(filter(None, (words, activity.by)))
            sums[kind].add(shown, activity.time, activity.where, category=activity.product or None)
        else:
            skipped["uses of apps"] += 1
    for act in _VERBS:
        yield from sums[act].entries(reading)
    yield from (Skipped(reason, count) for reason, count in skipped.items())


def _kind(activity: Activity) -> str:
    if activity.reply or any(name in activity.product.casefold() for name in _ASSISTANTS):
        return "gemini"
    found = found_at(activity.url)
    # a title that is its address is a film that is no longer there
    if found is None or not activity.title or activity.url in activity.title:
        return ""
    if found.act == "visited":
        begun = next((begun for begun in _ENGLISH if activity.words.startswith(begun)), "")
        return _ENGLISH.get(begun, "visited")
    return "played" if activity.product == "YouTube Music" else found.act


def _words(title: str) -> str:
    """Return a title without what it begins with in English; empty: it does not."""
    begun = next((begun for begun in _ENGLISH if title.startswith(begun)), "")
    return title.removeprefix(begun) if begun else ""


def _talk(title: str, activity: Activity, reading: Reading) -> Iterator[Entry]:
    fields = {"time": activity.time, "source": reading.source or "gemini", "kind": "said"}
    if title:
        yield item(fields | {"text": title, "role": "user"}, activity.where, reading)
    if activity.reply:
        yield item(fields | {"text": activity.reply, "role": "other"}, activity.where, reading)


def _recognises(head: Head) -> bool:
    if isinstance(head.json, list):
        first = dicts_in(head.json[:3])
        return bool(first) and all(
            {"header", "title", "time"} <= entry.keys() for entry in first[:1]
        )
    return 'class="outer-cell' in head.text and 'class="content-cell' in head.text


READER = Reader(
    format="google-activity",
    title="Google My Activity (Takeout)",
    obtain="On takeout.google.com: choose My Activity and YouTube, and for them JSON; the zip as "
    "it is.",
    read=_read,
    recognises=_recognises,
)
