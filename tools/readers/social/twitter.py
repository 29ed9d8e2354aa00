"""X's (Twitter's) archive: the scripts in its `data` folder, together or a single one.

Only what the user wrote and did: posts, long posts, replies, likes, searches, direct messages and
talks with Grok. What they reposted is somebody else's words.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
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
from guided_profile.tools.readers.social.twitter_posts import said, shown, tweet
from guided_profile.tools.readers.sums import LIMIT

_WRITTEN = ("tweet", "communityTweet")
_KINDS = (*_WRITTEN, "noteTweet", "like", "dmConversation", "grokChatItem", "savedSearch")


def _read(files: Sequence[ExportFile], reading: Reading) -> Entries:
    me = (reading.me or "").removeprefix("@")
    account: dict[str, Any] = {}
    long: list[str] = []
    for found in each_file(files, objects):
        if isinstance(found, tuple):
            account = account or dict_in(found[1].get("account"))
            if note := dict_in(found[1].get("noteTweet")):
                long.append(shown(dict_in(note.get("core")).get("text")))
    own_id = text_in(account.get("accountId")) or me
    likes = 0
    for found in each_file(files, objects):
        if isinstance(found, Refused):
            yield found
            continue
        where, element = found
        kind = next((kind for kind in _KINDS if isinstance(element.get(kind), dict)), "")
        likes += kind == "like"
        if kind == "like" and likes > LIMIT:
            yield Skipped(f"likes beyond the limit of {LIMIT}")  # the latest ones stand first
        elif kind:
            yield from _entries(kind, element[kind], own_id, long, where, reading)
        elif "full_text" in element:  # as it was before 2020
            yield from _entries("tweet", element, own_id, long, where, reading)


def _entries(
    kind: str,
    found: Mapping[str, Any],
    own_id: str,
    long: Sequence[str],
    where: Refused,
    reading: Reading,
) -> Iterator[Entry]:
    if kind in _WRITTEN:
        yield tweet(found, long, where, reading)
    elif kind == "noteTweet":
        text = shown(dict_in(found.get("core")).get("text"))
        yield said(text, "posts", found.get("createdAt"), where, reading)
    elif kind == "like":
        text = shown(found.get("fullText"))
        fields = {"text": f"likes: {text}", "kind": "did", "source": reading.source or "likes"}
        yield item(fields, where, reading) if text else Skipped("likes without words")
    elif kind == "savedSearch":
        yield said(text_in(found.get("query")), "searches", None, where, reading, kind="did")
    elif kind == "grokChatItem":
        sender = text_in(dict_in(found.get("sender")).get("originalName"))
        role = "user" if sender == "USER" else "other"
        text, time = text_in(found.get("message")), found.get("createdAt")
        yield said(text, "grok", time, where, reading, role=role)
    else:
        for number, message in enumerate(dicts_in(found.get("messages")), start=1):
            created = dict_in(message.get("messageCreate"))
            place = replace(where, file=f"{where.file}, conversation {where.line}", line=number)
            yield _direct(created, own_id, place, reading) if created else Skipped()


def _direct(found: Mapping[str, Any], own_id: str, where: Refused, reading: Reading) -> Entry:
    if not own_id:
        reason = "names its sender by an id; give the whole archive, or the user's id with --me"
        return replace(where, reason=reason)
    role = "user" if found.get("senderId") == own_id else "other"
    text = shown(found.get("text"))
    return said(text, "messages", found.get("createdAt"), where, reading, role=role)


_BEGINS = re.compile(r"\A\s*window\.YTD\.(\w+)\.part\d+\s*=\s*\[")
_READ = re.compile(
    r"account|tweets?|communit\w+|note_?tweets?|like|direct_messages?\w*|grok_chat_item|saved_search"
)


def _recognises(head: Head) -> bool:
    begins = _BEGINS.match(head.text)
    return bool(begins and _READ.fullmatch(begins[1]))


READER = Reader(
    format="twitter",
    title="X (Twitter) archive",
    obtain="On x.com: Settings, Your account, Download an archive of your data; the zip as it is, "
    "or its data folder.",
    read=_read,
    recognises=_recognises,
)
