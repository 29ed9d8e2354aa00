"""Instagram's export in JSON: posts, stories, comments, likes, saved posts, searches, follows.

Messages are `messenger`'s. The names of values are in the account's language, so they are known by
their place and form.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
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
)
from guided_profile.tools.readers.heads import Head, head_of
from guided_profile.tools.readers.json_lists import dict_in, dicts_in, objects
from guided_profile.tools.readers.social.meta import entry, labels, mended, owner, time_of
from guided_profile.tools.readers.sums import Sums

_KEYS = {
    "ig_stories": "stories",
    "ig_reels_media": "posts",
    "ig_archived_post_media": "posts",
    "ig_other_media": "posts",
    "text_post_app_text_posts": "posts",
    "comments_reels_comments": "comments",
    "comments_media_comments": "comments",
    "likes_media_likes": "likes",
    "likes_comment_likes": "liked comments",
    "saved_saved_media": "saved",
    "searches_keyword": "searches",
    "searches_user": "searches",
    "searches_hashtag": "searches",
    "relationships_following": "follows",
    "relationships_following_hashtags": "follows",
}
"""The arrays of an object, and what is in each."""
_BY_NAME = {"liked_posts": "likes", "saved_posts": "saved"}
"""Since 2025 some arrays have no name of their own, and what was only viewed looks like what was
liked."""
_OF = {"likes": "posts", "liked comments": "comments", "saved": "posts"}
"""What was liked or saved."""
_ACCOUNT = re.compile(r"[\w.]{1,30}")


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    sums = {"likes": Sums("likes", "liked"), "saved": Sums("saved", "saved")}
    yield from each_file(files, lambda file: _entries(file, sums, reading))
    for kept in sums.values():
        yield from kept.entries(reading)


def _entries(file: ExportFile, sums: Mapping[str, Sums], reading: Reading) -> Entries:
    kind = _kind_of(file)
    for found in objects(file, *_KEYS):
        if isinstance(found, Refused):
            yield found
        else:
            yield from _entry(kind, found[1], found[0], sums, reading)


def _kind_of(file: ExportFile) -> str:
    return _kind(head_of(file)) or "likes"  # of a file alone, the name is not known here


def _entry(
    kind: str,
    element: Mapping[str, Any],
    where: Refused,
    sums: Mapping[str, Sums],
    reading: Reading,
) -> Iterator[Entry]:
    if kind in ("posts", "stories"):
        media = dicts_in(element.get("media")) or [dict(element)]
        titles = [mended(element.get("title")), *(mended(part.get("title")) for part in media)]
        time = time_of(element, "creation_timestamp") or time_of(media[0], "creation_timestamp")
        text = next(filter(None, titles), "")
        yield entry(text, kind, time, where, reading)
    elif kind == "comments":
        yield _comment(element, where, reading)
    elif kind == "searches":
        named = labels(element)
        words = next(filter(None, (mended(value.get("value")) for value in named.values())), "")
        words = words or mended(element.get("title"))
        yield entry(words, "searches", _time(element), where, reading, kind="did")
    elif kind == "follows":
        data = dicts_in(element.get("string_list_data"))
        name = mended(element.get("title")) or next(
            (mended(part.get("value")) for part in data), ""
        )
        text = f"follows {name}" if name else ""
        yield entry(text, kind, _time(element), where, reading, kind="did")
    elif kind in _OF:
        name = mended(element.get("title")) or owner(element)
        values = [mended(value.get("value")) for value in labels(element).values()]
        caption = max((value for value in values if " " in value), key=len, default="")
        text = f"{_OF[kind]} of {name}" + (f": {caption}" if caption else "")
        if name:
            sums["saved" if kind == "saved" else "likes"].add(text, _time(element), where)
        else:
            yield Skipped("likes of nobody who is named")
    else:
        yield Skipped()


def _comment(comment: Mapping[str, Any], where: Refused, reading: Reading) -> Entry:
    values = [mended(value.get("value")) for value in labels(comment).values()]
    words = [value for value in values if value and not value.startswith("http")]
    text = words[0] if words else ""
    if len(words) == 2 and _ACCOUNT.fullmatch(text) and not _ACCOUNT.fullmatch(words[1]):
        text = words[1]  # the account stands first in some languages
    return entry(text, "comments", _time(comment), where, reading)


def _time(element: Mapping[str, Any]) -> Any:
    parts = [*labels(element).values(), *dicts_in(element.get("string_list_data"))]
    times = (time_of(part, "timestamp", "timestamp_value") for part in [element, *parts])
    return next(filter(None, times), None)


def _kind(head: Head) -> str:
    found = head.json
    if isinstance(found, dict):
        return next((kind for key, kind in _KEYS.items() if isinstance(found.get(key), list)), "")
    first = dict_in(found[0]) if isinstance(found, list) and found else {}
    media = dicts_in(first.get("media"))
    if any("creation_timestamp" in post and "uri" in post for post in (first, *media[:1])):
        return "posts"
    values = [dict_in(value) for value in dict_in(first.get("string_map_data")).values()]
    if "media_list_data" in first and any("timestamp" in value for value in values):
        return "comments"
    if isinstance(first.get("label_values"), list) and "fbid" in first:
        stem = head.name.rpartition("/")[2]
        return next((kind for name, kind in _BY_NAME.items() if stem.startswith(name)), "")
    return ""


READER = Reader(
    format="instagram",
    title="Instagram export",
    obtain="In Instagram: Accounts Center, Your information, Export your information, to this "
    "device, format JSON; the zip as it is.",
    read=_read,
    recognises=_kind,
    streamed=False,
)
