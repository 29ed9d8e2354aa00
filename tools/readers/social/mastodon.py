"""Mastodon's archive: `outbox.json`, in the words of ActivityPub; boosts are somebody else's."""

import html
import re
from collections.abc import Mapping, Sequence
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

_BREAK = re.compile(r"<br\s*/?>|</p>\s*<p>|</li>")
_TAG = re.compile(r"<[^<>]{0,5000}>")
_MENTIONS = re.compile(r"\A(?:@[\w.-]+(?:@[\w.-]+)?\s+)+")


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    for found in each_file(files, lambda file: objects(file, "orderedItems")):
        if isinstance(found, Refused):
            yield found
        else:
            yield _entry(found[1], found[0], reading)


def _entry(activity: Mapping[str, Any], where: Refused, reading: Reading) -> Entry:
    if activity.get("type") == "Announce":
        return Skipped("boosts of others")
    post = dict_in(activity.get("object"))
    if activity.get("type") != "Create" or not post:
        return Skipped()
    warning = text_in(post.get("summary"))
    answers = post.get("inReplyTo")
    words = _plain(text_in(post.get("content")))
    choices = [
        text_in(option.get("name"))
        for option in [*dicts_in(post.get("oneOf")), *dicts_in(post.get("anyOf"))]
    ]
    if answers:
        words = _MENTIONS.sub("", words)
    text = "\n".join(filter(None, (warning, words, *choices)))
    if not text:
        return Skipped("posts without words")
    fields = {
        "text": text,
        "time": post.get("published") or activity.get("published"),
        "category": "replies" if answers else None,
        "source": reading.source or "posts",
        "kind": "said",
    }
    if id_ := text_in(post.get("id")):
        fields["id"] = id_[:200]
    return item(fields, where, reading)


def _plain(markup: str) -> str:
    return html.unescape(_TAG.sub("", _BREAK.sub("\n", markup))).strip()


def _recognises(head: Head) -> bool:
    box = dict_in(head.json)
    return box.get("type") == "OrderedCollection" and any(
        activity.get("type") in ("Create", "Announce")
        for activity in dicts_in(box.get("orderedItems"))
    )


READER = Reader(
    format="mastodon",
    title="Mastodon archive",
    obtain="In Mastodon: Preferences, Import and export, Data export, Request your archive; the "
    "archive as it is.",
    read=_read,
    recognises=_recognises,
)
